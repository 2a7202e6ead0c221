// SPDX-License-Identifier: Apache-2.0
#include "engine/subscription_state.hpp"
#include "queue_fixture.hpp"
#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace {

using namespace conats;
using impl::subscription_state;
using impl::wake;
using test::feed;
using test::limits;
using test::make_subscription;
using test::sleeper;
using test::take;
using test::take_all;
using consumer_wait = subscription_state::consumer_wait;
namespace asio = boost::asio;

std::string numbers(int from, int to) {
    std::string text;
    for (int i = from; i != to; ++i)
        text += (text.empty() ? "" : " ") + std::to_string(i);
    return text;
}

/// A subscription, who feeds it, and its consumer, asleep where the test says.
struct consumer_scene {
    explicit consumer_scene(const impl::pending_limits& l = {}) : s(make_subscription(l)) {}

    void sleep() {
        REQUIRE(s->begin_wait(wait));
        s->park(wait, consumer.handler());
    }

    asio::io_context context;
    sleeper consumer{context};
    feed reader;
    std::shared_ptr<subscription_state> s;
    consumer_wait wait;
};

} // namespace

TEST_CASE("subscription that is idle is small, and gets its queue with the first message") {
    CHECK(sizeof(subscription_state) <= 200); // there may be millions
    asio::io_context context;
    const sleeper consumer(context);
    feed reader;
    const auto s = make_subscription();
    consumer_wait wait;
    CHECK(take(*s) == "-");
    CHECK_FALSE(s->peek());
    CHECK_FALSE(s->at_end());
    CHECK_FALSE(s->add_barrier(1));
    CHECK(s->begin_wait(wait));
    s->park(wait, consumer.handler());
    CHECK(s->statistics({}).pending_messages == 0);
    CHECK(s->messages_left() == 0);
    CHECK(s->queue() == nullptr);

    reader.arrive(*s, "a").consumer.post();
    CHECK(consumer.resumed() == 1);
    s->end_wait();
    CHECK(s->queue() != nullptr);
    CHECK(take_all(*s) == "a");
}

TEST_CASE("subscription that got nothing ends without a queue") {
    for (const bool discard : {true, false}) {
        const auto s = make_subscription();
        s->end(errc::closed, discard);
        CHECK(s->at_end());
        CHECK(s->finished());
        CHECK(take(*s) == "-");
        CHECK(s->queue() == nullptr);
    }
}

TEST_CASE("subscription counts records moved out as pending until they are taken") {
    feed reader;
    const auto s = make_subscription();
    reader.arrive(*s, 600);
    CHECK(s->peek());
    CHECK(s->statistics({}).pending_messages == 600);
    CHECK(take(*s) == "0");
    CHECK(s->statistics({}).pending_messages == 599);
    CHECK(take_all(*s) == numbers(1, 600)); // across three batches
    CHECK(s->statistics({}).pending_messages == 0);
    CHECK(s->statistics({}).pending_bytes == 0);
}

TEST_CASE("subscription moves out at most 256 records at a time") {
    feed reader;
    const auto s = make_subscription(limits(8192, 0, overflow::drop_oldest));
    reader.arrive(*s, 8192);
    CHECK(s->peek());
    CHECK(reader.arrive(*s, 8193).dropped == 8193); // what it still could reach, and then some
    CHECK(take_all(*s) == numbers(0, 256) + ' ' + numbers(257, 8193));
    CHECK(reader.chunks() == 0);
}

TEST_CASE("subscription with small limits moves out few") {
    feed reader;
    const auto s = make_subscription(limits(32, 0, overflow::drop_oldest));
    reader.arrive(*s, 32);
    CHECK(s->peek()); // a sixteenth
    reader.arrive(*s, "a b c d e f g h i j k l m n o p q r s t u v w x y z A B C D");
    CHECK(take_all(*s) == "0 1 a b c d e f g h i j k l m n o p q r s t u v w x y z A B C D");
}

TEST_CASE("subscription that is looked at keeps its messages") {
    feed reader;
    const auto s = make_subscription();
    CHECK_FALSE(s->peek());
    reader.arrive(*s, "a b");
    CHECK(s->peek());
    CHECK(s->peek());
    CHECK(take(*s) == "a");
    CHECK(s->peek());
    CHECK(take(*s) == "b");
    CHECK_FALSE(s->peek());
}

TEST_CASE("subscription shows staged messages only when they are committed") {
    feed reader;
    const auto s = make_subscription();
    impl::chunk* const c = reader.make_chunk(100);
    char* to = c->data();
    CHECK_FALSE(s->staging().is_staged());
    test::stage(*s, feed::write(*c, to, "s", "", "", "a"));
    test::stage(*s, feed::write(*c, to, "s", "", "", "b"));
    CHECK(s->staging().is_staged());
    CHECK_FALSE(s->peek());
    CHECK(s->statistics({}).pending_messages == 0);
    s->commit(*c, {});
    CHECK_FALSE(s->staging().is_staged());
    CHECK(c->references == 3);
    CHECK(take_all(*s) == "a b");
    CHECK(c->references == 1);
    impl::release_reference(c);
}

