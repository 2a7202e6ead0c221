// SPDX-License-Identifier: Apache-2.0
#include "engine/wait_list.hpp"
#include "queue_fixture.hpp"
#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace conats::impl;
using conats::test::sleeper;
using time_point = deadline_node::time_point;
namespace asio = boost::asio;

constexpr time_point at(int ms) {
    return time_point(std::chrono::milliseconds(ms));
}

/// Nodes a, b, c, … and their list in order.
struct nodes {
    wait_node a, b, c;

    [[nodiscard]] std::string in(const wait_list& list) const {
        std::string names;
        const wait_node* previous = nullptr;
        for (const wait_node* n = list.front(); n != nullptr; n = n->next) {
            CHECK(n->previous == previous);
            CHECK(n->list == &list);
            names += n == &a ? 'a' : n == &b ? 'b' : 'c';
            previous = n;
        }
        return names;
    }
};

/// What the connection does when a deadline has passed.
void expire(deadline_queue& timers, time_point now, wait_list& woken) {
    while (deadline_node* due = timers.pop_due(now)) {
        auto& t = static_cast<timed_wait&>(*due);
        if (t.node == nullptr)
            t.consumer->expire(t.ticket);
        else if (t.node->outcome == wake::pending)
            wait_list::take(*t.node, wake::timeout, woken);
    }
}

} // namespace

TEST_CASE("wait_list keeps the order of arrival, wherever one is taken out") {
    const char* const left[] = {"bc", "ac", "ab"};
    for (int out = 0; out != 3; ++out) {
        nodes n;
        wait_list list;
        CHECK(list.empty());
        list.push(n.a);
        list.push(n.b);
        list.push(n.c);
        CHECK(n.in(list) == "abc");
        wait_node& gone = *std::vector<wait_node*>{&n.a, &n.b, &n.c}[static_cast<std::size_t>(out)];
        wait_list::unlink(gone);
        wait_list::unlink(gone); // is in none
        CHECK(n.in(list) == left[out]);
        CHECK(gone.list == nullptr);
        list.push(gone);
        CHECK(n.in(list).back() == (out == 0 ? 'a' : out == 1 ? 'b' : 'c'));
        while (!list.empty())
            wait_list::unlink(*list.front());
    }
}

TEST_CASE("wait_list that moves takes its nodes along") {
    nodes n;
    wait_list list;
    list.push(n.a);
    list.push(n.b);
    wait_list moved(std::move(list));
    CHECK(n.in(moved) == "ab");
    CHECK(list.empty()); // NOLINT(bugprone-use-after-move): it is empty then
    wait_list::unlink(n.a);
    CHECK(n.in(moved) == "b");
    wait_list::unlink(n.b);
    CHECK(moved.empty());
}

TEST_CASE("wait_list resumes those it took, in order, after the lock") {
    asio::io_context context;
    const sleeper first(context);
    const sleeper second(context);
    nodes n;
    n.a.handler = first.handler();
    n.b.handler = second.handler();
    wait_list waiting;
    wait_list woken;
    waiting.push(n.a);
    waiting.push(n.b);
    waiting.take_all(wake::ready, woken);
    CHECK(waiting.empty());
    CHECK(n.in(woken) == "ab");
    CHECK(n.a.outcome == wake::ready);
    CHECK(first.resumed() == 0);
    woken.post_all();
    CHECK(woken.empty());
    CHECK(first.resumed() == 1);
    CHECK(second.resumed() == 1);
}

TEST_CASE("wait_list leaves the outcome with a node that is not parked yet") {
    nodes n;
    wait_list waiting;
    wait_list woken;
    waiting.push(n.a);
    wait_list::take(n.a, wake::ended, woken);
    CHECK(n.a.outcome == wake::ended);
    CHECK(n.a.list == nullptr);
    CHECK(woken.empty()); // there is nothing to post
}

