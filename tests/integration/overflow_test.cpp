// SPDX-License-Identifier: Apache-2.0
// What becomes of messages nobody takes.
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/sniffing_proxy.hpp"

#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::event_kind;

namespace {

asio::awaitable<void> publish_numbers(const conats::client& nc, int from, int to,
                                      std::size_t padding = 0) {
    for (int i = from; i != to; ++i)
        co_await nc.publish("s", std::to_string(i) + std::string(padding, ' '));
    co_await nc.flush();
}

std::vector<int> take_numbers(conats::subscription& sub) {
    std::vector<int> all;
    while (auto m = sub.try_next())
        all.push_back(std::stoi(std::string(m->text())));
    return all;
}

std::vector<int> numbers(int from, int to) {
    std::vector<int> all;
    for (int i = from; i != to; ++i)
        all.push_back(i);
    return all;
}

conats::subscribe_options limited(std::size_t messages, conats::overflow policy) {
    conats::subscribe_options o;
    o.pending_limits(messages, 0).on_overflow(policy);
    return o;
}

} // namespace

TEST_CASE("C22 P2.44 S83 a blocked handler: drops counted to the message, one event per episode") {
    nats_server server("ping_interval: \"100ms\"\nping_max: 2");
    sniffing_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        constexpr int limit = 100;
        gate blocked(co_await asio::this_coro::executor);
        auto nc = co_await conats::connect(proxy.url());
        auto events = nc.events();
        std::vector<int> handled;
        const auto handler = [&](conats::message m) -> asio::awaitable<void> {
            co_await blocked.pass();
            handled.push_back(std::stoi(std::string(m.text())));
        };
        auto sub = nc.on("s", handler, limited(limit, conats::overflow::drop_newest));
        std::size_t slow = 0;
        for (int episode = 1; episode != 4; ++episode) {
            blocked.close();
            handled.clear();
            co_await publish_numbers(nc, 0, 1);
            const bool busy = co_await async_eventually([&] { return blocked.waiting() == 1; });
            CHECK(busy);
            co_await publish_numbers(nc, 1, 1 + limit);
            CHECK(sub.statistics().dropped == static_cast<std::uint64_t>((episode - 1) * limit));
            co_await publish_numbers(nc, 1 + limit, 1 + 2 * limit);
            CHECK(sub.statistics().dropped == static_cast<std::uint64_t>(episode * limit));
            const auto seen = take_events(events);
            slow += count_events(seen, event_kind::slow_consumer);
            CHECK(slow == static_cast<std::size_t>(episode));
            for (const auto& e : seen)
                if (e.kind() == event_kind::slow_consumer) {
                    CHECK(e.what().code() == errc::messages_dropped);
                    CHECK(e.what().subject() == "s");
                }
            // Slow, but the connection is read: the server's PINGs are answered.
            proxy.clear();
            const auto answered = [&] { return proxy.lines_from_client("PONG") >= 3; };
            const bool alive = co_await async_eventually(answered, 10s);
            CHECK(alive);
            blocked.open();
            const bool all = co_await async_eventually([&] { return handled.size() == limit + 1; });
            CHECK(all);
            CHECK(handled == numbers(0, limit + 1));
        }
        CHECK(nc.statistics().dropped_messages == 3 * limit);
    });
}

TEST_CASE(
    "C22 P2.44 S83 an episode ends when the consumer has caught up, however the next begins") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto events = nc.events();
        auto sub = co_await nc.subscribe("s", limited(100, conats::overflow::drop_newest));
        co_await publish_numbers(nc, 0, 200);
        co_await publish_numbers(nc, 200, 400); // the same episode
        CHECK(count_events(take_events(events), event_kind::slow_consumer) == 1);
        CHECK(sub.statistics().dropped == 300);
        CHECK(take_numbers(sub) == numbers(0, 100));
        for (int i = 400; i != 600; ++i)
            CHECK_FALSE(nc.try_publish("s", std::to_string(i))); // in one write
        co_await nc.flush();
        CHECK(sub.statistics().dropped == 400);
        CHECK(count_events(take_events(events), event_kind::slow_consumer) == 1);
        CHECK(take_numbers(sub) == numbers(400, 500));
    });
}

TEST_CASE("C22 S82 the limit in bytes counts payload and 64 a message; the defaults") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto sub = co_await nc.subscribe("s", conats::subscribe_options().pending_limits(0, 1000));
        for (int i = 0; i != 20; ++i)
            co_await nc.publish("s", std::string(36, 'x'));
        co_await nc.flush();
        CHECK(sub.statistics().pending_messages == 10);
        CHECK(sub.statistics().pending_bytes == 1000);
        CHECK(sub.statistics().dropped == 10);
        sub.pending_limits(0, 1100);
        for (int i = 0; i != 20; ++i)
            co_await nc.publish("s", std::string(36, 'x'));
        co_await nc.flush();
        CHECK(sub.statistics().pending_messages == 11);
        CHECK(sub.statistics().dropped == 29);
        const conats::subscribe_options defaults;
        CHECK(defaults.pending_messages() == 500'000);
        CHECK(defaults.pending_bytes() == std::size_t{64} << 20U);
    });
}

