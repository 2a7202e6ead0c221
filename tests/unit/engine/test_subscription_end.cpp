// SPDX-License-Identifier: Apache-2.0
#include "engine/subscription_state.hpp"
#include "queue_fixture.hpp"
#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>

namespace {

using namespace conats;
using impl::subscription_state;
using impl::wake;
using test::counting_observer;
using test::feed;
using test::limits;
using test::make_subscription;
using test::sleeper;
using test::take;
using test::take_all;
namespace asio = boost::asio;

/// A subscription and what its connection was told.
struct end_scene {
    end_scene() { s->observer = observer; }

    feed reader;
    std::shared_ptr<counting_observer> observer = std::make_shared<counting_observer>();
    std::shared_ptr<subscription_state> s = make_subscription();
};

} // namespace

TEST_CASE("subscription that ends gives what it has, takes nothing more, and says why") {
    feed reader;
    const auto s = make_subscription();
    reader.arrive(*s, "a b");
    CHECK_FALSE(s->at_end());
    CHECK_FALSE(s->ended());
    CHECK_FALSE(s->end_reason());
    s->end(error(errc::permission_denied, "no"), false);
    CHECK(s->ended());
    CHECK(s->end_reason() == error(errc::permission_denied, "no"));
    CHECK(reader.arrive(*s, "c").dropped == 0); // not the consumer's fault
    CHECK_FALSE(s->at_end());
    CHECK(take(*s) == "a");
    CHECK_FALSE(s->at_end());
    CHECK(take(*s) == "b");
    CHECK(s->at_end());
    CHECK(take(*s) == "-");
    CHECK(reader.chunks() == 0);
}

TEST_CASE("subscription that ends with discard gives nothing more and frees its chunks") {
    feed reader;
    const auto s = make_subscription();
    reader.arrive(*s, "a b");
    reader.arrive(*s, "c");
    s->end(errc::unsubscribed, true);
    CHECK(reader.chunks() == 0);
    CHECK(s->statistics({}).pending_messages == 0);
    CHECK(s->statistics({}).pending_bytes == 0);
    CHECK(s->at_end());
    CHECK_FALSE(s->peek());
    CHECK(take(*s) == "-");
    reader.arrive(*s, "d");
    CHECK(take(*s) == "-");
    CHECK(reader.chunks() == 0);
}

TEST_CASE("subscription that ends with discard gives nothing of what was moved out either") {
    feed reader;
    for (const bool look : {true, false}) {
        const auto s = make_subscription();
        reader.arrive(*s, "a b c");
        CHECK(take(*s) == "a");
        s->end(errc::unsubscribed, true);
        CHECK(s->statistics({}).pending_messages == 0);
        CHECK(s->statistics({}).pending_bytes == 0);
        CHECK_FALSE(s->at_end()); // the consumer has not noticed
        CHECK((look ? s->peek() : take(*s) != "-") == false);
        CHECK(reader.chunks() == 0);
        CHECK(s->at_end());
        CHECK(s->statistics({}).delivered == 1);
    }
}

TEST_CASE("subscription that ends drops what is staged") {
    feed reader;
    const auto s = make_subscription();
    impl::chunk* const c = reader.make_chunk(100);
    char* to = c->data();
    test::stage(*s, feed::write(*c, to, "s", "", "", "a"));
    s->end(errc::unsubscribed, true); // by another thread
    CHECK(s->commit(*c, {}).dropped == 0);
    CHECK(c->references == 1);
    CHECK_FALSE(s->staging().is_staged());
    CHECK_FALSE(s->peek());
    impl::release_reference(c);
}

TEST_CASE("subscription keeps the first reason of its end") {
    feed reader;
    const auto s = make_subscription();
    reader.arrive(*s, "a");
    s->end(errc::drained, false);
    s->end(errc::closed, false);
    CHECK(s->end_reason().code() == errc::drained);
    s->end(errc::unsubscribed, true); // which discards all the same
    CHECK(s->end_reason().code() == errc::drained);
    CHECK(reader.chunks() == 0);
    CHECK(take(*s) == "-");
}

TEST_CASE("subscription that ends wakes its consumer, once") {
    for (const bool discard : {true, false}) {
        CAPTURE(discard);
        asio::io_context context;
        const sleeper consumer(context);
        const auto s = make_subscription();
        subscription_state::consumer_wait wait;
        s->begin_wait(wait);
        s->park(wait, consumer.handler());
        s->end(errc::closed, discard);
        s->end(errc::closed, discard);
        s->cancel(wait);
        s->expire(wait.ticket);
        CHECK(consumer.resumed() == 1);
        CHECK(wait.outcome == wake::ready);
        s->end_wait();
        CHECK(s->at_end());
    }
}

TEST_CASE("subscription whose consumer was cancelled ends as any other") {
    asio::io_context context;
    const sleeper consumer(context);
    const auto s = make_subscription();
    subscription_state::consumer_wait wait;
    s->begin_wait(wait);
    s->park(wait, consumer.handler());
    s->cancel(wait);
    s->end(errc::closed, false);
    CHECK(consumer.resumed() == 1);
    CHECK(wait.outcome == wake::cancelled);
}

