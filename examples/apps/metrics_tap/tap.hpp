// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "latest_values.hpp"

#include <conats/client.hpp>
#include <conats/subscription.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

namespace metrics_tap {

namespace asio = boost::asio;

/// How the tap waits for its next snapshot; tests have it wait by a clock of theirs.
using sleep_function = std::function<asio::awaitable<void>(std::chrono::steady_clock::duration)>;
[[nodiscard]] asio::awaitable<void> sleep_by_the_system(std::chrono::steady_clock::duration d);

class options {
public:
    options() {} // not an aggregate, for g++ 12

    std::string subject = "metrics.>";
    std::chrono::milliseconds interval{1000};
    std::size_t max_subjects = 10'000;
    /// How much may wait to be read. What is more pushes the oldest out: for values that replace
    /// each other the newest are worth most.
    std::size_t pending_messages = 10'000;
    std::size_t pending_bytes = std::size_t{4} * 1024 * 1024;
};

/// Reads numbers from a wildcard subject and tells the latest of each subject at an interval.
/// Runs on one thread.
class tap {
public:
    /// Each snapshot is given to `emit`, a line of JSON without its end.
    tap(const conats::client& nc, const options& o,
        std::function<void(const std::string& snapshot)> emit,
        sleep_function sleep = sleep_by_the_system);

    /// Waits until the server sends messages; throws where it refuses to.
    [[nodiscard]] asio::awaitable<void> ready() const { return subscription_.ready(); }
    /// Works until the subscription ends, by `client::drain` for one; its last snapshot has all
    /// that came before.
    asio::awaitable<void> run();
    /// Why the subscription ended.
    [[nodiscard]] conats::error end_reason() const { return subscription_.end_reason(); }

private:
    asio::awaitable<void> read_all();
    asio::awaitable<void> tell_at_intervals();
    void tell();

    options options_;
    std::function<void(const std::string&)> emit_;
    sleep_function sleep_;
    latest_values values_;
    conats::subscription subscription_;
};

} // namespace metrics_tap
