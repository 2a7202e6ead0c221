// SPDX-License-Identifier: Apache-2.0
#include "engine/message_barriers.hpp"
#include "queue_fixture.hpp"
#include "support/catch.hpp"

#include <limits>
#include <random>
#include <set>

namespace {

using namespace conats;
using impl::message_barriers;
using ids = message_barriers::ids;
using test::counting_observer;
using test::feed;
using test::limits;
using test::take;
using test::take_all;

constexpr auto unlimited = std::numeric_limits<std::uint64_t>::max();

/// A subscription and what its connection was told.
struct barrier_scene {
    explicit barrier_scene(const impl::pending_limits& l = {}) : s(test::make_subscription(l)) {
        s->observer = observer;
    }
    [[nodiscard]] ids& handled() const { return observer->handled; }

    feed reader;
    std::shared_ptr<counting_observer> observer = std::make_shared<counting_observer>();
    std::shared_ptr<impl::subscription_state> s;
};

} // namespace

TEST_CASE("C32 barriers: nothing there, nothing to wait for") {
    message_barriers b;
    CHECK_FALSE(b.add(1, 0, true));
    CHECK(b.limit() == unlimited);
    ids reached;
    b.on_return(0, reached);
    CHECK(reached.empty());
}

TEST_CASE("C32 barriers: reached when the consumer comes back, not when it takes") {
    message_barriers b;
    ids reached;
    CHECK(b.add(1, 3, false));
    CHECK(b.add(2, 3, false));
    CHECK(b.add(3, 5, false));
    CHECK(b.contains(2));
    CHECK(b.limit() == 3);
    b.on_return(0, reached);
    b.on_batch(true); // 0, 1, 2
    CHECK(reached.empty());
    b.on_return(3, reached);
    CHECK(reached == ids{1, 2});
    CHECK_FALSE(b.contains(2));
    CHECK(b.limit() == 5);
    b.on_batch(true);
    b.on_return(5, reached);
    b.on_batch(false);
    CHECK(reached == ids{1, 2, 3});
    CHECK_FALSE(b.add(4, 5, true));
}

TEST_CASE("C32 barriers: a consumer at work on its last message is waited for") {
    message_barriers b;
    ids reached;
    b.on_batch(true);
    CHECK(b.add(1, 7, true));
    b.on_return(7, reached);
    CHECK(reached == ids{1});
}

TEST_CASE("C32 barriers: handlers that run at once, and end in any order") {
    message_barriers b;
    ids reached;
    b.on_batch(true);
    const auto first = b.begin_handler();
    const auto second = b.begin_handler();
    b.on_return(2, reached);
    b.on_batch(false);
    CHECK(b.add(1, 2, true)); // behind both
    CHECK(b.add(2, 2, true)); // no other has started since
    b.on_batch(true);
    const auto third = b.begin_handler();
    CHECK(b.add(3, 3, true)); // while the runner is not back
    b.on_return(3, reached);
    b.on_batch(false);
    b.end_handler(third, reached);
    b.end_handler(first, reached);
    CHECK(reached.empty());
    CHECK(b.contains(1));
    b.end_handler(second, reached);
    CHECK(reached == ids{1, 2, 3});
    CHECK_FALSE(b.add(4, 3, true));
}

TEST_CASE("C32 barriers: later handlers that never stop do not hold one up") {
    message_barriers b;
    ids reached;
    auto before = b.begin_handler();
    CHECK(b.add(1, 1, true));
    for (int i = 0; i != 1000; ++i) {
        const auto after = b.begin_handler();
        if (i == 500)
            b.end_handler(before, reached);
        CHECK(reached.size() == (i < 500 ? 0 : 1));
        if (i > 0)
            b.end_handler(after, reached);
    }
}

TEST_CASE("C32 barriers: one that nobody waits for any more is forgotten") {
    message_barriers b;
    ids reached;
    CHECK(b.add(1, 3, false));
    CHECK(b.add(2, 3, false));
    b.drop(1);
    b.on_return(3, reached);
    CHECK(reached == ids{2});
    const auto h = b.begin_handler();
    CHECK(b.add(3, 3, true));
    b.drop(3);
    CHECK_FALSE(b.contains(3));
    b.end_handler(h, reached);
    CHECK(reached == ids{2});
}

