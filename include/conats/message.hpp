// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/detail/block.hpp>
#include <conats/error.hpp>
#include <conats/export.hpp>
#include <conats/fwd.hpp>
#include <conats/headers.hpp>
#include <conats/payload.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

namespace conats {
inline namespace v0 {

/// The status on a message's version line (`NATS/1.0 503 No Responders`), apart from its
/// headers. Code 0: an ordinary message.
struct message_status {
    int code = 0;                 ///< 503: nobody is subscribed
    std::string_view description; ///< the words behind it, or empty
};

/// A received message. Its views point into the buffer that the socket was read into, which
/// lives as long as any message in it; copying a message copies a reference, moving is free.
///
/// A message kept for long keeps its whole buffer (up to 128 KiB): keep `detach()` instead. It
/// does not keep the connection.
/// Thread safety: distinct objects may be used from any threads, one object as a container.
class CONATS_EXPORT message {
public:
    /// An empty message: no subject, no payload.
    message() noexcept = default;
    /// Takes over the record's reference. For the library.
    explicit message(const impl::record& r) noexcept : record_(r) {}
    message(const message& other) noexcept : record_(other.record_) {
        if (record_.memory)
            impl::add_reference(record_.memory);
    }
    message(message&& other) noexcept : record_(std::exchange(other.record_, impl::record{})) {}
    message& operator=(const message& other) noexcept {
        message(other).swap(*this);
        return *this;
    }
    message& operator=(message&& other) noexcept {
        message(std::move(other)).swap(*this);
        return *this;
    }
    ~message() {
        if (record_.memory)
            impl::release_reference(record_.memory);
    }

    /// Exchanges two messages.
    void swap(message& other) noexcept { std::swap(record_, other.record_); }

    /// False for a default-constructed or moved-from message.
    [[nodiscard]] explicit operator bool() const noexcept { return record_.memory != nullptr; }

    /// The subject it was published to.
    [[nodiscard]] std::string_view subject() const noexcept {
        return {record_.subject(), record_.subject_size};
    }
    /// The subject to answer to; empty: none.
    [[nodiscard]] std::string_view reply() const noexcept {
        return {record_.reply(), record_.reply_size};
    }
    /// The payload as characters.
    [[nodiscard]] std::string_view text() const noexcept {
        return {record_.payload(), record_.payload_size};
    }
    /// The payload as bytes.
    [[nodiscard]] std::span<const std::byte> payload() const noexcept;
    /// The headers, parsed in place as they are used. Empty if there are none or if the block
    /// is malformed (which raises an event).
    [[nodiscard]] headers_view headers() const noexcept;
    /// The status of the version line.
    [[nodiscard]] message_status status() const noexcept;

    /// Publishes `payload` to this message's reply subject, with the contract of
    /// `client::publish`; headers go into the options, those of an error reply too. Error
    /// `no_reply_subject` where there is none, `closed` for an empty message and after the client
    /// has closed.
    [[nodiscard]] asio::awaitable<void> respond(payload_view payload) const;
    [[nodiscard]] asio::awaitable<void> respond(payload_view payload,
                                                const publish_options& options) const;
    [[nodiscard]] asio::awaitable<void> respond(owned_payload payload) const;
    [[nodiscard]] asio::awaitable<void> respond(owned_payload payload,
                                                const publish_options& options) const;
    [[nodiscard]] asio::awaitable<void> respond(payload_view payload, error& e) const;
    [[nodiscard]] asio::awaitable<void> respond(payload_view payload,
                                                const publish_options& options, error& e) const;
    /// As `client::try_publish` to the reply subject.
    error try_respond(payload_view payload) const;
    error try_respond(payload_view payload, const publish_options& options) const;
    error try_respond(owned_payload payload) const;
    error try_respond(owned_payload payload, const publish_options& options) const;

    /// A copy in memory of its own size, for keeping. It can still `respond`.
    [[nodiscard]] message detach() const;

private:
    friend struct impl::record_access;

    impl::record record_;
};

} // namespace v0
} // namespace conats
