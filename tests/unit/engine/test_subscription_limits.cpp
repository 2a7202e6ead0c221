// SPDX-License-Identifier: Apache-2.0
#include "engine/subscription_state.hpp"
#include "queue_fixture.hpp"
#include "support/catch.hpp"

#include <memory>
#include <string>

namespace {

using namespace conats;
using test::counting_observer;
using test::feed;
using test::limits;
using test::make_subscription;
using test::take;
using test::take_all;

/// What a commit reported, in words.
std::string report(const impl::commit_result& r) {
    std::string text;
    const auto add = [&](bool applies, const std::string& word) {
        if (applies)
            text += (text.empty() ? "" : ", ") + word;
    };
    add(r.recovered, "recovered");
    add(r.dropped != 0, "dropped " + std::to_string(r.dropped));
    add(r.became_slow, "slow");
    add(r.full, "full");
    add(r.reached_max, "max");
    return text;
}

} // namespace

TEST_CASE("subscription without reached limits gives everything in order") {
    feed reader;
    const auto s = make_subscription();
    CHECK(report(reader.arrive(*s, "a b c")).empty());
    CHECK(report(reader.arrive(*s, "d")).empty());
    CHECK(reader.chunks() == 2);
    CHECK(take_all(*s) == "a b c d");
    CHECK(reader.chunks() == 0);
    CHECK(take(*s) == "-");
}

TEST_CASE("subscription with drop_newest keeps what came first") {
    feed reader;
    const auto s = make_subscription(limits(3));
    CHECK(report(reader.arrive(*s, "a b c")).empty()); // just full
    CHECK(report(reader.arrive(*s, "d e")) == "dropped 2, slow");
    CHECK(take(*s) == "a");
    CHECK(report(reader.arrive(*s, "f g")) == "dropped 1");
    CHECK(take_all(*s) == "b c f");
    CHECK(reader.chunks() == 0);
}

TEST_CASE("subscription with drop_oldest keeps what came last") {
    feed reader;
    const auto s = make_subscription(limits(3, 0, overflow::drop_oldest));
    CHECK(report(reader.arrive(*s, "a b c")).empty());
    CHECK(report(reader.arrive(*s, "d e")) == "dropped 2, slow");
    CHECK(take_all(*s) == "c d e");
    CHECK(report(reader.arrive(*s, "1 2 3 4 5 6 7")) == "recovered, dropped 4, slow");
    CHECK(take_all(*s) == "5 6 7"); // it dropped from within one chunk
    CHECK(reader.chunks() == 0);
}

TEST_CASE("subscription with drop_oldest cannot take back what the consumer moved out") {
    feed reader;
    const auto s = make_subscription(limits(3, 0, overflow::drop_oldest));
    reader.arrive(*s, "a b c");
    CHECK(s->peek()); // moved out "a", though nobody has it yet
    CHECK(report(reader.arrive(*s, "d e")) == "dropped 2, slow");
    CHECK(take_all(*s) == "a d e");

    const auto one = make_subscription(limits(1, 0, overflow::drop_oldest));
    reader.arrive(*one, "a");
    CHECK(one->peek());
    CHECK(report(reader.arrive(*one, "b")) == "dropped 1, slow"); // the newest, for once
    CHECK(take_all(*one) == "a");
    CHECK(reader.chunks() == 0);
}

TEST_CASE("subscription counts 64 bytes beside headers and payload toward its limit") {
    feed reader;
    const std::string p(36, 'x'); // 100 bytes
    const auto s = make_subscription(limits(0, 300));
    CHECK(report(reader.arrive(*s, p + ' ' + p + ' ' + p)).empty());
    CHECK(s->statistics({}).pending_bytes == 300);
    CHECK(report(reader.arrive(*s, "y")) == "dropped 1, slow");

    const auto headers = make_subscription(limits(0, 300));
    CHECK(report(reader.arrive(*headers, "s", "", std::string(200, 'h'), std::string(36, 'x')))
              .empty());
    CHECK(headers->statistics({}).pending_bytes == 300);
    const auto too_large = make_subscription(limits(0, 299));
    CHECK(report(reader.arrive(*too_large, "s", "", std::string(200, 'h'), std::string(36, 'x'))) ==
          "dropped 1, slow");
}

TEST_CASE("subscription drops a message too large for what is left and keeps a smaller one") {
    feed reader;
    const auto s = make_subscription(limits(0, 300));
    CHECK(report(reader.arrive(*s, std::string(100, 'a') + ' ' + std::string(100, 'b') + " c")) ==
          "dropped 1, slow");
    CHECK(take_all(*s) == std::string(100, 'a').append(" c"));
}

