// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/later.hpp"
#include "support/saturated_sum.hpp"

#include <chrono>
#include <cstddef>
#include <limits>

using namespace conats::impl;
using namespace std::chrono_literals;

TEST_CASE("later: now, then, or never") {
    using time_point = std::chrono::steady_clock::time_point;
    const time_point now{100s};
    CHECK(later(now, 5ns) == now + 5ns);
    CHECK(later(now, 0ns) == now);
    CHECK(later(now, -1ns) == now);
    CHECK(later(now, std::chrono::nanoseconds::min()) == now);
    CHECK(later(now, std::chrono::nanoseconds::max()) == time_point::max() - 1ns);
}

TEST_CASE("saturated_sum ends at the largest size") {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    CHECK(saturated_sum(1, 2) == 3);
    CHECK(saturated_sum(most - 1, 1) == most);
    CHECK(saturated_sum(most, 1) == most);
    CHECK(saturated_sum(2, most) == most);
}
