// SPDX-License-Identifier: Apache-2.0
#include "engine/pong_queue.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <random>

namespace {

using conats::impl::ping_kind;
using conats::impl::pong_queue;
using conats::impl::sent_ping;

} // namespace

TEST_CASE("pong_queue pairs PONG n with PING n, whoever sent it") {
    pong_queue queue;
    queue.push(ping_kind::client_drain);
    queue.push(ping_kind::barrier, 7);
    queue.push(ping_kind::keep_alive);
    queue.push(ping_kind::barrier, 8);
    CHECK(queue.size() == 4);
    CHECK(queue.pop() == sent_ping{ping_kind::client_drain, 0});
    CHECK(queue.pop() == sent_ping{ping_kind::barrier, 7});
    CHECK(queue.pop() == sent_ping{ping_kind::keep_alive, 0});
    CHECK(queue.pop() == sent_ping{ping_kind::barrier, 8});
    CHECK(queue.pop() == std::nullopt);
    CHECK(queue.empty());
}

TEST_CASE("pong_queue is empty after a lost connection") {
    pong_queue queue;
    queue.push(ping_kind::barrier, 1);
    queue.clear();
    CHECK(queue.pop() == std::nullopt);
    queue.push(ping_kind::barrier, 2);
    CHECK(queue.pop() == sent_ping{ping_kind::barrier, 2});
}

TEST_CASE("pong_queue keeps its order while it grows and wraps") {
    std::mt19937 random(4711);
    pong_queue queue;
    std::deque<std::uint64_t> expected;
    for (std::uint64_t id = 0; id < 5'000; ++id) {
        if (random() % 5 < 3) {
            queue.push(ping_kind::barrier, id);
            expected.push_back(id);
        } else if (!expected.empty()) {
            REQUIRE(queue.pop() == sent_ping{ping_kind::barrier, expected.front()});
            expected.pop_front();
        }
        REQUIRE(queue.size() == expected.size());
    }
}