TEST_CASE("subscription with drop_oldest drops as many as a large message needs") {
    feed reader;
    const auto s = make_subscription(limits(0, 260, overflow::drop_oldest)); // 65 a letter
    CHECK(report(reader.arrive(*s, "a b c d")).empty());
    CHECK(report(reader.arrive(*s, std::string(90, 'x'))) == "dropped 3, slow"); // 154 bytes
    CHECK(take_all(*s) == "d " + std::string(90, 'x'));
}

TEST_CASE("subscription with wait takes all of a chunk and asks for a pause above its limit") {
    feed reader;
    const auto s = make_subscription(limits(2, 0, overflow::wait));
    CHECK(report(reader.arrive(*s, "a b")).empty());
    CHECK(report(reader.arrive(*s, "c d e")) == "full");
    CHECK(s->statistics({}).pending_messages == 5);
    CHECK(take_all(*s) == "a b c d e");
    CHECK(s->statistics({}).dropped == 0);

    const auto bytes = make_subscription(limits(0, 129, overflow::wait));
    CHECK(report(reader.arrive(*bytes, "a")).empty());
    CHECK(report(reader.arrive(*bytes, "b")) == "full");
}

TEST_CASE("subscription tells once when a quarter of its limit is free again") {
    feed reader;
    const auto observer = std::make_shared<counting_observer>();
    const auto s = make_subscription(limits(8, 0, overflow::wait));
    s->observer = observer;
    CHECK(report(reader.arrive(*s, "1 2 3 4 5 6 7 8 9 10")) == "full");
    CHECK_FALSE(s->has_room_or_watch());
    take_all(*s, 4); // 6 of 8 are left
    CHECK(observer->room == 0);
    take(*s);
    CHECK(observer->room == 1);
    take_all(*s);
    CHECK(observer->room == 1);
}

TEST_CASE("subscription tells of room in bytes as well") {
    feed reader;
    const auto observer = std::make_shared<counting_observer>();
    const auto s = make_subscription(limits(0, 400, overflow::wait)); // 65 a letter
    s->observer = observer;
    CHECK(report(reader.arrive(*s, "a b c d e f g")) == "full");
    CHECK_FALSE(s->has_room_or_watch());
    take_all(*s, 2); // 325 bytes
    CHECK(observer->room == 0);
    take(*s); // 260
    CHECK(observer->room == 1);
}

TEST_CASE("subscription with one place tells of room when it is empty") {
    feed reader;
    const auto observer = std::make_shared<counting_observer>();
    const auto s = make_subscription(limits(1, 0, overflow::wait));
    s->observer = observer;
    CHECK(report(reader.arrive(*s, "a b")) == "full");
    CHECK_FALSE(s->has_room_or_watch());
    take(*s);
    CHECK(observer->room == 0);
    take(*s);
    CHECK(observer->room == 1);
}

TEST_CASE("subscription whose room is seen by the reader itself tells nothing") {
    feed reader;
    const auto observer = std::make_shared<counting_observer>();
    const auto s = make_subscription(limits(2, 0, overflow::wait));
    s->observer = observer;
    CHECK(report(reader.arrive(*s, "a b c")) == "full");
    take_all(*s, 1);
    CHECK_FALSE(s->has_room_or_watch()); // 2 of 2
    CHECK_FALSE(s->has_room_or_watch());
    take_all(*s, 1);
    CHECK(observer->room == 1);
    CHECK(s->has_room_or_watch());
    take_all(*s);
    CHECK(observer->room == 1);
}

TEST_CASE("subscription that ends in a pause lets reading go on at once") {
    feed reader;
    for (const bool discard : {true, false}) {
        CAPTURE(discard);
        const auto observer = std::make_shared<counting_observer>();
        const auto s = make_subscription(limits(1, 0, overflow::wait));
        s->observer = observer;
        CHECK(report(reader.arrive(*s, "a b")) == "full");
        CHECK_FALSE(s->has_room_or_watch());
        s->end(errc::unsubscribed, discard);
        CHECK(observer->room == 1);
        CHECK(s->has_room_or_watch());
        take_all(*s);
        CHECK(observer->room == 1);
    }
}

TEST_CASE("subscription whose pause was too long drops until its consumer has caught up") {
    feed reader;
    const auto observer = std::make_shared<counting_observer>();
    const auto s = make_subscription(limits(4, 0, overflow::wait));
    s->observer = observer;
    CHECK(report(reader.arrive(*s, "a b c d e")) == "full");
    CHECK_FALSE(s->has_room_or_watch());
    s->give_up_pause();
    CHECK(s->has_room_or_watch()); // read on
    CHECK(report(reader.arrive(*s, "f g")) == "dropped 2, slow");
    take_all(*s, 4);
    CHECK(observer->room == 0); // nobody waits for it any more
    CHECK(report(reader.arrive(*s, "h")) == "recovered");
    CHECK(take_all(*s) == "e h");
    CHECK(report(reader.arrive(*s, "1 2 3 4 5")) == "full"); // it pauses again
}

