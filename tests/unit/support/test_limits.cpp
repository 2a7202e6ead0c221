// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/later.hpp"
#include "support/saturated_sum.hpp"

#include <conats/time_limit.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
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

TEST_CASE("S88 a time_limit takes any unit and is capped instead of overflowing") {
    const auto capped = [](conats::time_limit t) -> std::chrono::nanoseconds { return t; };
    using std::chrono::hours;
    using std::chrono::nanoseconds;
    using seconds_as_double = std::chrono::duration<double>;
    CHECK(capped(2ms) == 2'000'000ns);
    CHECK(capped(-3h) == -3h);
    CHECK(capped(seconds_as_double(0.5)) == 500ms);
    CHECK(capped(nanoseconds::max()) == nanoseconds::max());
    CHECK(capped(nanoseconds::max() - 1ns) == nanoseconds::max() - 1ns);
    CHECK(capped(std::chrono::microseconds::max()) == nanoseconds::max());
    CHECK(capped(std::chrono::seconds::max()) == nanoseconds::max());
    CHECK(capped(hours::max()) == nanoseconds::max());
    using samples = std::chrono::duration<std::int64_t, std::ratio<1, 44100>>;
    CHECK(capped(samples(44100) * 3600 * 24 * 365) / 1s == 3600 * 24 * 365);
    CHECK(capped(samples::max()) == nanoseconds::max());
    CHECK(capped(hours::min()) == nanoseconds::min());
    CHECK(capped(hours(24 * 365 * 290)) == hours(24 * 365 * 290));
    CHECK(capped(seconds_as_double::max()) == nanoseconds::max());
    CHECK(capped(seconds_as_double(std::numeric_limits<double>::infinity())) == nanoseconds::max());
    CHECK(capped(seconds_as_double(std::numeric_limits<double>::quiet_NaN())) == 0ns);
}
