// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/allocation_counter.hpp"

#include <conats/conats.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace conats::test {

namespace asio = boost::asio;

/// What an operation and what surrounds it share; outlives the coroutines.
struct scene {
    asio::io_context context{1};
    std::string url;
    conats::client client;
    conats::subscription subscription; ///< of "in", made by the preparation
    conats::subscription handler;      ///< answers "echo", likewise
    std::uint64_t nth = 0;             ///< which allocation fails
    std::uint64_t times = 1;
    std::chrono::nanoseconds patience{}; ///< how long to wait for what may have been lost
    int handled = 0;
    bool has_result = false; ///< the operation has returned or thrown
    std::string result;      ///< what it threw

    /// From here on allocations fail.
    void arm() const noexcept { fail_allocation(nth, times); }
};

/// An operation: a coroutine that calls `arm` where it begins.
using operation = std::function<asio::awaitable<void>(scene&)>;

/// Connects the scene's client while memory fails.
asio::awaitable<void> connect_armed(scene& s, connect_options options);

/// How an operation is tried.
class trial {
public:
    /// How many of its allocations have to fail at least, each in a run of its own: of all, and,
    /// under a sanitizer, of those by `operator new`.
    trial(std::uint64_t least, std::uint64_t least_by_new)
        : least_(allocation_counter::available() ? least : least_by_new) {}

    /// How many allocations in a row fail.
    trial& times(std::uint64_t n) {
        times_ = n;
        return *this;
    }
    /// It makes the client itself.
    trial& connects() {
        prepared_ = false;
        return *this;
    }

    [[nodiscard]] std::uint64_t least() const { return least_; }
    [[nodiscard]] std::uint64_t times() const { return times_; }
    [[nodiscard]] bool is_prepared() const { return prepared_; }

private:
    std::uint64_t least_;
    std::uint64_t times_ = 1;
    bool prepared_ = true;
};

/// Runs an operation again and again, each time on a client of its own, and lets its first, second,
/// third ... allocation fail until nothing fails any more; behind the first hundreds some of them,
/// evenly, down to its last one. Each time it must come to an end, the client must work afterwards
/// or be closed with a reason, and no memory may be left.
void fail_everywhere(const std::string& url, const operation& op, const trial& t);

} // namespace conats::test
