// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/allocation_counter.hpp"

#include <conats/conats.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

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
    std::uint64_t nth = 0;
    std::uint64_t times = 1;
    int handled = 0;
    bool has_result = false; ///< the operation has returned or thrown
    std::string result;      ///< what it threw

    /// From here on allocations fail.
    void arm() const noexcept { fail_allocation(nth, times); }
};

/// An operation: a coroutine that calls `arm` where it begins.
using operation = std::function<asio::awaitable<void>(scene&)>;

/// Runs an operation again and again, each time on a client of its own, and lets its first, second,
/// third ... allocation fail until nothing fails any more. Each time it must come to an end, the
/// client must work afterwards or be closed with a reason, and no memory may be left.
/// `times`: how many allocations in a row fail.
void fail_everywhere(const std::string& url, const operation& op, std::uint64_t times = 1);

/// As above for one that makes the client itself.
void fail_connecting(const std::string& url, const operation& op);

} // namespace conats::test