TEST_CASE("S83 subscription with small limits is slow once in each episode") {
    feed reader;
    // One message; or bytes for one (64 are counted beside each payload), so that two are too many.
    for (const auto& l : {limits(1, 0), limits(0, 100)}) {
        const auto s = make_subscription(l);
        for (int episode = 0; episode != 3; ++episode) {
            CHECK(report(reader.arrive(*s, "a b c")) ==
                  (episode == 0 ? "dropped 2, slow" : "recovered, dropped 2, slow"));
            CHECK(report(reader.arrive(*s, "d")) == "dropped 1");
            CHECK(s->is_slow());
            CHECK(take_all(*s) == "a");
        }
        CHECK(report(reader.arrive(*s, "e")) == "recovered");
        CHECK_FALSE(s->is_slow());
    }
}

TEST_CASE("S83 messages too large for the whole queue are one episode") {
    feed reader;
    const auto s = make_subscription(limits(0, 10));
    CHECK(report(reader.arrive(*s, "a")) == "dropped 1, slow");
    CHECK(report(reader.arrive(*s, "b")) == "dropped 1");
    CHECK(report(reader.arrive(*s, "c")) == "dropped 1");
}

TEST_CASE("subscription with room for one message pauses again after a pause that was too long") {
    feed reader;
    for (const auto& l : {limits(1, 0, overflow::wait), limits(0, 100, overflow::wait)}) {
        const auto s = make_subscription(l);
        CHECK(report(reader.arrive(*s, "a b")) == "full");
        CHECK_FALSE(s->has_room_or_watch());
        s->give_up_pause();
        CHECK(report(reader.arrive(*s, "c")) == "dropped 1, slow");
        CHECK(take_all(*s) == "a b");
        CHECK(report(reader.arrive(*s, "d")) == "recovered");
        CHECK(take_all(*s) == "d");
        CHECK(report(reader.arrive(*s, "e f")) == "full");
    }
}

TEST_CASE("subscription that catches up just after the pause drops nothing and pauses again") {
    feed reader;
    const auto s = make_subscription(limits(4, 0, overflow::wait));
    CHECK(report(reader.arrive(*s, "a b c d e")) == "full");
    CHECK_FALSE(s->has_room_or_watch());
    s->give_up_pause();
    CHECK(take_all(*s) == "a b c d e");
    CHECK(report(reader.arrive(*s, "f")).empty()); // there was no episode to recover from
    CHECK(report(reader.arrive(*s, "1 2 3 4 5")) == "full");
}

TEST_CASE("subscription reports a slow episode once, and its end at half the limit") {
    feed reader;
    const auto s = make_subscription(limits(4));
    CHECK(report(reader.arrive(*s, "1 2 3 4 5")) == "dropped 1, slow");
    CHECK(report(reader.arrive(*s, "6")) == "dropped 1");
    take(*s);
    CHECK(report(reader.arrive(*s, "7")).empty()); // it fits, but nothing has changed much
    CHECK(report(reader.arrive(*s, "8")) == "dropped 1");
    take_all(*s, 2);
    CHECK(report(reader.arrive(*s, "9")).empty()); // 3 of 4
    take_all(*s, 2);
    CHECK(report(reader.arrive(*s, "10")) == "recovered"); // 2 of 4
    CHECK(report(reader.arrive(*s, "11 12 13")) == "dropped 1, slow");
    CHECK(s->statistics({}).dropped == 4);
}

TEST_CASE("subscription reports that a burst ends one episode and begins the next") {
    feed reader;
    const auto s = make_subscription(limits(4));
    CHECK(report(reader.arrive(*s, "1 2 3 4 5")) == "dropped 1, slow");
    take_all(*s, 3);
    CHECK(report(reader.arrive(*s, "6 7 8 9")) == "recovered, dropped 1, slow"); // as one by one
    take_all(*s, 2);
    CHECK(report(reader.arrive(*s, "10 11 12")) == "dropped 1"); // the first makes 3 of 4
}

