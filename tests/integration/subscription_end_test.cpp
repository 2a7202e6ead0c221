// SPDX-License-Identifier: Apache-2.0
// Subscriptions that end by themselves.
#include "helpers.hpp"
#include "support/catch.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using clock_type = std::chrono::steady_clock;

namespace {

conats::connect_options named_for_monitor(const nats_server& server) {
    conats::connect_options o(server.url());
    o.name("subscriber");
    return o;
}

/// Long enough that nobody has to hurry.
const auto quiet_span = scaled(200ms);

} // namespace

TEST_CASE("C31 silence ends a subscription, here and at the server") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(named_for_monitor(server));
        auto events = nc.events();
        conats::subscribe_options o;
        o.idle_timeout(quiet_span);
        auto sub = co_await nc.subscribe("a", o);
        const auto begin = clock_type::now();
        auto none = co_await sub.next();
        CHECK_FALSE(none);
        CHECK(clock_type::now() - begin >= quiet_span - 1ms);
        CHECK(sub.end_reason().code() == errc::idle_timeout);
        CHECK(sub.end_reason() == conats::condition::timeout);
        CHECK(sub.end_reason().subject() == "a");
        CHECK_FALSE(sub.active());
        co_await nc.flush();
        CHECK(server.monitor().subscriptions("subscriber") == 0);
        CHECK(nc.statistics().subscriptions == 0);
        auto all = take_events(events);
        CHECK(all.back().kind() == conats::event_kind::subscription_changed);
        CHECK(all.back().what().code() == errc::idle_timeout);
    });
}

TEST_CASE("C31 messages put silence off, and what is queued outlives the end") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(named_for_monitor(server));
        conats::subscribe_options o;
        o.idle_timeout(2 * quiet_span);
        auto sub = co_await nc.subscribe("a", o);
        asio::steady_timer timer(co_await asio::this_coro::executor);
        clock_type::time_point last;
        for (int i = 0; i != 12; ++i) { // longer than one such span, all told
            last = clock_type::now();
            co_await nc.publish("a", std::to_string(i));
            co_await nc.flush();
            timer.expires_after(quiet_span / 4);
            co_await timer.async_wait(asio::use_awaitable);
        }
        CHECK(sub.active());
        const bool ended = co_await async_eventually([&] { return !sub.active(); });
        CHECK(ended);
        CHECK(clock_type::now() - last >= 2 * quiet_span - 1ms);
        for (int i = 0; i != 12; ++i) {
            auto m = co_await sub.next();
            REQUIRE(m);
            CHECK(m->text() == std::to_string(i));
        }
        auto none = co_await sub.next(5s);
        CHECK_FALSE(none);
        CHECK(sub.end_reason().code() == errc::idle_timeout);
    });
}

TEST_CASE("C31 a first message that does not come, and one that does") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(named_for_monitor(server));
        conats::subscribe_options o;
        o.first_message_timeout(quiet_span);
        auto silent = co_await nc.subscribe("silent", o);
        auto spoken = co_await nc.subscribe("spoken", o);
        co_await nc.publish("spoken", "x");
        co_await silent.wait();
        CHECK(silent.end_reason().code() == errc::first_message_timeout);
        CHECK_FALSE(silent.try_next());
        asio::steady_timer timer(co_await asio::this_coro::executor, quiet_span);
        co_await timer.async_wait(asio::use_awaitable);
        CHECK(spoken.active());
        auto m = co_await spoken.next(5s);
        CHECK(m->text() == "x");
    });
}

TEST_CASE("C31 silence after a first message that had much more time") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(named_for_monitor(server));
        conats::subscribe_options o;
        o.first_message_timeout(scaled(60s)).idle_timeout(quiet_span);
        auto sub = co_await nc.subscribe("a", o);
        co_await nc.flush();
        co_await nc.publish("a", "x");
        auto m = co_await sub.next(5s);
        CHECK(m);
        auto none = co_await sub.next(scaled(10s));
        CHECK_FALSE(none);
        CHECK(sub.end_reason().code() == errc::idle_timeout);
    });
}

TEST_CASE("C31 a lifetime ends the loop of one that gets messages all the time") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(named_for_monitor(server));
        conats::subscribe_options o;
        o.lifetime(quiet_span).idle_timeout(20 * quiet_span);
        auto sub = co_await nc.subscribe("a", o);
        const auto begin = clock_type::now();
        bool stop = false;
        bool stopped = false;
        const auto publish = [&]() -> asio::awaitable<void> {
            while (!stop) {
                co_await nc.publish("a", "x");
                co_await nc.flush();
            }
            stopped = true;
        };
        asio::co_spawn(executor, publish(), asio::detached);
        int got = 0;
        std::vector<conats::message> batch;
        while (co_await sub.next_batch(batch, 16) != 0) {
            got += static_cast<int>(batch.size());
            batch.clear();
        }
        CHECK(clock_type::now() - begin >= quiet_span - 1ms);
        CHECK(got > 0);
        CHECK(sub.end_reason().code() == errc::lifetime_reached);
        stop = true;
        const bool done = co_await async_eventually([&] { return stopped; });
        CHECK(done);
    });
}

TEST_CASE("C31 handlers finish their queue when the subscription ends by itself") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        gate door(co_await asio::this_coro::executor);
        auto nc = co_await conats::connect(named_for_monitor(server));
        int handled = 0;
        const auto handler = [&](conats::message) -> asio::awaitable<void> {
            co_await door.pass();
            ++handled;
        };
        conats::subscribe_options o;
        o.idle_timeout(quiet_span);
        auto sub = nc.on("a", handler, o);
        for (int i = 0; i != 10; ++i)
            co_await nc.publish("a", "x");
        const bool ended = co_await async_eventually([&] { return !sub.active(); });
        CHECK(ended);
        CHECK(sub.end_reason().code() == errc::idle_timeout);
        CHECK(handled == 0);
        door.open();
        co_await nc.drain(); // also waits for what such a handler still has
        CHECK(handled == 10);
    });
}

TEST_CASE(
    "C31 many timed subscriptions end in their order; an early end leaves no deadline behind") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        using namespace asio::experimental::awaitable_operators;
        auto nc = co_await conats::connect(named_for_monitor(server));
        std::vector<conats::subscription> subs;
        for (int i = 10; i != 0; --i) {
            conats::subscribe_options o;
            o.lifetime(quiet_span + i * 1ms);
            subs.emplace_back(nc, "a", o);
        }
        subs[2].unsubscribe();
        subs.erase(subs.begin() + 5);
        co_await subs[3].drain();
        co_await (subs[0].wait() && subs[1].wait() && subs.back().wait());
        CHECK(subs[0].end_reason().code() == errc::lifetime_reached);
        CHECK(subs[1].end_reason().code() == errc::lifetime_reached);
        CHECK(subs[2].end_reason().code() == errc::unsubscribed);
        CHECK(subs[3].end_reason().code() == errc::drained);
        CHECK(nc.statistics().subscriptions == 0);
        co_await nc.flush();
        CHECK(server.monitor().subscriptions("subscriber") == 0);
    });
}

TEST_CASE("C31 negative times are refused by their names") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(named_for_monitor(server));
        conats::subscribe_options o;
        o.idle_timeout(-1ms);
        conats::error e;
        auto sub = co_await nc.subscribe("a", o, e);
        CHECK(e.code() == errc::invalid_argument);
        CHECK(e.text().find("idle_timeout") != std::string::npos);
        CHECK_FALSE(sub);
        CHECK(nc.statistics().subscriptions == 0);
    });
}
