// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <conats/conats.hpp>

#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

TEST_CASE("C01 C03 C06 payloads and headers arrive as sent") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto sub = co_await nc.subscribe("a.*");
        conats::publish_options o;
        o.headers(conats::headers().add("Foo", "1").add("foo", "2").add("Foo", "")).reply("r");
        co_await nc.publish("a.b", "", o);
        auto m = co_await sub.next(5s);
        CHECK(m->subject() == "a.b");
        CHECK(m->reply() == "r");
        CHECK(m->text().empty());
        CHECK(m->headers().size() == 3);
        CHECK(m->headers().get("foo") == "2");
        CHECK(m->headers().values("Foo").size() == 2);
        std::string large(1 << 20, 'x');
        co_await nc.publish("a.c", conats::owned_payload(std::move(large)));
        m = co_await sub.next(5s);
        CHECK(m->text() == std::string(1 << 20, 'x'));
    });
}

TEST_CASE("C02 C10 C11 B24 bad input is refused and the connection stays") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        CHECK(nc.try_publish("a b", "").code() == errc::invalid_subject);
        CHECK(nc.try_publish("a\r\nPUB x", "").code() == errc::invalid_subject);
        CHECK(nc.try_publish("a..b", "").code() == errc::invalid_subject);
        CHECK(nc.try_publish(std::string(5000, 's'), "").code() == errc::control_line_too_long);
        const std::string large((1 << 20) + 1, 'x');
        CHECK(nc.try_publish("a", large).code() == errc::payload_too_large);
        conats::publish_options o;
        o.headers(conats::headers().add("K", "x\nInjected: all"));
        CHECK(nc.try_publish("a", "", o).code() == errc::invalid_header);
        co_await nc.flush();
        CHECK(server.monitor().in_msgs() == 0);
    });
}

TEST_CASE("C13 a queue group shares the messages") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        std::vector<int> counts(3);
        std::vector<conats::subscription> members;
        conats::subscribe_options group;
        group.queue_group("q");
        for (int& n : counts)
            members.push_back(nc.on("jobs", [&n](const conats::message&) { ++n; }, group));
        for (int i = 0; i != 3000; ++i)
            co_await nc.publish("jobs", "x");
        co_await nc.drain();
        CHECK(counts[0] + counts[1] + counts[2] == 3000);
        CHECK((counts[0] > 0 && counts[1] > 0 && counts[2] > 0));
    });
}

TEST_CASE("C14 C15 P2.42 order is kept, by the loop and by a handler that suspends") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        constexpr int count = 20000;
        auto sub = co_await nc.subscribe("n");
        int handled = 0;
        bool in_order = true;
        const auto handler = [&](conats::message m) -> asio::awaitable<void> {
            auto executor = co_await asio::this_coro::executor;
            if (handled % 7 == 0)
                co_await asio::post(executor, asio::use_awaitable);
            in_order = in_order && m.text() == std::to_string(handled);
            ++handled;
        };
        auto on = nc.on("n", handler);
        for (int i = 0; i != count; ++i)
            co_await nc.publish("n", std::to_string(i));
        for (int i = 0; i != count; ++i) {
            auto m = co_await sub.next(5s);
            if (m->text() != std::to_string(i))
                FAIL("out of order at " << i);
        }
        co_await on.drain();
        CHECK(in_order);
        CHECK(handled == count);
    });
}

TEST_CASE("C16 C18 unsubscribe and drain of a subscription") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto sub = co_await nc.subscribe("d");
        for (int i = 0; i != 10000; ++i)
            co_await nc.publish("d", "x");
        co_await sub.drain();
        int got = 0;
        while (auto m = co_await sub.next())
            ++got;
        CHECK(got == 10000);
        CHECK(sub.end_reason().code() == errc::drained);
        auto other = co_await nc.subscribe("d");
        other.unsubscribe();
        other.unsubscribe();
        auto none = co_await other.next();
        CHECK_FALSE(none);
        CHECK(other.end_reason().code() == errc::unsubscribed);
    });
}

TEST_CASE("C22 C24 a slow consumer drops the newest and tells once") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto events = nc.events();
        conats::subscribe_options o;
        o.pending_limits(100, 0);
        auto sub = co_await nc.subscribe("s", o);
        for (int i = 0; i != 200; ++i)
            co_await nc.publish("s", std::to_string(i));
        co_await nc.flush();
        CHECK(sub.statistics().dropped == 100);
        CHECK(sub.statistics().pending_messages == 100);
        int slow = 0;
        while (auto e = events.try_next())
            slow += e->kind() == conats::event_kind::slow_consumer;
        CHECK(slow == 1);
    });
}

