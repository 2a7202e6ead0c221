// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "output.hpp"

#include <conats/client.hpp>
#include <conats/connect_options.hpp>
#include <conats/error.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>

namespace tool {

namespace asio = boost::asio;
using steady_time = std::chrono::steady_clock::time_point;

/// Connects; what fails is a failure with `no_connection`, or `bad_usage` where the options are
/// wrong.
[[nodiscard]] asio::awaitable<conats::client> open_connection(conats::connect_options options);

/// How long a PING and its PONG take, what was sent before included; what fails is a failure.
[[nodiscard]] asio::awaitable<std::chrono::nanoseconds> round_trip(conats::client nc,
                                                                   std::chrono::nanoseconds limit);

/// Where a verb waits for its end; all on one thread.
class ending {
public:
    explicit ending(const asio::any_io_executor& executor);

    /// The first of these counts.
    void reach(int code);
    void reach(std::exception_ptr why);
    [[nodiscard]] bool reached() const { return code_ || why_; }
    /// Returns the code or throws. With a deadline, which may move on, it returns none then.
    [[nodiscard]] asio::awaitable<std::optional<int>> wait(
        std::function<steady_time()> deadline = nullptr);

private:
    asio::steady_timer timer_;
    std::optional<int> code_;
    std::exception_ptr why_;
};

/// Whether the server refused something: its error belongs to no call.
[[nodiscard]] bool is_refusal(const conats::event& e);

/// Says on stderr what an event means to whoever runs the program, if anything.
void tell(const conats::event& e, output& out);

/// What ends the program where the event tells that the client has closed; else none.
[[nodiscard]] std::exception_ptr fault_of_closing(const conats::event& e);

/// Tells on stderr what happens to the connection: lost, made anew, refusals where these are
/// wanted, what is dropped. Reaches the end with a failure where the client closes by itself.
void watch(const conats::client& nc, output& out, const std::shared_ptr<ending>& end,
           bool refusals = true);

} // namespace tool
