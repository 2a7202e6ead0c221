// SPDX-License-Identifier: Apache-2.0
#include "engine/turn.hpp"
#include "support/catch.hpp"

#include <chrono>

using conats::impl::turn;
using namespace std::chrono_literals;

namespace {

const turn::clock::time_point turn_start{1h};

/// Messages until the turn is over, each of which takes so long.
int messages_until_over(turn& t, std::chrono::nanoseconds each) {
    auto now = turn_start;
    for (int n = 1;; ++n) {
        now += each;
        if (t.add() && t.is_over(now))
            return n;
    }
}

} // namespace

TEST_CASE("a turn: slow messages end it after 256") {
    turn t;
    CHECK(messages_until_over(t, 1ms) == 256);
    CHECK(messages_until_over(t, 1ms) == 256);
}

TEST_CASE("a turn: fast messages go on until its time is up") {
    turn t;
    const int n = messages_until_over(t, 100ns);
    CHECK(n * 100ns >= turn::span);
    CHECK(n * 100ns <= turn::span + 256 * 100ns);
}

TEST_CASE("a turn: a suspension begins it anew") {
    turn t;
    CHECK_FALSE((t.add(255) && t.is_over(turn_start)));
    t.restart();
    CHECK(messages_until_over(t, 1ms) == 256);
}

TEST_CASE("a turn: a batch counts by its messages") {
    turn t;
    CHECK(t.add(1000));
    CHECK_FALSE(t.is_over(turn_start));
    CHECK(t.add(1000));
    CHECK(t.is_over(turn_start + 1ms));
}
