// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/export.hpp>
#include <conats/fwd.hpp>
#include <conats/message.hpp>
#include <conats/statistics.hpp>
#include <conats/subscribe_options.hpp>
#include <conats/time_limit.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conats {
inline namespace v0 {

/// Messages of one subject, in the order in which the server sent them.
///
/// Move-only; the destructor unsubscribes, without waiting. It keeps the connection alive
/// until then, or until `release()`.
///
/// A subscription has one consumer at a time: of `next`, `wait`, `try_next`, `next_batch` one
/// call may be under way; a second one while the first waits gets `already_waiting`. Where there
/// is a handler (`client::on`), it is the consumer, and these get `already_waiting`; `try_next`
/// reports nothing and returns none. The others may be called from any thread. Awaitables resume on
/// the caller's executor.
class CONATS_EXPORT subscription {
public:
    /// An empty subscription: its verbs report `closed`.
    subscription() noexcept;
    /// Subscribes without waiting, for constructors and other threads. What is wrong with the
    /// arguments, or the client, is `end_reason()`, and thrown by `ready()`.
    subscription(const client& nc, std::string_view subject,
                 const subscribe_options& options = subscribe_options());
    /// For the library.
    subscription(std::shared_ptr<impl::subscription_state> state,
                 std::shared_ptr<impl::lease> lease) noexcept;
    subscription(subscription&&) noexcept;
    subscription& operator=(subscription&&) noexcept;
    subscription(const subscription&) = delete;
    subscription& operator=(const subscription&) = delete;
    ~subscription();

    /// Waits until the server has processed the subscription (one PING/PONG), at most 10 s. Throws
    /// what `end_reason()` says if it was refused; `timeout`, `closed`, `disconnected`.
    /// Cancellation: stops the waiting alone.
    [[nodiscard]] asio::awaitable<void> ready() const;

    // --- Taking messages

    /// Waits for the next message; empty at the end, when `end_reason()` says why.
    ///
    /// Cancellation: nothing is taken. As an operand of `||` use `wait()`, since `||` throws
    /// the result of the slower operation away.
    /// A connection that is lost and made anew is no end; one that is given up is, with
    /// `disconnected`.
    /// Errors: `already_waiting`; `closed` for an empty subscription.
    [[nodiscard]] asio::awaitable<std::optional<message>> next();
    /// As `next()`, throws `errc::timeout` when nothing has come after `timeout`. Without time, or
    /// less, it looks once, after others on the executor had a turn.
    [[nodiscard]] asio::awaitable<std::optional<message>> next(time_limit timeout);
    /// As `next(timeout)`; errors go to `e` (which must outlive the awaitable) and the result
    /// is empty. A cancellation is thrown all the same.
    [[nodiscard]] asio::awaitable<std::optional<message>> next(time_limit timeout, error& e);
    /// Waits until a message or the end is there and takes nothing. May be an operand of `||`;
    /// call `try_next()` after it.
    [[nodiscard]] asio::awaitable<void> wait();
    /// The next message if there is one. Never waits.
    [[nodiscard]] std::optional<message> try_next();
    /// Waits for at least one message, appends up to `max` of those that are there to `out`
    /// (which must outlive the awaitable) and returns how many; 0 at the end, and at once where
    /// `max` is 0. Cancellation: nothing is taken. Errors: as `next()`.
    [[nodiscard]] asio::awaitable<std::size_t> next_batch(std::vector<message>& out,
                                                          std::size_t max);

    // --- Ending

    /// Stops the server from sending, waits for what it had sent, then ends the subscription
    /// with `errc::drained`: no message is lost. For a handler it returns after the last
    /// message was handled; otherwise when the last message is in the queue.
    /// Cancelling stops the waiting; the drain goes on. Throws `timeout` after the client's
    /// `drain_timeout`, `closed` or `disconnected` if that comes first.
    [[nodiscard]] asio::awaitable<void> drain();
    [[nodiscard]] asio::awaitable<void> drain(error& e);
    /// Ends it now with `errc::unsubscribed`; messages not taken are dropped. Idempotent,
    /// never waits; a running handler finishes and no further one starts.
    void unsubscribe();
    /// Ends it with `max_messages_reached` once it has got `max` messages, counted from its
    /// start; at once if it has. Queued messages are delivered. 0 changes nothing.
    void auto_unsubscribe(std::uint64_t max);
    /// Leaves it running without this handle, which is empty then, until the client closes;
    /// for handlers.
    void release();

    // --- What is known of it

    /// False for an empty or moved-from subscription.
    [[nodiscard]] explicit operator bool() const noexcept { return state_ != nullptr; }
    /// What it is subscribed to; empty for an empty subscription.
    [[nodiscard]] std::string_view subject() const noexcept;
    [[nodiscard]] std::string_view queue_group() const noexcept; ///< its queue group; empty: none
    /// Whether messages may still arrive.
    [[nodiscard]] bool active() const;
    /// Why it ended; no error while it has not.
    [[nodiscard]] error end_reason() const;
    [[nodiscard]] subscription_statistics statistics() const; ///< its counters, taken at once
    /// Starts the maxima of the statistics anew.
    void reset_max_pending();
    /// Replaces the pending limits; 0 means without limit.
    void pending_limits(std::size_t messages, std::size_t bytes);

private:
    std::shared_ptr<impl::subscription_state> state_;
    std::shared_ptr<impl::lease> lease_;
};

} // namespace v0
} // namespace conats