TEST_CASE("S82 both limits at once, and changed at run time: whichever is reached first counts") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto sub = co_await nc.subscribe("s", conats::subscribe_options().pending_limits(10, 1000));
        std::uint64_t sent = 0;
        const auto flood = [&](int n, std::size_t size) -> asio::awaitable<void> {
            for (int i = 0; i != n; ++i)
                co_await nc.publish("s", std::string(size - 64, 'x')); // each counts as 64 more
            co_await nc.flush();
            sent += static_cast<std::uint64_t>(n);
        };
        const auto check = [&](std::uint64_t pending, std::uint64_t size, std::uint64_t dropped) {
            const auto s = sub.statistics();
            CHECK(s.pending_messages == pending);
            CHECK(s.pending_bytes == pending * size);
            CHECK(s.dropped == dropped);
            CHECK(s.delivered + s.pending_messages + s.dropped == sent);
            std::uint64_t taken = 0;
            while (sub.try_next())
                ++taken;
            CHECK(taken == pending);
            CHECK(sub.statistics().pending_bytes == 0);
        };
        co_await flood(20, 64); // 640 bytes: the number binds
        check(10, 64, 10);
        co_await flood(20, 200); // the bytes bind
        check(5, 200, 25);
        co_await flood(12, 100); // both
        check(10, 100, 27);
        sub.pending_limits(10, 0);
        co_await flood(20, 10'000);
        check(10, 10'000, 37);
        sub.pending_limits(0, 1000);
        co_await flood(20, 64);
        check(15, 64, 42);
        sub.pending_limits(0, 0);
        co_await flood(1'000, 200);
        check(1'000, 200, 42);
        sub.pending_limits(3, 1000);
        co_await flood(20, 64);
        check(3, 64, 59);
        CHECK(nc.statistics().dropped_messages == 59);
    });
}

TEST_CASE("C23 S82 drop_newest keeps what came first") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto sub = co_await nc.subscribe("s", limited(100, conats::overflow::drop_newest));
        co_await publish_numbers(nc, 0, 250);
        CHECK(sub.statistics().dropped == 150);
        CHECK(take_numbers(sub) == numbers(0, 100));
        co_await publish_numbers(nc, 250, 260);
        CHECK(take_numbers(sub) == numbers(250, 260));
    });
}

TEST_CASE("C23 S82 drop_oldest keeps what came last") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto events = nc.events();
        auto sub = co_await nc.subscribe("s", limited(100, conats::overflow::drop_oldest));
        co_await publish_numbers(nc, 0, 250);
        CHECK(sub.statistics().dropped == 150);
        CHECK(count_events(take_events(events), event_kind::slow_consumer) == 1);
        CHECK(take_numbers(sub) == numbers(150, 250));
        co_await publish_numbers(nc, 250, 260);
        CHECK(take_numbers(sub) == numbers(250, 260));
    });
}

TEST_CASE("C23 wait loses nothing: reading pauses until the consumer has made room") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        constexpr int count = 5000;
        auto nc = co_await conats::connect(server.url());
        auto other = co_await conats::connect(server.url());
        auto events = nc.events();
        auto o = limited(100, conats::overflow::wait);
        o.max_pause(scaled(30s));
        auto sub = co_await nc.subscribe("s", o);
        co_await nc.flush();
        co_await publish_numbers(other, 0, count, 1024);
        const auto full = [&] { return sub.statistics().pending_messages >= 100; };
        const bool paused = co_await async_eventually(full);
        CHECK(paused);
        int got = 0;
        int wrong = 0;
        while (got != count) {
            auto m = co_await sub.next(10s);
            wrong += std::stoi(std::string(m->text())) != got++;
        }
        CHECK(wrong == 0);
        CHECK(sub.statistics().dropped == 0);
        // Above the limit is at most what one read brings.
        CHECK(sub.statistics().max_pending_messages < 100 + 256);
        CHECK(count_events(take_events(events), event_kind::slow_consumer) == 0);
        CHECK(nc.status() == conats::status::connected);
    });
}