TEST_CASE("subscription lets go of everything it holds when it is destroyed") {
    feed reader;
    auto s = make_subscription();
    reader.arrive(*s, 300);
    reader.arrive(*s, 300);
    take_all(*s, 10); // the rest of the batch is moved out
    CHECK(reader.chunks() == 2);
    s.reset();
    CHECK(reader.chunks() == 0);
}

TEST_CASE("subscription has one waiting consumer at a time") {
    const auto s = make_subscription();
    consumer_wait first;
    consumer_wait second;
    CHECK(s->begin_wait(first));
    CHECK_FALSE(s->begin_wait(second));
    s->end_wait();
    CHECK(s->begin_wait(second));
    CHECK(second.ticket != first.ticket);
}

TEST_CASE("subscription wakes its consumer once for a chunk, when that is told") {
    consumer_scene t;
    t.sleep();
    CHECK(t.consumer.resumed() == 0);
    auto r = t.reader.arrive(*t.s, "a b");
    CHECK(t.consumer.resumed() == 0); // outside of every lock, by the reader
    CHECK_FALSE(t.reader.arrive(*t.s, "c").consumer);
    r.consumer.post();
    CHECK(t.consumer.resumed() == 1);
    CHECK(t.wait.outcome == wake::ready);
    CHECK(take_all(*t.s) == "a b c");
}

TEST_CASE("subscription wakes nobody for messages that it dropped") {
    consumer_scene t(limits(1, 64));
    t.sleep();
    auto r = t.reader.arrive(*t.s, "x");
    CHECK(r.dropped == 1);
    CHECK_FALSE(r.consumer);
    CHECK(t.consumer.parked() == 1);
    t.s->abandon().destroy();
}

TEST_CASE("subscription does not park where there is a message already") {
    consumer_scene t;
    t.s->begin_wait(t.wait);
    t.reader.arrive(*t.s, "a"); // between the look and the wait
    t.s->park(t.wait, t.consumer.handler());
    CHECK(t.consumer.resumed() == 1);
    CHECK(take(*t.s) == "a");
}

TEST_CASE("subscription does not park where the end has come already") {
    consumer_scene t;
    t.s->begin_wait(t.wait);
    t.s->end(errc::closed, false);
    t.s->park(t.wait, t.consumer.handler());
    CHECK(t.consumer.resumed() == 1);
    CHECK(t.s->at_end());
}

TEST_CASE("subscription whose wait is cancelled keeps what comes for the next") {
    consumer_scene t;
    t.sleep();
    t.s->cancel(t.wait);
    CHECK(t.consumer.resumed() == 1);
    CHECK(t.wait.outcome == wake::cancelled);
    t.s->cancel(t.wait);
    CHECK_FALSE(t.reader.arrive(*t.s, "a").consumer);
    CHECK(t.consumer.resumed() == 1);
    CHECK(take(*t.s) == "a");
}

TEST_CASE("subscription ignores a cancellation that comes after the message") {
    consumer_scene t;
    t.sleep();
    auto r = t.reader.arrive(*t.s, "a");
    t.s->cancel(t.wait); // taken by the reader, not yet posted
    CHECK(t.consumer.resumed() == 0);
    r.consumer.post();
    t.s->cancel(t.wait); // and after
    CHECK(t.consumer.resumed() == 1);
    CHECK(t.wait.outcome == wake::ready);
    CHECK(take(*t.s) == "a");
}

TEST_CASE("subscription ignores a cancellation of a wait that is over") {
    consumer_scene t;
    consumer_wait earlier;
    t.s->begin_wait(earlier);
    t.s->end_wait();
    t.sleep();
    t.s->cancel(earlier);
    CHECK(t.consumer.resumed() == 0);
    CHECK(t.wait.outcome == wake::pending);
    t.s->cancel(t.wait);
}

TEST_CASE("subscription ends a wait at its deadline") {
    consumer_scene t;
    t.sleep();
    t.s->expire(t.wait.ticket);
    CHECK(t.consumer.resumed() == 1);
    CHECK(t.wait.outcome == wake::timeout);
    t.s->expire(t.wait.ticket);
    t.reader.arrive(*t.s, "a").consumer.post();
    CHECK(t.consumer.resumed() == 1);
    CHECK(take(*t.s) == "a");
}

TEST_CASE("subscription ignores a deadline that passes after the message") {
    consumer_scene t;
    t.sleep();
    auto r = t.reader.arrive(*t.s, "a");
    t.s->expire(t.wait.ticket);
    CHECK(t.wait.outcome == wake::ready);
    r.consumer.post();
    CHECK(t.consumer.resumed() == 1);
    t.s->end_wait();
    t.s->expire(t.wait.ticket); // nobody waits any more
    CHECK(t.consumer.resumed() == 1);
}

