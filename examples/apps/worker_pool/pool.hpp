// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/client.hpp>
#include <conats/message.hpp>
#include <conats/subscription.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

namespace worker_pool {

namespace asio = boost::asio;

/// Thrown by a job that no repetition can save.
class bad_job : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Does a job and returns its result. `bad_job` is answered with 400; whatever else it throws is
/// tried again, and answered with 500 in the end.
using job_function = std::function<asio::awaitable<std::string>(const conats::message& job)>;

/// How the pool waits between two attempts; tests have it wait by a clock of theirs.
using sleep_function = std::function<asio::awaitable<void>(std::chrono::steady_clock::duration)>;
[[nodiscard]] asio::awaitable<void> sleep_by_the_system(std::chrono::steady_clock::duration d);

class options {
public:
    options() {} // not an aggregate, for g++ 12

    std::string subject = "jobs";
    std::string queue_group = "workers";
    std::size_t concurrency = 4; ///< jobs at once, at most
    unsigned attempts = 3;
    std::chrono::milliseconds pause{100}; ///< before the second attempt; doubled for each further
};

struct counters {
    std::uint64_t done = 0;
    std::uint64_t refused = 0; ///< bad jobs
    std::uint64_t failed = 0;  ///< in all attempts
    std::uint64_t retries = 0;
    std::uint64_t unanswered =
        0; ///< whose answer could not be sent: no connection, its buffer full
    std::size_t running = 0;
    std::size_t most_running = 0;
};

/// Takes jobs that all members of a queue group share, and answers each. Draining the client (or
/// the pool) finishes every job that has arrived. Runs on the client's executor, one thread.
class pool {
public:
    pool(conats::client nc, job_function job, const options& o,
         sleep_function sleep = sleep_by_the_system);

    /// Waits until the server sends jobs; throws where it refuses to.
    [[nodiscard]] asio::awaitable<void> ready() const { return subscription_.ready(); }
    /// Takes no further job and waits for those that have arrived.
    [[nodiscard]] asio::awaitable<void> drain() { return subscription_.drain(); }

    [[nodiscard]] worker_pool::counters counters() const;
    /// Jobs that were dropped since too many were waiting.
    [[nodiscard]] std::uint64_t dropped() const { return subscription_.statistics().dropped; }

private:
    struct state;
    static asio::awaitable<void> work(std::shared_ptr<state> s, conats::message job);

    std::shared_ptr<state> state_; // lives as long as a job is at work
    conats::subscription subscription_;
};

} // namespace worker_pool