TEST_CASE("C26 C27 P2.29 refused subscriptions and publications") {
    nats_server server("authorization { users: [ { user: u, password: p, permissions: { "
                       "publish: { deny: \"no.pub\" }, subscribe: { deny: \"no.sub\" } } } ] }");
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect("u:p@127.0.0.1:" + std::to_string(server.port()));
        conats::error e;
        conats::subscribe_options confirmed;
        confirmed.confirm(true);
        auto refused = co_await nc.subscribe("no.sub", confirmed, e);
        CHECK(e.code() == errc::permission_denied);
        auto denied = co_await nc.request("no.pub", "", 5s, e); // D12 P2.41
        CHECK(e.code() == errc::permission_denied);
        auto events = nc.events();
        co_await nc.publish("no.pub", "");
        auto sub = co_await nc.subscribe("yes");
        co_await nc.publish("yes", "1");
        auto m = co_await sub.next(5s);
        CHECK(m->text() == "1");
        bool told = false;
        while (auto event = events.try_next())
            told = told || event->kind() == conats::event_kind::permission_denied;
        CHECK(told);
    });
}

TEST_CASE("D01 D03 D05 D07 P2.40 requests") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.name("requester");
        auto nc = co_await conats::connect(o);
        auto echo = [](const conats::message& m) { m.try_respond(m.text()); };
        auto service = nc.on("echo", echo);
        auto silent = co_await nc.subscribe("silent");
        for (int i = 0; i != 2000; ++i) {
            auto reply = co_await nc.request("echo", std::to_string(i));
            if (reply.text() != std::to_string(i))
                FAIL("wrong reply");
        }
        conats::error e;
        auto none = co_await nc.request("nobody", "", 5s, e);
        CHECK(e.code() == errc::no_responders);
        none = co_await nc.request("silent", "", 20ms, e);
        CHECK(e.code() == errc::timeout);
        none = co_await nc.request("silent", "", 0ms, e);
        CHECK(e.code() == errc::invalid_argument);
        CHECK(nc.statistics().pending_requests == 0);
        CHECK(server.monitor().subscriptions("requester") == 3);
    });
}

TEST_CASE("D02 D04 D09 own inboxes, and no reply subject") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.unique_inboxes(true).no_responders(false);
        auto nc = co_await conats::connect(o);
        auto echo = [](const conats::message& m) { m.try_respond(m.text()); };
        auto service = nc.on("echo", echo);
        auto reply = co_await nc.request("echo", "1", 5s);
        CHECK(reply.text() == "1");
        conats::error e;
        reply = co_await nc.request("nobody", "", 50ms, e);
        CHECK(e.code() == errc::timeout);
        auto sub = co_await nc.subscribe("plain");
        co_await nc.publish("plain", "");
        auto m = co_await sub.next(5s);
        CHECK(m->try_respond("x").code() == errc::no_reply_subject);
    });
}

TEST_CASE("C19 C20 C21 B20 drain, flush, rtt and the statuses on the way") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto events = nc.events();
        co_await nc.flush();
        const auto rtt = co_await nc.rtt();
        CHECK(rtt.count() > 0);
        int handled = 0;
        const auto count = [&](const conats::message&) { ++handled; };
        auto sub = nc.on("x", count);
        for (int i = 0; i != 5000; ++i)
            co_await nc.publish("x", "y");
        co_await nc.drain();
        CHECK(handled == 5000);
        CHECK(nc.status() == conats::status::closed);
        CHECK(nc.try_publish("x", "").code() == errc::closed);
        std::vector<conats::status> seen;
        while (auto e = co_await events.next())
            if (e->kind() == conats::event_kind::status_changed)
                seen.push_back(e->status());
        using conats::status;
        const std::vector<status> expected = [] {
            return std::vector<status>{status::connected, status::draining_subs,
                                       status::draining_pubs, status::disconnected, status::closed};
        }();
        CHECK(seen == expected);
    });
}

TEST_CASE("B21 close releases everything that waits") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(server.url());
        int ended = 0;
        const auto reader = [&](conats::client c) -> asio::awaitable<void> {
            auto sub = co_await c.subscribe("never");
            auto m = co_await sub.next();
            ended += !m && sub.end_reason().code() == errc::closed;
        };
        for (int i = 0; i != 100; ++i)
            asio::co_spawn(executor, reader(nc), asio::detached);
        co_await nc.flush();
        co_await nc.close();
        const bool all = co_await async_eventually([&] { return ended == 100; });
        CHECK(all);
        co_await nc.close();
    });
}

TEST_CASE("F01 without reconnects a lost connection closes with its reason and ends what waits") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        auto nc = co_await conats::connect(o.max_reconnects(0));
        auto sub = co_await nc.subscribe("silent");
        auto pending = nc.request("silent", "", 10s);
        server.stop();
        conats::error e;
        auto m = co_await sub.next(10s, e);
        m = co_await sub.next(10s, e);
        CHECK(sub.end_reason().code() == errc::disconnected);
        bool failed = false;
        try {
            auto reply = co_await std::move(pending);
        } catch (const conats::system_error& error) {
            failed = error.code() == errc::disconnected && error.details().was_written();
        }
        CHECK(failed);
    });
}

TEST_CASE("B23 a server that lies about sizes is a protocol error") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.send("MSG a 1 1099511627776\r\n");
        s.wait_closed();
    });
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(peer.url());
        auto nc = co_await conats::connect(o.max_reconnects(0));
        auto events = nc.events();
        while (auto e = co_await events.next()) {}
        CHECK(nc.close_reason().code() == errc::protocol_error);
    });
}
