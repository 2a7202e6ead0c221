// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/deadline_queue.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <random>
#include <vector>

namespace {

using conats::impl::deadline_node;
using conats::impl::deadline_queue;
using time_point = deadline_node::time_point;

time_point at(int ms) {
    return time_point(std::chrono::milliseconds(ms));
}

/// The same by a plain list.
class reference {
public:
    void add(deadline_node& node) { nodes_.push_back(&node); }
    void remove(deadline_node& node) {
        nodes_.erase(std::find(nodes_.begin(), nodes_.end(), &node));
    }
    [[nodiscard]] time_point next() const {
        time_point earliest = time_point::max();
        for (const auto* node : nodes_) {
            earliest = std::min(earliest, node->at);
        }
        return earliest;
    }
    [[nodiscard]] const std::vector<deadline_node*>& nodes() const { return nodes_; }

private:
    std::vector<deadline_node*> nodes_;
};

} // namespace

TEST_CASE("deadline_queue gives the earliest first") {
    deadline_node a(at(30));
    deadline_node b(at(10));
    deadline_node c(at(20));
    deadline_queue queue;
    queue.add(a);
    queue.add(b);
    queue.add(c);

    CHECK(queue.top() == &b);
    CHECK(queue.next_deadline() == at(10));
    CHECK(queue.pop_due(at(9)) == nullptr);
    CHECK(queue.pop_due(at(25)) == &b);
    CHECK(queue.pop_due(at(25)) == &c);
    CHECK(queue.pop_due(at(25)) == nullptr);
    CHECK_FALSE(b.is_queued());
    CHECK(a.is_queued());
    CHECK(queue.size() == 1);
}

TEST_CASE("deadline_queue that is empty") {
    deadline_queue queue;
    deadline_node idle;

    CHECK(queue.empty());
    CHECK(queue.top() == nullptr);
    CHECK(queue.pop_due(time_point::max()) == nullptr);
    CHECK(queue.next_deadline() == time_point::max());
    queue.remove(idle);
    CHECK(queue.empty());
}

TEST_CASE("deadline_queue takes a removed node again at another time") {
    deadline_node a(at(1));
    deadline_node b(at(2));
    deadline_queue queue;
    queue.add(a);
    queue.add(b);
    queue.remove(a);
    queue.remove(a);
    CHECK(queue.top() == &b);
    queue.add(a, at(3));
    CHECK(queue.pop_due(at(9)) == &b);
    CHECK(queue.pop_due(at(9)) == &a);
}

TEST_CASE("deadline_queue lets its nodes go when it is destroyed") {
    deadline_node a(at(1));
    {
        deadline_queue queue;
        queue.add(a);
    }
    CHECK_FALSE(a.is_queued());
}

TEST_CASE("deadline_queue does as a plain list does, at random") {
    std::mt19937 random(20240611);
    std::deque<deadline_node> nodes(200);
    deadline_queue queue;
    reference expected;
    const auto below = [&](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
    };

    for (int step = 0; step < 20'000; ++step) {
        auto& node = nodes[below(nodes.size())];
        if (!node.is_queued()) {
            // Few distinct times, so that many are equal.
            queue.add(node, at(static_cast<int>(below(50))));
            expected.add(node);
        } else if (below(4) != 0) {
            queue.remove(node);
            expected.remove(node);
        } else if (auto* due = queue.pop_due(at(static_cast<int>(below(50))))) {
            REQUIRE(due->at == expected.next());
            expected.remove(*due);
        }
        REQUIRE(queue.size() == expected.nodes().size());
        REQUIRE(queue.next_deadline() == expected.next());
    }
    while (auto* due = queue.pop_due(time_point::max())) {
        REQUIRE(due->at == expected.next());
        expected.remove(*due);
    }
    CHECK(expected.nodes().empty());
}