TEST_CASE("wait_list takes one out of the middle and leaves the others waiting") {
    asio::io_context context;
    const sleeper chosen(context);
    const sleeper other(context);
    nodes n;
    n.a.handler = other.handler();
    n.b.handler = chosen.handler();
    wait_list waiting;
    wait_list woken;
    waiting.push(n.a);
    waiting.push(n.b);
    wait_list::take(n.b, wake::cancelled, woken);
    woken.post_all();
    CHECK(chosen.resumed() == 1);
    CHECK(other.resumed() == 0);
    CHECK(n.a.outcome == wake::pending);
    CHECK(n.in(waiting) == "a");
}

TEST_CASE("wait_list may post a node whose frame goes while others are still to come") {
    asio::io_context context;
    const sleeper first(context);
    const sleeper second(context);
    auto gone = std::make_unique<wait_node>();
    wait_node stays;
    gone->handler = first.handler();
    stays.handler = second.handler();
    wait_list woken;
    woken.push(*gone);
    wait_list later;
    later.push(stays);
    woken.post_all();
    CHECK(gone->list == nullptr); // nothing refers to it any more
    gone.reset();
    later.post_all();
    CHECK(first.resumed() == 1);
    CHECK(second.resumed() == 1);
}

TEST_CASE("wait_list that is abandoned destroys those of its own context and resumes the others") {
    asio::io_context dying;
    asio::io_context living;
    const sleeper own(dying);
    const sleeper foreign(living);
    wait_node a;
    wait_node b;
    wait_node c;
    a.handler = own.handler();
    b.handler = foreign.handler();
    c.handler = own.handler();
    wait_list all;
    all.push(a);
    all.push(b);
    all.push(c);
    CHECK(own.parked() == 2);
    all.abandon_all(&dying);
    CHECK(all.empty());
    CHECK(own.parked() == 0);
    CHECK(own.resumed() == 0);
    CHECK(foreign.resumed() == 1);
}

TEST_CASE("deadline of a wait ends it when it passes, and only then") {
    asio::io_context context;
    const sleeper operation(context);
    deadline_queue timers;
    wait_list waiting;
    wait_list woken;
    wait_node n;
    n.handler = operation.handler();
    waiting.push(n);
    timers.add(n.timer, at(10));

    expire(timers, at(9), woken);
    CHECK(n.outcome == wake::pending);
    CHECK(woken.empty());
    expire(timers, at(10), woken);
    CHECK(n.outcome == wake::timeout);
    CHECK(waiting.empty());
    CHECK(timers.empty());
    woken.post_all();
    CHECK(operation.resumed() == 1);
}

TEST_CASE("deadline that passes after the answer changes nothing") {
    asio::io_context context;
    const sleeper operation(context);
    deadline_queue timers;
    wait_list waiting;
    wait_list woken;
    wait_node n;
    n.handler = operation.handler();
    waiting.push(n);
    timers.add(n.timer, at(10));
    wait_list::take(n, wake::ready, woken);

    wait_list late;
    expire(timers, at(10), late); // the timer was still queued
    CHECK(late.empty());
    CHECK(n.outcome == wake::ready);
    woken.post_all();
    CHECK(operation.resumed() == 1);
}

TEST_CASE("deadline that passes before its operation is parked is found when it parks") {
    deadline_queue timers;
    wait_list waiting;
    wait_list woken;
    wait_node n;
    waiting.push(n);
    timers.add(n.timer, at(10));
    expire(timers, at(10), woken);
    CHECK(n.outcome == wake::timeout);
    CHECK(woken.empty());
    CHECK(waiting.empty());
}

TEST_CASE("deadline of a consumer ends the wait it was made for, not the next one") {
    asio::io_context context;
    const sleeper consumer(context);
    deadline_queue timers;
    wait_list woken;
    const auto s = conats::test::make_subscription();
    subscription_state::consumer_wait first;
    s->begin_wait(first);
    timed_wait late(s, first.ticket);
    timers.add(late, at(20));
    s->end_wait(); // it got its message otherwise

    subscription_state::consumer_wait second;
    s->begin_wait(second);
    timed_wait timer(s, second.ticket);
    timers.add(timer, at(30));
    s->park(second, consumer.handler());
    expire(timers, at(20), woken);
    CHECK(consumer.resumed() == 0);
    expire(timers, at(30), woken);
    CHECK(consumer.resumed() == 1);
    CHECK(second.outcome == wake::timeout);
}
