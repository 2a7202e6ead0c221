// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>

namespace boost::asio {
class io_context;
} // namespace boost::asio

namespace conats {
inline namespace v0 {

namespace asio = boost::asio;

namespace testing {

/// A clock that a test sets, by which the clients of an `io_context` live: a test of a timeout of
/// 30 s takes no time, and gives the same on any machine.
///
///     asio::io_context context;
///     conats::testing::manual_clock clock(context);
///     asio::co_spawn(context, the_test(), asio::detached);
///     clock.run_for(30s);
///
/// Clients that connect in the context from now on ask it for the time: their timeouts, PINGs and
/// reconnect waits, and the brokers and scripted peers they are connected to in memory. Timers of
/// the program's own do not (see `sleep_for`), nor do fault proxies.
///
/// Lifetime: holds a reference to the context. The context keeps the time when the clock goes;
/// another clock of the same context continues it.
/// Thread safety: none. The context has to be run by this thread alone.
class manual_clock {
public:
    /// What it stands for.
    using clock = std::chrono::steady_clock;
    /// A point of it.
    using time_point = clock::time_point;
    /// A time between two.
    using duration = clock::duration;

    /// Of a context, before clients connect in it.
    explicit manual_clock(asio::io_context& context);

    /// The time it shows.
    [[nodiscard]] time_point now() const;
    /// When something has to happen next; `time_point::max()`: never.
    [[nodiscard]] time_point next_deadline() const;

    /// Lets time pass at once. What is due then is ready to run; handlers see the new time alone,
    /// as after a stall of the whole program.
    void advance(duration d);
    /// Runs handlers until none is ready. Returns how many ran.
    std::size_t run_ready();
    /// Lets time pass from deadline to deadline: runs what is ready, goes on to the next deadline,
    /// and so on until so much has passed. Returns how many handlers ran.
    ///
    /// What comes from elsewhere (sockets, other threads) takes no time of this clock: wait for it
    /// before, if the order matters.
    std::size_t run_for(duration d);
    /// The same until `done` holds, which is asked whenever nothing is ready. False if it does not
    /// within `limit`.
    bool run_until(const std::function<bool()>& done, duration limit);

    /// Waits by the clock of the executor that the calling coroutine runs on, or by the system's
    /// where that has no manual one: for programs that take their waiting from their tests.
    ///
    /// Cancellation: terminal ends it early; as always in Asio, what the coroutine awaits next
    /// throws then.
    [[nodiscard]] static asio::awaitable<void> sleep_for(duration d);

private:
    asio::io_context& context_;
};

} // namespace testing
} // namespace v0
} // namespace conats
