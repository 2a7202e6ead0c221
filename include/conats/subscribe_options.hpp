// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>
#include <conats/status.hpp>
#include <conats/time_limit.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace conats {
inline namespace v0 {

/// How a subscription behaves. A value; each setter returns `*this`.
class CONATS_EXPORT subscribe_options {
public:
    subscribe_options();
    subscribe_options(const subscribe_options&);
    subscribe_options(subscribe_options&&) noexcept;
    subscribe_options& operator=(const subscribe_options&);
    subscribe_options& operator=(subscribe_options&&) noexcept;
    ~subscribe_options();

    /// Members of one queue group share the messages. Empty (default): no group.
    subscribe_options& queue_group(std::string_view name) {
        queue_group_ = name;
        return *this;
    }
    [[nodiscard]] const std::string& queue_group() const noexcept { return queue_group_; }

    /// How much may wait for the consumer. Bytes count payload, headers and 64 a message. Default
    /// 500 000 messages and 64 MiB; 0 means without limit.
    subscribe_options& pending_limits(std::size_t messages, std::size_t bytes) {
        pending_messages_ = messages;
        pending_bytes_ = bytes;
        return *this;
    }
    /// The limit of messages.
    [[nodiscard]] std::size_t pending_messages() const noexcept { return pending_messages_; }
    /// The limit of bytes.
    [[nodiscard]] std::size_t pending_bytes() const noexcept { return pending_bytes_; }

    /// What happens above the limits; default `overflow::drop_newest`. `overflow::wait` pauses
    /// reading for the whole connection: not for handlers that make requests on it.
    subscribe_options& on_overflow(overflow policy) {
        overflow_ = policy;
        return *this;
    }
    [[nodiscard]] overflow on_overflow() const noexcept { return overflow_; }

    /// With `overflow::wait`: the longest pause, after which the newest messages are dropped.
    /// Default 5 s, below the server's own write deadline of 10 s.
    subscribe_options& max_pause(time_limit t) {
        max_pause_ = t;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds max_pause() const noexcept { return max_pause_; }

    /// End after this many messages, counted from the start; 0 (default): never.
    subscribe_options& max_messages(std::uint64_t n) {
        max_messages_ = n;
        return *this;
    }
    [[nodiscard]] std::uint64_t max_messages() const noexcept { return max_messages_; }

    /// Ends the subscription so long after its start, with `errc::lifetime_reached`.
    ///
    /// These three stop the server from sending, as `unsubscribe` does, but what is queued can
    /// still be taken. They count messages that arrive, whether or not somebody takes them, and
    /// go on while the connection is lost. Default zero: never. Negative: `invalid_argument`.
    subscribe_options& lifetime(time_limit t) {
        lifetime_ = t;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds lifetime() const noexcept { return lifetime_; }
    /// Ends it with `errc::first_message_timeout` if so long after its start none has come.
    subscribe_options& first_message_timeout(time_limit t) {
        first_message_timeout_ = t;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds first_message_timeout() const noexcept {
        return first_message_timeout_;
    }
    /// Ends it with `errc::idle_timeout` if so long after a message no other has come. Counts
    /// from the start until the first, unless `first_message_timeout` bounds that; not while
    /// `overflow::wait` pauses reading.
    subscribe_options& idle_timeout(time_limit t) {
        idle_timeout_ = t;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds idle_timeout() const noexcept { return idle_timeout_; }

    /// `subscribe` returns only after the server has processed the subscription, so that a
    /// refused one is an error there. One round trip. Default: off.
    subscribe_options& confirm(bool on) {
        confirm_ = on;
        return *this;
    }
    [[nodiscard]] bool confirm() const noexcept { return confirm_; }

    /// For handlers that return an awaitable: how many may run at once. Default 1, which keeps
    /// their order; 0 counts as 1.
    subscribe_options& max_concurrent(std::size_t n) {
        max_concurrent_ = n;
        return *this;
    }
    [[nodiscard]] std::size_t max_concurrent() const noexcept { return max_concurrent_; }

    /// Where handlers run. Its context must outlive the subscription. Default: the client's.
    subscribe_options& executor(boost::asio::any_io_executor ex) {
        executor_ = std::move(ex);
        return *this;
    }
    [[nodiscard]] const boost::asio::any_io_executor& executor() const noexcept {
        return executor_;
    }

private:
    std::string queue_group_;
    std::size_t pending_messages_ = 500'000;
    std::size_t pending_bytes_ = std::size_t{64} << 20;
    std::uint64_t max_messages_ = 0;
    std::size_t max_concurrent_ = 1;
    std::chrono::nanoseconds max_pause_ = std::chrono::seconds(5);
    std::chrono::nanoseconds lifetime_{0};
    std::chrono::nanoseconds first_message_timeout_{0};
    std::chrono::nanoseconds idle_timeout_{0};
    boost::asio::any_io_executor executor_;
    overflow overflow_ = overflow::drop_newest;
    bool confirm_ = false;
};

} // namespace v0
} // namespace conats
