// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/export.hpp>
#include <conats/fwd.hpp>
#include <conats/message.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string_view>

namespace conats {
inline namespace v0 {

/// Why no more replies are gathered.
enum class end_of_replies : std::uint8_t {
    none,         ///< it has not ended
    timeout,      ///< the whole time is over
    stall,        ///< no further reply came in time
    max_messages, ///< as many came as were wanted
    sentinel,     ///< a reply said that it is the last
    status,       ///< a status came in place of a reply: 503, nobody is subscribed to the subject
    closed,       ///< the client was closed
    disconnected, ///< the connection was lost
    refused       ///< the request could not be sent or was not permitted
};

/// The enumerator's name.
CONATS_EXPORT std::string_view to_string(end_of_replies e) noexcept;
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, end_of_replies e);

/// The replies to one request, of `client::request_many`.
///
///     auto replies = nc.request_many("who", "", 500ms);
///     while (auto reply = co_await replies.next())
///         std::cout << reply->text() << '\n';
///
/// Move-only. Destroying it ends it at once: its inbox is unsubscribed, and a `next()` that
/// waits returns. However it ends, the server is told. It keeps the connection alive until then.
/// Thread safety: as a container.
class CONATS_EXPORT reply_stream {
public:
    /// An empty one: `next()` throws `closed`.
    reply_stream() noexcept;
    /// For the library.
    explicit reply_stream(std::shared_ptr<impl::reply_gathering> gathering) noexcept;
    reply_stream(reply_stream&&) noexcept;
    reply_stream& operator=(reply_stream&&) noexcept;
    reply_stream(const reply_stream&) = delete;
    reply_stream& operator=(const reply_stream&) = delete;
    ~reply_stream();

    /// Waits for the next reply; empty at the end, when `end_reason()` says why. Replies that
    /// came before the end are delivered first.
    ///
    /// Executor: resumes on the caller's. Cancellation: nothing is taken, and the gathering goes
    /// on until it ends or the stream is destroyed.
    /// Errors: where the request was refused, why (see `client::request_many`);
    /// `already_waiting` while another call waits.
    [[nodiscard]] asio::awaitable<std::optional<message>> next();
    /// As above; an error goes to `e` (which must outlive the awaitable) and the result is empty.
    [[nodiscard]] asio::awaitable<std::optional<message>> next(error& e);

    /// Why it has ended; `none` until `next()` has returned the end.
    [[nodiscard]] end_of_replies end_reason() const noexcept;
    /// With `refused`, `closed` and `disconnected`: the error; `was_written()` tells whether the
    /// request was sent.
    [[nodiscard]] error failure() const;
    /// With `status`: which; good while the stream lives.
    [[nodiscard]] message_status status() const noexcept;

private:
    std::shared_ptr<impl::reply_gathering> gathering_;
};

} // namespace v0
} // namespace conats
