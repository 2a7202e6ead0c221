// SPDX-License-Identifier: Apache-2.0
#include "engine/ping_tracker.hpp"
#include "support/catch.hpp"

#include <chrono>

namespace {

using namespace std::chrono_literals;
using conats::impl::ping_action;
using conats::impl::ping_tracker;
using time_point = ping_tracker::clock::time_point;

constexpr time_point start(1h);
constexpr auto never = time_point::max();

ping_tracker started(ping_tracker::clock::duration interval, std::uint32_t max_outstanding) {
    ping_tracker tracker(interval, max_outstanding);
    tracker.start(start);
    return tracker;
}

} // namespace

TEST_CASE("ping_tracker sends a PING each interval while they are answered") {
    auto tracker = started(10s, 2);
    for (auto now = start + 10s; now < start + 1min; now += 10s) {
        CHECK(tracker.deadline() == now);
        CHECK(tracker.on_tick(now - 1ns) == ping_action::none);
        CHECK(tracker.on_tick(now) == ping_action::send_ping);
        CHECK(tracker.outstanding() == 1);
        tracker.on_pong();
        CHECK(tracker.outstanding() == 0);
    }
}

TEST_CASE("ping_tracker finds the connection stale by its unanswered PINGs") {
    auto tracker = started(10s, 2);
    CHECK(tracker.on_tick(start + 10s) == ping_action::send_ping);
    CHECK(tracker.on_tick(start + 20s) == ping_action::send_ping);
    CHECK(tracker.on_tick(start + 30s) == ping_action::stale);
    CHECK(tracker.deadline() == never);
    CHECK(tracker.on_tick(start + 40s) == ping_action::none);
}

TEST_CASE("ping_tracker forgives all PINGs before one PONG") {
    auto tracker = started(10s, 2);
    CHECK(tracker.on_tick(start + 10s) == ping_action::send_ping);
    CHECK(tracker.on_tick(start + 20s) == ping_action::send_ping);
    tracker.on_pong();
    CHECK(tracker.on_tick(start + 30s) == ping_action::send_ping);
}

TEST_CASE("ping_tracker gives the server its interval after a late tick") {
    auto tracker = started(10s, 1);
    CHECK(tracker.on_tick(start + 2h) == ping_action::send_ping);
    CHECK(tracker.deadline() == start + 2h + 10s);
}

TEST_CASE("ping_tracker can be off, paused and before its start") {
    CHECK(started(0s, 2).deadline() == never);
    CHECK(started(-1s, 2).deadline() == never);
    CHECK(started(ping_tracker::clock::duration::max(), 2).deadline() == never);
    CHECK(ping_tracker(10s, 2).deadline() == never);

    auto tracker = started(10s, 1);
    CHECK(tracker.on_tick(start + 10s) == ping_action::send_ping);
    tracker.pause();
    CHECK(tracker.on_tick(start + 1h) == ping_action::none);
    tracker.resume(start + 1h);
    CHECK(tracker.outstanding() == 0);
    CHECK(tracker.deadline() == start + 1h + 10s);
}

TEST_CASE("ping_tracker that allows none outstanding is stale at once") {
    auto tracker = started(10s, 0);
    CHECK(tracker.on_tick(start + 10s) == ping_action::stale);
}
