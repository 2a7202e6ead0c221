// SPDX-License-Identifier: Apache-2.0
// Every allocation of an operation fails once: its caller is told, and the client works or says
// why it does not.
#include "integration/out_of_memory/test_bench.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/timing.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <new>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

nats_server& server() {
    static nats_server one;
    return one;
}

const std::string payload(1000, 'x');

/// Until the first message comes on the new connection.
asio::awaitable<void> until_connected_anew(scene& s) {
    for (;;) {
        conats::error e;
        co_await s.client.flush(s.patience, e);
        if (!e)
            break;
        if (s.client.status() == conats::status::closed)
            throw conats::system_error(e);
        co_await s.client.publish("in", "again", e);
        const auto m = co_await s.subscription.next(
            std::min<std::chrono::nanoseconds>(s.patience, scaled(50ms)), e);
        if (m)
            break; // what was sent as the connection was lost may be lost
    }
}

asio::awaitable<void> connects(scene& s) {
    return connect_armed(s, conats::connect_options(s.url));
}

asio::awaitable<void> publishes(scene& s) {
    s.arm();
    co_await s.client.publish("out", payload);
    co_await s.client.publish("out", payload);
}

asio::awaitable<void> publishes_much(scene& s) {
    s.arm();
    for (int i = 0; i != 500; ++i)
        co_await s.client.publish("out", payload);
}

asio::awaitable<void> publishes_headers(scene& s) {
    conats::publish_options options;
    conats::headers h;
    h.add("name", "value");
    options.reply("answer").headers(std::move(h));
    s.arm();
    co_await s.client.publish("out", payload, options);
}

