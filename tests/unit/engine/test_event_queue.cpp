// SPDX-License-Identifier: Apache-2.0
#include "engine/event_queue.hpp"
#include "queue_fixture.hpp"
#include "support/catch.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <optional>
#include <sstream>
#include <string>

namespace {

using namespace conats;
using impl::event_queue;
using impl::wake;
using test::sleeper;
namespace asio = boost::asio;

event change(status s) {
    return event(event_kind::status_changed).status(s);
}
event failure(const std::string& text) {
    return event(event_kind::server_error, error(errc::server_error, text));
}

/// "kind" or "kind text", with "*count" if it is not 1; "-" for none.
std::string next(event_queue& queue) {
    const std::optional<event> e = queue.take();
    if (!e)
        return "-";
    std::string text(to_string(e->kind()));
    if (!e->what().text().empty())
        text += ' ' + e->what().text();
    if (e->kind() == event_kind::status_changed)
        text += ' ' + std::string(to_string(e->status()));
    if (e->count() != 1)
        text += '*' + std::to_string(e->count());
    return text;
}

} // namespace

TEST_CASE("an event prints its kind once, with its error and how often it came") {
    const auto text = [](const event& e) {
        std::ostringstream out;
        out << e;
        return out.str();
    };
    CHECK(text(event(event_kind::connect_failed, error(errc::timeout, "no INFO"))) ==
          "connect_failed: timeout: no INFO");
    CHECK(text(event(event_kind::permission_denied, error(errc::permission_denied, "not a"))) ==
          "permission_denied: not a");
    CHECK(text(event(event_kind::permission_denied, error(errc::permission_denied, "not a"))
                   .count(2)) == "permission_denied: not a (2 times)");
    CHECK(text(event(event_kind::servers_discovered).count(3)) == "servers_discovered (3 times)");
    CHECK(text(event(event_kind::status_changed).status(status::closed)) ==
          "status_changed closed");
}

TEST_CASE("event_queue gives events in order and ends after its last") {
    event_queue queue;
    CHECK(next(queue) == "-");
    queue.push(change(status::connected));
    queue.push(failure("no"));
    queue.push(change(status::closed));
    queue.close();
    CHECK_FALSE(queue.closed()); // there is something to take
    CHECK(next(queue) == "status_changed connected");
    CHECK(next(queue) == "server_error no");
    CHECK_FALSE(queue.closed());
    CHECK(next(queue) == "status_changed closed");
    CHECK(queue.closed());
    queue.push(failure("too late"));
    CHECK(next(queue) == "-");
}

TEST_CASE("event_queue counts equal errors in a row") {
    event_queue queue;
    queue.push(failure("a"));
    queue.push(failure("a"));
    queue.push(failure("a").count(3));
    queue.push(failure("b"));
    queue.push(failure("a"));
    CHECK(next(queue) == "server_error a*5");
    CHECK(next(queue) == "server_error b");
    CHECK(next(queue) == "server_error a");
    queue.push(failure("a")); // what was taken is not counted up
    CHECK(next(queue) == "server_error a");
    CHECK(next(queue) == "-");
}

TEST_CASE("event_queue tells events of different kinds and causes apart") {
    event_queue queue;
    queue.push(failure("a"));
    queue.push(event(event_kind::permission_denied, error(errc::server_error, "a")));
    queue.push(event(event_kind::permission_denied, error(errc::server_error, "a").subject("x")));
    CHECK(next(queue) == "server_error a");
    CHECK(next(queue) == "permission_denied a");
    CHECK(next(queue) == "permission_denied a");
}

TEST_CASE("event_queue never merges changes of a status") {
    event_queue queue;
    queue.push(change(status::reconnecting));
    queue.push(change(status::reconnecting));
    const auto slow =
        event(event_kind::subscription_changed).subscription_state(subscription_status::slow);
    queue.push(slow);
    queue.push(slow);
    CHECK(next(queue) == "status_changed reconnecting");
    CHECK(next(queue) == "status_changed reconnecting");
    CHECK(next(queue) == "subscription_changed");
    CHECK(next(queue) == "subscription_changed");
}

TEST_CASE("event_queue drops the oldest of too many and says how many") {
    event_queue queue;
    queue.push(change(status::connected));
    queue.push(failure("first").count(5));
    queue.push(failure("second"));
    for (std::size_t i = 0; i != event_queue::max_waiting - 2; ++i)
        queue.push(failure(std::to_string(i)));
    queue.push(failure("one more")); // 1 024 wait beside the change: "first" goes

    CHECK(next(queue) == "events_dropped*5");
    CHECK(next(queue) == "status_changed connected");
    CHECK(next(queue) == "server_error second");
    for (std::size_t i = 0; i != event_queue::max_waiting - 2; ++i)
        REQUIRE(next(queue) == "server_error " + std::to_string(i));
    CHECK(next(queue) == "server_error one more");
    CHECK(next(queue) == "-");
}

