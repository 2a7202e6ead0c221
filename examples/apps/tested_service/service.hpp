// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/client.hpp>
#include <conats/subscription.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace seats {

namespace asio = boost::asio;

/// Where the service takes its time from. The program gives it the system's clock, a test one that
/// it sets itself.
class time_source {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;

    time_source(std::function<time_point()> clock,
                std::function<asio::awaitable<void>(duration)> waiting)
        : now(std::move(clock)),
          sleep(std::move(waiting)) {}

    std::function<time_point()> now;
    std::function<asio::awaitable<void>(duration)> sleep;
};
[[nodiscard]] time_source system_time();

/// Seats of a theatre. Answers requests whose payload is the customer's name:
///
/// - `seats.hold.<number>`: holds a free seat for two minutes. Error 409: somebody has it.
/// - `seats.confirm.<number>`: it is sold. Error 410: it is not held by this customer (any more).
///
/// Both: 404, there is no such seat; 400, no name. What was held in vain is told to
/// `seats.released`, the number as payload. Runs on the client's executor, one thread.
class seat_service {
public:
    static constexpr std::chrono::minutes hold_time{2};

    seat_service(conats::client nc, unsigned seats, time_source time);
    seat_service(const seat_service&) = delete;
    seat_service& operator=(const seat_service&) = delete;
    ~seat_service();

    /// Waits until the server sends requests; throws where it refuses to.
    asio::awaitable<void> ready() const;
    /// Releases what is held too long; until it is cancelled.
    asio::awaitable<void> run();

private:
    class state;
    std::shared_ptr<state> state_;
    conats::subscription hold_;
    conats::subscription confirm_;
};

} // namespace seats