asio::awaitable<void> publishes_owned(scene& s) {
    conats::owned_payload owned(std::string(20'000, 'x'));
    s.arm();
    co_await s.client.publish("out", std::move(owned));
}

asio::awaitable<void> tries_to_publish(scene& s) {
    s.arm();
    for (int i = 0; i != 3; ++i)
        (void)s.client.try_publish("out", payload);
    co_return;
}

/// More than one failure in a row only in our own calls: Asio terminates where it has no memory to
/// destroy a coroutine either that it could not resume.
asio::awaitable<void> tries_without_memory(scene& s) {
    s.arm();
    try {
        (void)s.client.try_publish("out", payload);
    } catch (const std::bad_alloc&) { // likewise for the next call
    }
    stop_failing();
    co_return;
}

asio::awaitable<void> subscribes(scene& s) {
    s.arm();
    auto sub = co_await s.client.subscribe("more");
}

asio::awaitable<void> subscribes_confirmed(scene& s) {
    conats::subscribe_options options;
    options.confirm(true).queue_group("group").max_messages(7).idle_timeout(1h);
    s.arm();
    auto sub = co_await s.client.subscribe("more", options);
}

asio::awaitable<void> handles(scene& s) {
    s.arm();
    auto sub = s.client.on("more", [](const conats::message&) {});
    co_return;
}

asio::awaitable<void> receives(scene& s) {
    s.arm();
    co_await s.client.publish("in", payload);
    const auto m = co_await s.subscription.next(s.patience);
    if (!m)
        throw conats::system_error(s.subscription.end_reason());
    if (m->text() != payload)
        throw std::logic_error("not what was published");
}

asio::awaitable<void> is_handled(scene& s) {
    s.arm();
    co_await s.client.publish("echo", payload);
    co_await s.client.flush();
    co_await s.client.barrier(s.patience);
}

asio::awaitable<void> waits_for_handlers(scene& s) {
    for (int i = 0; i != 3; ++i)
        co_await s.client.publish("echo", payload);
    co_await s.client.flush();
    s.arm();
    co_await s.client.barrier(s.patience);
}

asio::awaitable<void> receives_batches(scene& s) {
    std::vector<conats::message> all;
    s.arm();
    for (int i = 0; i != 3; ++i)
        co_await s.client.publish("in", payload);
    co_await s.client.flush(s.patience);
    const auto first = co_await s.subscription.next(s.patience); // else a batch may never come
    if (!first)
        throw conats::system_error(s.subscription.end_reason());
    co_await s.client.publish("in", payload);
    const std::size_t n = co_await s.subscription.next_batch(all, 10);
    if (n == 0)
        throw conats::system_error(s.subscription.end_reason());
    if (n != all.size() || all.back().text() != payload)
        throw std::logic_error("not what was published");
}

asio::awaitable<void> requests_many(scene& s) {
    conats::request_many_options options;
    options.max_messages(1).timeout(s.patience);
    s.arm();
    auto replies = s.client.request_many("echo", payload, options);
    std::size_t got = 0;
    while (const auto m = co_await replies.next()) {
        ++got;
        if (m->text() != payload)
            throw std::logic_error("not what was asked for");
    }
    if (got != (replies.end_reason() == conats::end_of_replies::max_messages ? 1U : 0U))
        throw std::logic_error("replies that do not fit their end");
    if (got == 0)
        throw conats::system_error(conats::errc::timeout);
}

asio::awaitable<void> requests(scene& s) {
    s.arm();
    const auto m = co_await s.client.request("echo", payload, s.patience);
    if (m.text() != payload)
        throw std::logic_error("not what was asked for");
}

asio::awaitable<void> flushes(scene& s) {
    s.arm();
    co_await s.client.flush(s.patience);
}

asio::awaitable<void> unsubscribes(scene& s) {
    s.arm();
    s.subscription.unsubscribe();
    co_await s.client.flush(s.patience);
}

asio::awaitable<void> drains_subscription(scene& s) {
    s.arm();
    co_await s.handler.drain();
}

asio::awaitable<void> drains(scene& s) {
    s.arm();
    co_await s.client.drain();
}

asio::awaitable<void> closes(scene& s) {
    s.arm();
    co_await s.client.close();
}

asio::awaitable<void> reconnects(scene& s) {
    s.arm();
    if (const auto e = s.client.force_reconnect())
        throw conats::system_error(e);
    co_await until_connected_anew(s);
}

/// The first events come to somebody who waits, the others to a queue.
asio::awaitable<void> is_told_of_events(scene& s) {
    s.arm();
    auto events = s.client.events();
    (void)co_await events.next(); // the status
    if (const auto e = s.client.force_reconnect())
        throw conats::system_error(e);
    (void)co_await events.next();
    co_await until_connected_anew(s);
    while (events.try_next()) {}
}

} // namespace

TEST_CASE("S134 connecting where memory fails") {
    fail_everywhere(server().url(), connects, trial(100, 40).connects());
}

TEST_CASE("S134 publishing where memory fails") {
    SECTION("plain") {
        fail_everywhere(server().url(), publishes, trial(7, 0));
    }
    SECTION("until it waits") {
        fail_everywhere(server().url(), publishes_much, trial(15, 0));
    }
    SECTION("with headers") {
        fail_everywhere(server().url(), publishes_headers, trial(6, 0));
    }
    SECTION("without a copy") {
        fail_everywhere(server().url(), publishes_owned, trial(7, 1));
    }
    SECTION("without waiting") {
        fail_everywhere(server().url(), tries_to_publish, trial(7, 0));
    }
    SECTION("without waiting, where it fails three times") {
        fail_everywhere(server().url(), tries_without_memory, trial(2, 0).times(3));
    }
}

TEST_CASE("S134 subscribing where memory fails") {
    SECTION("plain") {
        fail_everywhere(server().url(), subscribes, trial(10, 3));
    }
    SECTION("confirmed") {
        fail_everywhere(server().url(), subscribes_confirmed, trial(15, 6));
    }
    SECTION("with a handler") {
        fail_everywhere(server().url(), handles, trial(15, 5));
    }
}

TEST_CASE("S134 a message comes where memory fails") {
    SECTION("to next") {
        fail_everywhere(server().url(), receives, trial(10, 2));
    }
    SECTION("to next_batch") {
        fail_everywhere(server().url(), receives_batches, trial(18, 5));
    }
    SECTION("to a handler") {
        fail_everywhere(server().url(), is_handled, trial(15, 5));
    }
    SECTION("to a handler, and somebody waits for its end") {
        fail_everywhere(server().url(), waits_for_handlers, trial(3, 1));
    }
}

TEST_CASE("S134 a request where memory fails") {
    SECTION("for one reply") {
        fail_everywhere(server().url(), requests, trial(25, 10));
    }
    SECTION("for several") {
        fail_everywhere(server().url(), requests_many, trial(30, 12));
    }
}

TEST_CASE("S134 flushing where memory fails") {
    fail_everywhere(server().url(), flushes, trial(10, 1));
}

TEST_CASE("S134 ending where memory fails") {
    SECTION("a subscription") {
        fail_everywhere(server().url(), unsubscribes, trial(10, 2));
    }
    SECTION("a subscription by draining") {
        fail_everywhere(server().url(), drains_subscription, trial(10, 1));
    }
    SECTION("the client by draining") {
        fail_everywhere(server().url(), drains, trial(25, 10));
    }
    SECTION("the client") {
        fail_everywhere(server().url(), closes, trial(20, 6));
    }
}

TEST_CASE("S134 reconnecting where memory fails") {
    SECTION("alone") {
        fail_everywhere(server().url(), reconnects, trial(100, 40));
    }
    SECTION("with somebody who is told of it") {
        fail_everywhere(server().url(), is_told_of_events, trial(100, 45));
    }
}