TEST_CASE("C32 barriers: all are released at the end") {
    message_barriers b;
    ids reached;
    const auto h = b.begin_handler();
    CHECK(b.add(1, 3, true));
    CHECK(b.add(2, 4, false));
    b.release_all(reached);
    CHECK(std::set<std::uint64_t>(reached.begin(), reached.end()) == std::set<std::uint64_t>{1, 2});
    b.end_handler(h, reached);
    CHECK(reached.size() == 2);
}

TEST_CASE("C32 a subscription tells when those before a barrier are handled, not those behind it") {
    barrier_scene x;
    x.reader.arrive(*x.s, "a b c");
    CHECK(x.s->add_barrier(1));
    x.reader.arrive(*x.s, "d e f"); // would be in the same batch
    CHECK(take_all(*x.s, 3) == "a b c");
    CHECK(x.handled().empty());
    CHECK(take(*x.s) == "d");
    CHECK(x.handled() == ids{1});
    CHECK(x.s->add_barrier(2)); // in the middle of a batch
    CHECK(take_all(*x.s) == "e f");
    CHECK(x.handled() == ids{1, 2});
    CHECK_FALSE(x.s->add_barrier(3)); // it came back and found nothing
}

TEST_CASE("C32 coming back to look is enough") {
    barrier_scene x;
    x.reader.arrive(*x.s, "a");
    CHECK(take(*x.s) == "a");
    CHECK(x.s->add_barrier(1));
    CHECK(x.s->has_barrier(1));
    CHECK_FALSE(x.s->peek());
    CHECK(x.handled() == ids{1});
}

TEST_CASE("C32 dropped messages are not waited for") {
    barrier_scene x(limits(3, 0, overflow::drop_oldest));
    x.reader.arrive(*x.s, "a b c");
    CHECK(x.s->add_barrier(1));
    x.reader.arrive(*x.s, "d e f g h");
    CHECK(take(*x.s) == "f");
    CHECK(x.handled() == ids{1});
    CHECK(take_all(*x.s) == "g h");
}

TEST_CASE("C32 the end releases a barrier, unless a handler is to come back") {
    barrier_scene pull;
    pull.reader.arrive(*pull.s, "a b");
    CHECK(pull.s->add_barrier(1));
    pull.s->end(errc::drained, false);
    CHECK(pull.handled() == ids{1});
    barrier_scene handled;
    handled.s->has_handler = true;
    handled.reader.arrive(*handled.s, "a b");
    CHECK(take(*handled.s) == "a");
    CHECK(handled.s->add_barrier(1));
    handled.s->end(errc::unsubscribed, true);
    CHECK(handled.handled().empty()); // it is at work on "a"
    CHECK_FALSE(handled.s->peek());
    CHECK(handled.handled() == ids{1});
}

TEST_CASE("C32 barriers at random places are reached exactly there") {
    std::mt19937 random(7);
    for (int round = 0; round != 200; ++round) {
        barrier_scene x;
        std::vector<std::uint64_t> behind; // by barrier: messages before it
        std::uint64_t arrived = 0;
        std::uint64_t taken = 0;
        for (int step = 0; step != 100; ++step) {
            switch (random() % 3) {
            case 0: {
                const int n = static_cast<int>(random() % 400);
                x.reader.arrive(*x.s, n);
                arrived += static_cast<std::uint64_t>(n);
                break;
            }
            case 1:
                if (x.s->add_barrier(behind.size()))
                    behind.push_back(arrived);
                break;
            default:
                for (auto n = random() % 500; n != 0; --n) {
                    const bool any = take(*x.s) != "-";
                    for (const std::uint64_t id : x.handled())
                        REQUIRE(behind[id] == taken);
                    x.handled().clear();
                    taken += any ? 1 : 0;
                }
            }
        }
    }
}