TEST_CASE("C23 wait gives up after max_pause: the newest are dropped, one event, reading goes on") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        constexpr int count = 5000;
        auto nc = co_await conats::connect(server.url());
        auto other = co_await conats::connect(server.url());
        auto events = nc.events();
        auto o = limited(100, conats::overflow::wait);
        o.max_pause(50ms);
        auto sub = co_await nc.subscribe("s", o);
        co_await nc.flush();
        co_await publish_numbers(other, 0, count, 1024);
        const auto all_seen = [&] {
            const auto s = sub.statistics();
            return s.dropped + s.pending_messages == count;
        };
        const bool seen = co_await async_eventually(all_seen);
        CHECK(seen);
        co_await nc.flush();
        CHECK(count_events(take_events(events), event_kind::slow_consumer) == 1);
        const auto taken = take_numbers(sub);
        CHECK(taken == numbers(0, static_cast<int>(taken.size())));
        CHECK(sub.statistics().dropped == count - taken.size());
        // It waits again once the consumer has caught up.
        const auto dropped = sub.statistics().dropped;
        co_await publish_numbers(other, 0, 1);
        auto m = co_await sub.next(5s);
        CHECK(m->text() == "0");
        co_await publish_numbers(other, 0, 50);
        co_await nc.flush();
        CHECK(take_numbers(sub) == numbers(0, 50));
        CHECK(sub.statistics().dropped == dropped);
    });
}

TEST_CASE("S84 publishing does not fail because another subscription is slow") {
    nats_server server;
    const auto policy = GENERATE(conats::overflow::drop_newest, conats::overflow::drop_oldest,
                                 conats::overflow::wait);
    const bool waits = policy == conats::overflow::wait;
    CAPTURE(waits);
    run([&]() -> asio::awaitable<void> {
        constexpr int flood = 5'000;
        constexpr int count = 10'000;
        auto nc = co_await conats::connect(server.url());
        auto other = co_await conats::connect(server.url());
        auto o = limited(100, policy);
        o.max_pause(scaled(30s));
        auto slow = co_await nc.subscribe("s", o);
        auto own = co_await nc.subscribe("b");
        auto received = co_await other.subscribe("b");
        co_await nc.flush();
        co_await publish_numbers(other, 0, flood, 1024);
        const auto is_slow = [&] {
            const auto s = slow.statistics();
            return waits ? s.pending_messages >= 100 : s.pending_messages + s.dropped == flood;
        };
        const bool full = co_await async_eventually(is_slow);
        REQUIRE(full);
        int failed = 0;
        for (int i = 0; i != count; ++i) {
            if (i % 2 == 0)
                failed += nc.try_publish("b", std::to_string(i)) ? 1 : 0;
            else
                co_await nc.publish("b", std::to_string(i));
        }
        CHECK(failed == 0);
        for (int i = 0; i != count; ++i) {
            auto m = co_await received.next(10s);
            failed += m->text() == std::to_string(i) ? 0 : 1;
        }
        CHECK(failed == 0);
        CHECK(slow.statistics().delivered == 0);
        // Who waits reads nothing meanwhile; the rest comes when there is room.
        if (waits)
            CHECK(nc.statistics().in_messages < flood);
        for (int i = 0; waits && i != flood; ++i)
            (void)co_await slow.next(10s);
        co_await nc.flush();
        CHECK(take_numbers(own) == numbers(0, count));
        CHECK(own.statistics().dropped == 0);
        const std::uint64_t dropped = waits ? 0 : flood - 100;
        CHECK(slow.statistics().dropped == dropped);
    });
}

TEST_CASE("C24 a subscription's counters against a known load") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto sub = co_await nc.subscribe("s", limited(120, conats::overflow::drop_newest));
        const auto publish = [&](int n) -> asio::awaitable<void> {
            for (int i = 0; i != n; ++i)
                co_await nc.publish("s", "0123456789");
            co_await nc.flush();
        };
        co_await publish(100);
        auto s = sub.statistics();
        CHECK(s.pending_messages == 100);
        CHECK(s.pending_bytes == 100 * (10 + 64));
        CHECK(s.delivered == 0);
        CHECK(s.max_pending_messages == 100);
        for (int i = 0; i != 40; ++i)
            CHECK(sub.try_next());
        s = sub.statistics();
        CHECK(s.delivered == 40);
        CHECK(s.pending_messages == 60);
        CHECK(s.pending_bytes == 60 * (10 + 64));
        CHECK(s.max_pending_messages == 100);
        CHECK(s.max_pending_bytes == 100 * (10 + 64));
        sub.reset_max_pending();
        CHECK(sub.statistics().max_pending_messages == 60);
        CHECK(sub.statistics().max_pending_bytes == 60 * (10 + 64));
        co_await publish(10);
        CHECK(sub.statistics().max_pending_messages == 70);
        co_await publish(100);
        s = sub.statistics();
        CHECK(s.pending_messages == 120);
        CHECK(s.dropped == 50);
        CHECK(s.delivered + s.pending_messages + s.dropped == 210);
        CHECK(nc.statistics().in_messages == 210);
        CHECK(nc.statistics().in_bytes == 2100);
        CHECK(nc.statistics().out_messages == 210);
        CHECK(nc.statistics().dropped_messages == 50);
        co_await sub.drain();
        while (sub.try_next()) {}
        s = sub.statistics();
        CHECK(s.pending_messages == 0);
        CHECK(s.pending_bytes == 0);
        CHECK(s.delivered == 160);
    });
}
