// SPDX-License-Identifier: Apache-2.0
#include "engine/random_numbers.hpp"
#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <cstdint>
#include <vector>

namespace {

namespace asio = boost::asio;
using conats::impl::random_numbers;
using conats::impl::repeatable_random;

std::vector<std::uint64_t> first_four(random_numbers numbers) {
    std::vector<std::uint64_t> out(4);
    for (std::uint64_t& n : out)
        n = numbers();
    return out;
}

} // namespace

TEST_CASE("random numbers are the system's unless the context says otherwise") {
    asio::io_context context;
    CHECK(first_four(random_numbers(context.get_executor())) !=
          first_four(random_numbers(context.get_executor())));
}

TEST_CASE("a context with repeatable random numbers gives each connection its own") {
    std::vector<std::vector<std::uint64_t>> runs;
    for (const std::uint64_t seed : {7U, 7U, 8U}) {
        asio::io_context context;
        asio::make_service<repeatable_random>(context, seed);
        const auto first = first_four(random_numbers(context.get_executor()));
        const auto second = first_four(random_numbers(asio::make_strand(context)));
        CHECK(first != second);
        runs.push_back(first);
    }
    CHECK(runs[0] == runs[1]);
    CHECK(runs[0] != runs[2]);
}

TEST_CASE("repeatable random numbers outlive their context") {
    auto context = std::make_unique<asio::io_context>();
    asio::make_service<repeatable_random>(*context, 1U);
    random_numbers numbers(context->get_executor());
    context.reset();
    CHECK(numbers() != numbers());
}