TEST_CASE("subscription tells that it is finished at once where there is nothing to read") {
    end_scene t;
    CHECK_FALSE(t.s->finished());
    t.s->end(errc::drained, false);
    CHECK(t.observer->finished == 1);
    CHECK(t.s->finished());
    CHECK(t.s->at_end());
    t.s->end(errc::unsubscribed, true);
    CHECK(t.s->at_end());
    CHECK(t.observer->finished == 1);
}

TEST_CASE("subscription tells that it is finished when its consumer finds the end") {
    end_scene t;
    t.reader.arrive(*t.s, "a b");
    t.s->end(errc::drained, false);
    take_all(*t.s);
    CHECK(t.observer->finished == 0); // the last message is being worked on
    CHECK(t.s->at_end());
    CHECK(t.observer->finished == 1);
    CHECK(t.s->at_end());
    t.s->end(errc::closed, false);
    t.s->end(errc::unsubscribed, true);
    CHECK(t.observer->finished == 1);
}

TEST_CASE("subscription tells that it is finished when what is left is discarded") {
    end_scene t;
    t.reader.arrive(*t.s, "a b");
    t.s->end(errc::drained, false);
    CHECK(take(*t.s) == "a");
    t.s->end(errc::unsubscribed, true);
    CHECK(t.observer->finished == 1);
    CHECK(take(*t.s) == "-");
    CHECK(t.s->at_end());
    CHECK(t.observer->finished == 1);
}

TEST_CASE("subscription left after its last message tells that it is finished") {
    end_scene t;
    t.reader.arrive(*t.s, "a");
    t.s->end(errc::drained, false);
    CHECK(take(*t.s) == "a"); // and its consumer asks for no more
    CHECK(t.observer->finished == 0);
    t.s->end(errc::unsubscribed, true);
    CHECK(t.observer->finished == 1);
}

TEST_CASE("subscription tells that it is finished after its waiting consumer, not before") {
    asio::io_context context;
    const sleeper consumer(context);
    end_scene t;
    subscription_state::consumer_wait wait;
    t.s->begin_wait(wait);
    t.s->park(wait, consumer.handler());
    t.s->end(errc::drained, false);
    CHECK(consumer.resumed() == 1);
    CHECK(t.observer->finished == 0); // it comes to see the end
    CHECK_FALSE(t.s->finished());
    t.s->end_wait();
    CHECK(t.s->at_end());
    CHECK(t.observer->finished == 1);
}

TEST_CASE("subscription whose consumer is cancelled while it ends tells that it is finished") {
    asio::io_context context;
    const sleeper consumer(context);
    end_scene t;
    subscription_state::consumer_wait wait;
    t.s->begin_wait(wait);
    t.s->park(wait, consumer.handler());
    t.s->cancel(wait);
    t.s->end(errc::drained, false); // before the consumer resumes
    CHECK(consumer.resumed() == 1);
    t.s->end_wait(); // it throws, and does not come for the end
    CHECK(t.observer->finished == 1);
    CHECK(t.s->at_end());
    CHECK(t.observer->finished == 1);
}

TEST_CASE("subscription that is waited for in vain tells nothing of an end") {
    end_scene t;
    subscription_state::consumer_wait wait;
    t.s->begin_wait(wait);
    t.s->end_wait();
    CHECK_FALSE(t.s->at_end());
    CHECK(t.observer->finished == 0);
    t.reader.arrive(*t.s, "a");
    t.s->end(errc::drained, false);
    t.s->begin_wait(wait);
    t.s->end_wait(); // there is a message
    CHECK(t.observer->finished == 0);
}

TEST_CASE("subscription with a handler is finished when its handler has seen the end") {
    end_scene t;
    t.s->has_handler = true;
    t.s->end(errc::drained, false);
    CHECK(t.observer->finished == 0); // it may be running its last message
    CHECK_FALSE(t.s->finished());
    subscription_state::consumer_wait wait;
    t.s->begin_wait(wait);
    t.s->end_wait();
    CHECK(t.observer->finished == 0);
    CHECK(t.s->at_end());
    CHECK(t.observer->finished == 1);
    CHECK(t.s->finished());
}

TEST_CASE("subscription with a handler is finished when it is unsubscribed") {
    end_scene t;
    t.s->has_handler = true;
    t.reader.arrive(*t.s, "a");
    t.s->end(errc::drained, false);
    t.s->end(errc::unsubscribed, true);
    CHECK(t.observer->finished == 1);
    CHECK(t.s->at_end());
    CHECK(t.observer->finished == 1);
}

TEST_CASE("subscription ends without its connection") {
    end_scene t;
    t.observer.reset();
    t.s->end(errc::closed, false);
    CHECK(t.s->at_end());
}