TEST_CASE("subscription ignores the deadline of an earlier wait") {
    consumer_scene t;
    consumer_wait earlier;
    t.s->begin_wait(earlier);
    t.s->end_wait();
    t.sleep();
    t.s->expire(earlier.ticket);
    CHECK(t.consumer.resumed() == 0);
    CHECK(t.wait.outcome == wake::pending);
    t.s->expire(t.wait.ticket);
    CHECK(t.consumer.resumed() == 1);
}

TEST_CASE("subscription remembers a deadline that passes before its consumer is parked") {
    consumer_scene t;
    t.s->begin_wait(t.wait);
    t.s->expire(t.wait.ticket);
    t.s->park(t.wait, t.consumer.handler());
    CHECK(t.consumer.resumed() == 1);
    CHECK(t.wait.outcome == wake::timeout);
}

TEST_CASE("subscription leaves a wait alone that needed no parking") {
    consumer_scene t;
    t.reader.arrive(*t.s, "a");
    t.s->begin_wait(t.wait);
    t.s->park(t.wait, t.consumer.handler());
    t.s->expire(t.wait.ticket); // the consumer may be reading its outcome
    t.s->cancel(t.wait);
    CHECK(t.wait.outcome == wake::pending);
    CHECK(t.consumer.resumed() == 1);
}

TEST_CASE("subscription that is abandoned gives its consumer out, once") {
    consumer_scene t;
    t.sleep();
    impl::parked_handler h = t.s->abandon();
    CHECK(h.context() == &t.context);
    CHECK_FALSE(t.s->abandon());
    CHECK(t.wait.outcome == wake::ready);
    t.s->end(errc::closed, false);
    CHECK(t.consumer.resumed() == 0);
    h.destroy();
    CHECK(t.consumer.parked() == 0);
    CHECK_FALSE(make_subscription()->abandon());
}

TEST_CASE("subscription copies what is queued out of its chunks, all parts of a message") {
    feed reader;
    feed copies;
    const auto s = make_subscription();
    reader.arrive(*s, "subject", "reply", "NATS/1.0\r\nA: 1\r\n\r\n", "payload");
    reader.arrive(*s, "a b");
    bool idle = true;
    CHECK(s->compact(copies.owner(), idle) == 3);
    CHECK_FALSE(idle);
    CHECK(reader.chunks() == 0);
    CHECK(copies.chunks() == 3);

    impl::record r;
    REQUIRE(s->take(r));
    CHECK(std::string(r.subject(), r.subject_size) == "subject");
    CHECK(std::string(r.reply(), r.reply_size) == "reply");
    CHECK(std::string(r.header(), r.header_size) == "NATS/1.0\r\nA: 1\r\n\r\n");
    CHECK(test::payload_of(r) == "payload");
    CHECK(r.memory->capacity < 100); // of its own size
    impl::release_reference(r.memory);
    CHECK(take_all(*s) == "a b");
    CHECK(copies.chunks() == 0);
}

TEST_CASE("subscription copies each message once, and none that is moved out") {
    feed reader;
    feed copies;
    const auto s = make_subscription(limits(32)); // moves out two at a time
    bool idle = false;
    CHECK(s->compact(copies.owner(), idle) == 0);
    CHECK(idle);
    reader.arrive(*s, "a b c d");
    CHECK(s->peek());
    CHECK(s->compact(copies.owner(), idle) == 2);
    CHECK(s->compact(copies.owner(), idle) == 0);
    CHECK_FALSE(idle);
    reader.arrive(*s, "e");
    CHECK(s->compact(copies.owner(), idle) == 1);
    CHECK(take_all(*s, 4) == "a b c d");
    reader.arrive(*s, "f");
    CHECK(take_all(*s) == "e f");
    CHECK(s->compact(copies.owner(), idle) == 0);
    CHECK(idle);
    CHECK(reader.chunks() == 0);
    CHECK(copies.chunks() == 0);
}

TEST_CASE("subscription drops copied messages as any others") {
    feed reader;
    feed copies;
    bool idle = false;
    auto s = make_subscription(limits(3, 0, overflow::drop_oldest));
    reader.arrive(*s, "a b c");
    s->compact(copies.owner(), idle);
    reader.arrive(*s, "d e");
    CHECK(copies.chunks() == 1);
    CHECK(s->compact(copies.owner(), idle) == 2);
    CHECK(reader.chunks() == 0);
    s->end(errc::unsubscribed, true);
    CHECK(copies.chunks() == 0);

    s = make_subscription();
    reader.arrive(*s, "a b c");
    s->compact(copies.owner(), idle);
    s.reset();
    CHECK(copies.chunks() == 0);
}
