// SPDX-License-Identifier: Apache-2.0
// Every allocation of an operation fails once: its caller is told, and the client works or says
// why it does not.
#include "integration/out_of_memory/test_bench.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/timing.hpp"

#include <boost/asio/use_awaitable.hpp>

#include <pthread.h>

#include <new>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

nats_server& server() {
    static nats_server one;
    return one;
}

const std::string payload(1000, 'x');

asio::awaitable<void> connects(scene& s) {
    conats::connect_options options(s.url);
    // Asio 1.81 crashes where it finds no memory for the counts of a strand's shared pointer or for
    // its mutex: it deletes the strand, which does not know its service yet.
    constexpr std::size_t counts = 3 * sizeof(void*);
    s.arm();
    spare_allocations_of(counts, sizeof(pthread_mutex_t));
    s.client = co_await conats::connect(options);
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
    const auto m = co_await s.subscription.next(3s);
    if (!m)
        throw conats::system_error(s.subscription.end_reason());
    if (m->text() != payload)
        throw std::logic_error("not what was published");
}

asio::awaitable<void> is_handled(scene& s) {
    s.arm();
    co_await s.client.publish("echo", payload);
    co_await s.client.flush();
    co_await s.client.barrier(3s);
}

asio::awaitable<void> requests(scene& s) {
    s.arm();
    const auto m = co_await s.client.request("echo", payload, 3s);
    if (m.text() != payload)
        throw std::logic_error("not what was asked for");
}

asio::awaitable<void> flushes(scene& s) {
    s.arm();
    co_await s.client.flush(3s);
}

asio::awaitable<void> unsubscribes(scene& s) {
    s.arm();
    s.subscription.unsubscribe();
    co_await s.client.flush(3s);
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
    // Until the first message comes on the new connection.
    for (;;) {
        conats::error e;
        co_await s.client.flush(3s, e);
        if (!e)
            break;
        if (s.client.status() == conats::status::closed)
            throw conats::system_error(e);
        co_await s.client.publish("in", "again", e);
        const auto m = co_await s.subscription.next(scaled(200ms), e);
        if (m)
            break; // what was sent as the connection was lost may be lost
    }
}

} // namespace

TEST_CASE("S134 connecting where memory fails") {
    fail_connecting(server().url(), connects);
}

TEST_CASE("S134 publishing where memory fails") {
    SECTION("plain") {
        fail_everywhere(server().url(), publishes);
    }
    SECTION("until it waits") {
        fail_everywhere(server().url(), publishes_much);
    }
    SECTION("with headers") {
        fail_everywhere(server().url(), publishes_headers);
    }
    SECTION("without a copy") {
        fail_everywhere(server().url(), publishes_owned);
    }
    SECTION("without waiting") {
        fail_everywhere(server().url(), tries_to_publish);
    }
    SECTION("without waiting, where it fails three times") {
        fail_everywhere(server().url(), tries_without_memory, 3);
    }
}

TEST_CASE("S134 subscribing where memory fails") {
    SECTION("plain") {
        fail_everywhere(server().url(), subscribes);
    }
    SECTION("confirmed") {
        fail_everywhere(server().url(), subscribes_confirmed);
    }
    SECTION("with a handler") {
        fail_everywhere(server().url(), handles);
    }
}

TEST_CASE("S134 a message comes where memory fails") {
    SECTION("to next") {
        fail_everywhere(server().url(), receives);
    }
    SECTION("to a handler") {
        fail_everywhere(server().url(), is_handled);
    }
}

TEST_CASE("S134 a request where memory fails") {
    fail_everywhere(server().url(), requests);
}

TEST_CASE("S134 flushing where memory fails") {
    fail_everywhere(server().url(), flushes);
}

TEST_CASE("S134 ending where memory fails") {
    SECTION("a subscription") {
        fail_everywhere(server().url(), unsubscribes);
    }
    SECTION("a subscription by draining") {
        fail_everywhere(server().url(), drains_subscription);
    }
    SECTION("the client by draining") {
        fail_everywhere(server().url(), drains);
    }
    SECTION("the client") {
        fail_everywhere(server().url(), closes);
    }
}

TEST_CASE("S134 reconnecting where memory fails") {
    fail_everywhere(server().url(), reconnects);
}
