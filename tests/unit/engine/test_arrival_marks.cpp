// SPDX-License-Identifier: Apache-2.0
#include "engine/arrival_marks.hpp"
#include "queue_fixture.hpp"
#include "support/catch.hpp"

#include <cstdint>

using conats::impl::arrival_marks;
using namespace conats::test;
using namespace std::chrono_literals;

namespace {

constexpr arrival_marks::time_point first_mark{1000s};

arrival_marks::time_point second(std::uint64_t n) {
    return first_mark + std::chrono::seconds(n);
}

} // namespace

TEST_CASE("L12 arrival marks: each burst has its own time") {
    arrival_marks marks;
    marks.add(0, second(0), 0);
    marks.add(5, second(1), 0); // none of the first five was taken
    marks.add(6, second(2), 3);
    CHECK(marks.at(0) == second(0));
    CHECK(marks.at(4) == second(0));
    CHECK(marks.at(5) == second(1));
    CHECK(marks.at(6) == second(2));
    CHECK(marks.at(100) == second(2));
    marks.add(9, second(3), 9); // all were taken
    CHECK(marks.size() == 1);
    CHECK(marks.at(9) == second(3));
}

TEST_CASE("L12 arrival marks: what was taken gives its place to what comes") {
    arrival_marks marks;
    for (std::uint64_t i = 0; i != 1000; ++i)
        marks.add(i, second(i), i < 10 ? 0 : i - 10); // always ten wait
    CHECK(marks.size() <= arrival_marks::kept);
    for (std::uint64_t i = 990; i != 1000; ++i)
        CHECK(marks.at(i) == second(i));
}

TEST_CASE("L12 arrival marks: in a long queue an age is never too low, and little too high") {
    arrival_marks marks;
    for (std::uint64_t i = 0; i != 10'000; ++i) {
        marks.add(i, second(i), 0); // nobody takes any
        REQUIRE(marks.size() <= arrival_marks::kept);
        CHECK(marks.at(0) == first_mark); // the oldest is exact while it is the first of its burst
    }
    for (std::uint64_t i = 0; i != 10'000; ++i) {
        REQUIRE(marks.at(i) <= second(i));
        REQUIRE(second(i) - marks.at(i) <= 10'000s / 7);
    }
}

TEST_CASE("L02 L12 a queue tells the age of the oldest message that was not taken") {
    feed f;
    const auto s =
        std::make_shared<conats::impl::subscription_state>("s", "", conats::impl::pending_limits{});
    const auto age = [&](std::uint64_t now) { return s->statistics(second(now)).oldest_pending; };
    CHECK(age(0) == 0s);
    f.arrive(*s, "a b", second(1));
    f.arrive(*s, "c", second(3));
    CHECK(age(4) == 3s);
    CHECK(take(*s) == "a"); // moves all three out of the ring: they count until they are taken
    CHECK(age(4) == 3s);
    CHECK(take(*s) == "b");
    CHECK(age(4) == 1s);
    f.arrive(*s, "d", second(5));
    CHECK(age(6) == 3s);
    CHECK(take(*s) == "c");
    CHECK(age(6) == 1s);
    CHECK(take(*s) == "d");
    CHECK(age(6) == 0s);
    f.arrive(*s, "e", second(7));
    CHECK(age(8) == 1s);
    CHECK(age(6) == 0s); // never negative
    s->end(conats::errc::unsubscribed, true);
    CHECK(age(9) == 0s);
}

TEST_CASE("L02 L12 drop-oldest makes the oldest younger") {
    feed f;
    conats::impl::pending_limits limits;
    limits.messages = 2;
    limits.policy = conats::overflow::drop_oldest;
    const auto s = std::make_shared<conats::impl::subscription_state>("s", "", limits);
    f.arrive(*s, "a b", second(1));
    f.arrive(*s, "c", second(3));
    CHECK(s->statistics(second(4)).oldest_pending == 3s);
    f.arrive(*s, "d", second(4));
    CHECK(s->statistics(second(4)).oldest_pending == 1s);
    f.arrive(*s, "e f g", second(5)); // the burst pushes out all that was there, and its own first
    CHECK(s->statistics(second(9)).oldest_pending == 4s);
    CHECK(s->statistics(second(9)).dropped == 5);
}