TEST_CASE("subscription ends an episode of bytes at half of them") {
    feed reader;
    const auto s = make_subscription(limits(0, 260)); // 65 a letter
    CHECK(report(reader.arrive(*s, "a b c d e")) == "dropped 1, slow");
    take_all(*s, 2);
    CHECK(report(reader.arrive(*s, "f")).empty());
    take_all(*s, 2);
    CHECK(report(reader.arrive(*s, "g")) == "recovered");
}

TEST_CASE("subscription with new limits keeps what it has and judges what comes") {
    feed reader;
    const auto s = make_subscription(limits(4));
    reader.arrive(*s, "a b c d");
    s->set_limits(2, 0);
    CHECK(report(reader.arrive(*s, "e")) == "dropped 1, slow");
    CHECK(take_all(*s, 3) == "a b c");
    CHECK(report(reader.arrive(*s, "f g")) == "dropped 1");
    CHECK(take_all(*s) == "d f");
    s->set_limits(0, 0); // without limit
    CHECK(report(reader.arrive(*s, 2'000)) == "recovered" /* unlimited is never half full */);
    s->set_limits(0, 64);
    CHECK(report(reader.arrive(*s, "x")) == "dropped 1, slow");
}

TEST_CASE("subscription of limited length takes its last message and no more") {
    feed reader;
    const auto s = make_subscription();
    CHECK_FALSE(s->limit_messages(3));
    CHECK(report(reader.arrive(*s, "a b")).empty());
    CHECK(report(reader.arrive(*s, "c d e")) == "max");
    CHECK(take_all(*s) == "a b c");
    CHECK(s->statistics({}).dropped == 0); // nobody asked for "d"
    CHECK(reader.chunks() == 0);
}

TEST_CASE("subscription of limited length may reach it in one chunk, exactly") {
    feed reader;
    const auto s = make_subscription();
    s->limit_messages(3);
    CHECK(report(reader.arrive(*s, "a b c")) == "max");
    CHECK(take_all(*s) == "a b c");
}

TEST_CASE("subscription of limited length counts from its start, dropped messages too") {
    feed reader;
    const auto s = make_subscription(limits(1));
    CHECK(report(reader.arrive(*s, "a b")) == "dropped 1, slow");
    CHECK_FALSE(s->limit_messages(3));
    CHECK(s->limit_messages(2)); // it has got them
    CHECK(s->limit_messages(1));
    CHECK_FALSE(s->limit_messages(3)); // a later word counts
    CHECK(report(reader.arrive(*s, "c")) == "dropped 1, max");
    CHECK_FALSE(make_subscription()->limit_messages(1));
}

TEST_CASE("subscription of limited length may become an unlimited one") {
    feed reader;
    const auto s = make_subscription();
    s->limit_messages(1);
    CHECK_FALSE(s->limit_messages(0));
    CHECK(report(reader.arrive(*s, "a b")).empty());
    CHECK(take_all(*s) == "a b");
}

TEST_CASE("subscription counts what it delivered, dropped and holds, and the most it held") {
    feed reader;
    const auto s = make_subscription(limits(5));
    reader.arrive(*s, "a b c d e f g");
    take_all(*s, 3);
    auto now = s->statistics({});
    CHECK(now.delivered == 3);
    CHECK(now.dropped == 2);
    CHECK(now.pending_messages == 2);
    CHECK(now.pending_bytes == 2 * 65);
    CHECK(now.max_pending_messages == 5);
    CHECK(now.max_pending_bytes == 5 * 65);

    s->reset_max_pending();
    now = s->statistics({});
    CHECK(now.max_pending_messages == 2);
    CHECK(now.max_pending_bytes == 2 * 65);
    take_all(*s);
    reader.arrive(*s, "h");
    now = s->statistics({});
    CHECK(now.delivered == 5);
    CHECK(now.pending_messages == 1);
    CHECK(now.max_pending_messages == 2);
}

TEST_CASE("subscription with drop_oldest empties nothing for a message that would never fit") {
    feed reader;
    const auto s = make_subscription(limits(0, 260, overflow::drop_oldest)); // 65 a letter
    reader.arrive(*s, "a");
    CHECK(reader.arrive(*s, std::string(300, 'x')).dropped == 1);
    CHECK(s->statistics({}).pending_messages == 1);
}

TEST_CASE("subscription that pauses reading goes on when its limits are raised") {
    feed reader;
    const auto s = make_subscription(limits(1, 0, overflow::wait));
    const auto o = std::make_shared<counting_observer>();
    s->observer = o;
    reader.arrive(*s, "a");
    CHECK_FALSE(s->has_room_or_watch());
    s->set_limits(1, 1000);
    CHECK(o->room == 0);
    s->set_limits(2, 0);
    CHECK(o->room == 1);
    CHECK(s->has_room_or_watch());
}
