// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"

#include <conats/latency.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <sstream>
#include <type_traits>
#include <vector>

using conats::latency_histogram;
using namespace std::chrono_literals;
using nanoseconds = std::chrono::nanoseconds;

// It cannot allocate.
static_assert(std::is_trivially_copyable_v<latency_histogram>);

TEST_CASE("L03 histogram: all zero where nothing was recorded") {
    const latency_histogram h;
    CHECK(h.count() == 0);
    CHECK(h.min() == 0ns);
    CHECK(h.max() == 0ns);
    CHECK(h.mean() == 0ns);
    CHECK(h.p50() == 0ns);
    CHECK(h.p99() == 0ns);
}

TEST_CASE("L03 histogram: exact for one, for few and for short ones") {
    latency_histogram one;
    one.record(123'456'789ns);
    for (const double part : {-1.0, 0.0, 0.5, 1.0, 7.0, std::nan("")})
        CHECK(one.quantile(part) == 123'456'789ns);
    CHECK(one.mean() == 123'456'789ns);
    latency_histogram h;
    for (int i = 0; i != 32; ++i)
        h.record(nanoseconds(i));
    CHECK(h.quantile(0) == 0ns);
    CHECK(h.p50() == 15ns);
    CHECK(h.quantile(1) == 31ns);
    CHECK(h.mean() == 16ns); // 15.5
    h.record(-5ns);
    CHECK(h.min() == 0ns);
    CHECK(h.count() == 33);
}

TEST_CASE("L03 histogram: every duration has a place, in order, at most 1/32 too high") {
    for (unsigned bit = 0; bit != 63; ++bit) {
        const std::uint64_t power = std::uint64_t{1} << bit;
        for (const std::uint64_t t :
             {power - 1, power, power + 1, power + power / 3, power + power / 2, 2 * power - 1}) {
            latency_histogram h;
            h.record(nanoseconds(static_cast<std::int64_t>(t)));
            h.record(nanoseconds::max()); // so that the maximum does not help
            const auto told = static_cast<std::uint64_t>(h.p50().count());
            CAPTURE(t, told);
            CHECK(told >= t);
            if (t < (std::uint64_t{1} << 40U) - (std::uint64_t{1} << 35U))
                CHECK(told - t <= t / 32);
        }
    }
}

TEST_CASE("L03 histogram: quantiles of many as sorting tells them") {
    std::mt19937_64 random(11);
    std::lognormal_distribution<double> distribution(11.0, 1.5);
    std::vector<std::int64_t> all;
    latency_histogram h;
    latency_histogram other;
    for (int i = 0; i != 20'000; ++i) {
        all.push_back(static_cast<std::int64_t>(distribution(random)));
        (i % 3 == 0 ? other : h).record(nanoseconds(all.back()));
    }
    h += other;
    std::sort(all.begin(), all.end());
    CHECK(h.count() == all.size());
    CHECK(h.min().count() == all.front());
    CHECK(h.max().count() == all.back());
    for (const double part : {0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
        const auto rank = static_cast<std::size_t>(std::ceil(part * 20'000)) - 1;
        const auto exact = static_cast<double>(all[rank]);
        const auto told = static_cast<double>(h.quantile(part).count());
        CAPTURE(part, exact, told);
        CHECK(told >= exact);
        CHECK(told <= exact * (1 + 1.0 / 32));
    }
    CHECK(h.p50() <= h.p95());
    CHECK(h.p95() <= h.p99());
}

TEST_CASE("L03 histogram: the longest do not fall out") {
    latency_histogram h;
    h.record(1us);
    h.record(24h);
    h.record(nanoseconds::max());
    CHECK(h.max() == nanoseconds::max());
    CHECK(h.quantile(1) == nanoseconds::max());
    CHECK(h.count() == 3);
    latency_histogram sum;
    sum += h;
    sum += latency_histogram();
    CHECK(sum.count() == 3);
    CHECK(sum.min() == 1us);
}

TEST_CASE("L03 histogram: prints a line") {
    latency_histogram h;
    h.record(10us);
    h.record(20us);
    std::ostringstream out;
    out << h;
    CHECK(out.str() == "count 2, min 10 us, p50 10 us, p95 20 us, p99 20 us, max 20 us");
}