TEST_CASE("event_queue has room again for what was taken") {
    event_queue queue;
    for (std::size_t i = 0; i != event_queue::max_waiting; ++i)
        queue.push(failure(std::to_string(i)));
    CHECK(next(queue) == "server_error 0");
    queue.push(failure("new"));
    CHECK(next(queue) == "server_error 1"); // nothing was dropped
    queue.push(failure("x"));
    queue.push(failure("y"));
    CHECK(next(queue) == "events_dropped");
    CHECK(next(queue) == "server_error 3");
}

TEST_CASE("event_queue drops no change of the status, however many") {
    event_queue queue;
    const std::size_t many = 3 * event_queue::max_waiting;
    for (std::size_t i = 0; i != many; ++i) {
        queue.push(change(i % 2 == 0 ? status::reconnecting : status::connected));
        queue.push(failure(std::to_string(i)));
    }
    std::size_t changes = 0;
    std::size_t failures = 0;
    std::uint64_t dropped = 0;
    while (const auto e = queue.take()) {
        changes += e->kind() == event_kind::status_changed ? 1 : 0;
        failures += e->kind() == event_kind::server_error ? 1 : 0;
        dropped += e->kind() == event_kind::events_dropped ? e->count() : 0;
    }
    CHECK(changes == many);
    CHECK(failures == event_queue::max_waiting);
    CHECK(dropped == many - event_queue::max_waiting);
}

TEST_CASE("event_queue wakes its consumer for an event, once") {
    asio::io_context context;
    const sleeper consumer(context);
    event_queue queue;
    event_queue::consumer_wait wait;
    CHECK(queue.begin_wait());
    CHECK_FALSE(queue.begin_wait()); // one at a time
    queue.park(wait, consumer.handler());
    CHECK(consumer.resumed() == 0);
    queue.push(failure("a"));
    queue.push(failure("b"));
    CHECK(consumer.resumed() == 1);
    CHECK(wait.outcome == wake::ready);
    CHECK(consumer.parked() == 0);
    queue.end_wait();
    CHECK(queue.begin_wait());
}

TEST_CASE("event_queue does not park where there is something to take or the end") {
    asio::io_context context;
    const sleeper consumer(context);
    event_queue queue;
    event_queue::consumer_wait wait;
    queue.push(failure("a"));
    queue.park(wait, consumer.handler());
    CHECK(consumer.resumed() == 1);
    queue.take();
    queue.close();
    queue.park(wait, consumer.handler());
    CHECK(consumer.resumed() == 2);
}

TEST_CASE("event_queue that closes wakes its consumer") {
    asio::io_context context;
    const sleeper consumer(context);
    event_queue queue;
    event_queue::consumer_wait wait;
    queue.park(wait, consumer.handler());
    queue.close();
    CHECK(consumer.resumed() == 1);
    CHECK(wait.outcome == wake::ended);
    CHECK(queue.closed());
}

TEST_CASE("event_queue lets a wait be cancelled; an event then stays for the next") {
    asio::io_context context;
    const sleeper consumer(context);
    event_queue queue;
    event_queue::consumer_wait wait;
    queue.park(wait, consumer.handler());
    queue.cancel(wait);
    CHECK(consumer.resumed() == 1);
    CHECK(wait.outcome == wake::cancelled);
    queue.push(failure("a"));
    CHECK(consumer.resumed() == 1);
    CHECK(next(queue) == "server_error a");
}

TEST_CASE("event_queue ignores a cancellation that comes after the event, or of another wait") {
    asio::io_context context;
    const sleeper consumer(context);
    event_queue queue;
    event_queue::consumer_wait wait;
    queue.park(wait, consumer.handler());
    queue.push(failure("a"));
    queue.cancel(wait);
    CHECK(consumer.resumed() == 1);
    CHECK(wait.outcome == wake::ready);
    CHECK(next(queue) == "server_error a");
    queue.end_wait();

    event_queue::consumer_wait second;
    queue.park(second, consumer.handler());
    queue.cancel(wait);
    CHECK(consumer.resumed() == 1);
    CHECK(second.outcome == wake::pending);
    queue.cancel(second);
}

TEST_CASE("event_queue lets nobody wait who is to be told of lost events") {
    asio::io_context context;
    const sleeper consumer(context);
    event_queue queue;
    queue.lose(); // between the look into the queue and the wait
    event_queue::consumer_wait wait;
    queue.park(wait, consumer.handler());
    CHECK(consumer.resumed() == 1);
    queue.close();
    CHECK_FALSE(queue.closed());
    CHECK(next(queue) == "events_dropped");
    CHECK(queue.closed());
}

TEST_CASE("event_queue that is abandoned gives its consumer out instead of waking it") {
    asio::io_context context;
    const sleeper consumer(context);
    event_queue queue;
    event_queue::consumer_wait wait;
    CHECK_FALSE(queue.abandon());
    event_queue second;
    second.park(wait, consumer.handler());
    {
        const impl::parked_handler h = second.abandon();
        CHECK(static_cast<bool>(h));
        CHECK(h.context() == &context);
        CHECK(consumer.parked() == 1);
    }
    CHECK(consumer.parked() == 0);
    CHECK(consumer.resumed() == 0);
    CHECK(second.closed());
}
