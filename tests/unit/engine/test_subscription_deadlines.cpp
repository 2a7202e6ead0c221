// SPDX-License-Identifier: Apache-2.0
#include "engine/subscription_deadlines.hpp"
#include "support/catch.hpp"

#include <string>

using conats::errc;
using conats::impl::subscription_deadlines;
using conats::impl::subscription_times;
using namespace std::chrono_literals;

namespace {

using time_point = subscription_deadlines::time_point;
constexpr errc goes_on{};
constexpr time_point zero{};
constexpr time_point no_deadline = time_point::max();

subscription_times times(std::chrono::nanoseconds lifetime, std::chrono::nanoseconds first,
                         std::chrono::nanoseconds idle) {
    subscription_times t;
    t.lifetime = lifetime;
    t.first_message = first;
    t.idle = idle;
    return t;
}

} // namespace

TEST_CASE("C31 deadlines: none unless asked for") {
    CHECK_FALSE(subscription_times().any());
    subscription_deadlines d{subscription_times()};
    d.start(zero);
    d.on_messages(zero + 1s);
    CHECK(d.next() == no_deadline);
    CHECK(d.check(zero + 1000h) == goes_on);
}

TEST_CASE("C31 deadlines: a lifetime, whatever comes") {
    subscription_deadlines d(times(10s, 0s, 0s));
    d.start(zero + 1s);
    CHECK(d.next() == zero + 11s);
    d.on_messages(zero + 10s);
    CHECK(d.next() == zero + 11s);
    CHECK(d.check(zero + 11s - 1ns) == goes_on);
    CHECK(d.check(zero + 11s) == errc::lifetime_reached);
}

TEST_CASE("C31 deadlines: the first message, and then none") {
    subscription_deadlines late(times(0s, 2s, 0s));
    late.start(zero);
    CHECK(late.check(zero + 2s) == errc::first_message_timeout);
    subscription_deadlines d(times(0s, 2s, 0s));
    d.start(zero);
    d.on_messages(zero + 1s);
    CHECK(d.next() == no_deadline);
    CHECK(d.check(zero + 1000h) == goes_on);
}

TEST_CASE("C31 deadlines: silence counts from the last message, or from the start") {
    subscription_deadlines silent(times(0s, 0s, 2s));
    silent.start(zero + 1s);
    CHECK(silent.next() == zero + 3s);
    CHECK(silent.check(zero + 3s) == errc::idle_timeout);
    subscription_deadlines d(times(0s, 0s, 2s));
    d.start(zero);
    d.on_messages(zero + 1s);
    d.on_messages(zero + 1900ms);
    CHECK(d.check(zero + 2s) == goes_on); // what was armed
    CHECK(d.next() == zero + 3900ms);     // is armed anew
    CHECK(d.check(zero + 3900ms) == errc::idle_timeout);
}

TEST_CASE("C31 deadlines: the first message has its own, shorter or longer than silence") {
    subscription_deadlines d(times(10s, 5s, 1s));
    d.start(zero);
    CHECK(d.next() == zero + 5s);
    CHECK(d.check(zero + 4s) == goes_on);
    CHECK_FALSE(d.on_messages(zero + 4s)); // 5 s as before
    CHECK(d.next() == zero + 5s);
    CHECK(d.check(zero + 5s) == errc::idle_timeout);
    d.on_messages(zero + 9500ms);
    CHECK(d.next() == zero + 10s);
    CHECK(d.check(zero + 10s) == errc::lifetime_reached);
}

TEST_CASE("C31 deadlines: a first message long before its deadline makes that earlier") {
    subscription_deadlines d(times(10s, 10s, 1s));
    d.start(zero);
    CHECK(d.on_messages(zero + 2s));
    CHECK(d.next() == zero + 3s);
    CHECK_FALSE(d.on_messages(zero + 2s));
    CHECK(d.check(zero + 3s) == errc::idle_timeout);
    subscription_deadlines for_ever(times(0s, 1s, 0s));
    for_ever.start(zero);
    CHECK_FALSE(for_ever.on_messages(zero));
}

TEST_CASE("C31 deadlines: a pause of reading is no silence, but the first message is waited for") {
    subscription_deadlines d(times(0s, 5s, 1s));
    d.start(zero);
    d.excuse(zero + 3s);
    CHECK(d.next() == zero + 5s);
    d.on_messages(zero + 3s);
    d.excuse(zero + 4s);
    CHECK(d.check(zero + 4s) == goes_on);
    CHECK(d.next() == zero + 5s);
}

TEST_CASE("C31 deadlines: the longest spans are for ever, negative ones are named") {
    const auto longest = std::chrono::nanoseconds::max();
    subscription_deadlines d(times(longest, longest, longest));
    d.start(zero + 1h);
    CHECK(d.check(zero + 1000h) == goes_on);
    d.on_messages(zero + 1000h);
    CHECK(d.check(zero + 2000h) == goes_on);
    CHECK(times(1s, 1s, 1s).negative() == nullptr);
    CHECK(std::string(times(-1s, 0s, 0s).negative()) == "lifetime");
    CHECK(std::string(times(0s, -1s, 0s).negative()) == "first_message_timeout");
    CHECK(std::string(times(0s, 0s, -1s).negative()) == "idle_timeout");
}
