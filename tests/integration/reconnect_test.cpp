// SPDX-License-Identifier: Apache-2.0
// Connections that are lost and made again, on a real server and on misbehaving ones.
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"

using namespace conats::test;
using namespace std::chrono_literals;
using Catch::Matchers::StartsWith;
using conats::errc;
using conats::event_kind;
using conats::status;
using test_clock = std::chrono::steady_clock;

TEST_CASE(
    "F01, F20, S47, B20 a killed server is come back to: subscriptions once, events in order") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(server.url());
        auto nc = co_await conats::connect(o.name("survivor"));
        auto events = nc.events();
        auto plain = co_await nc.subscribe("a.*");
        conats::subscribe_options in_group;
        in_group.queue_group("q");
        auto grouped = co_await nc.subscribe("b", in_group);
        auto other = co_await nc.subscribe("b", in_group);
        co_await nc.flush();
        server.kill();
        const bool lost = co_await reaches(nc, status::reconnecting);
        CHECK(lost);
        server.start();
        const bool back = co_await reaches(nc, status::connected);
        REQUIRE(back);
        co_await nc.flush();
        CHECK(server.monitor().subscriptions("survivor") == 3);
        co_await nc.publish("a.b", "1");
        co_await nc.publish("b", "2");
        auto m = co_await plain.next(scaled(5s));
        CHECK(m->text() == "1");
        co_await nc.flush();
        const auto queued = [](const conats::subscription& s) {
            return s.statistics().pending_messages;
        };
        CHECK(queued(grouped) + queued(other) == 1);
        CHECK(queued(plain) == 0);
        CHECK(nc.statistics().reconnects == 1);
        co_await nc.close();
        CHECK(statuses(take_events(events)) ==
              "connected disconnected reconnecting connected draining_pubs disconnected closed");
    });
}

TEST_CASE("F12, F14, P2.39, S48 what is published without a connection is sent first after it, "
          "within the "
          "buffer") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(server.url());
        auto nc = co_await conats::connect(o.reconnect_buffer(32));
        auto sub = co_await nc.subscribe("foo");
        co_await nc.flush();
        server.stop();
        const bool lost = co_await reaches(nc, status::reconnecting);
        CHECK(lost);
        // PUB foo 3, CRLF, the payload, CRLF: 16 bytes.
        co_await nc.publish("foo", "one");
        co_await nc.publish("foo", "two");
        conats::error e;
        co_await nc.publish("foo", "six", e);
        CHECK(e.code() == errc::outbox_full);
        CHECK(e.text().find("reconnect_buffer") != std::string::npos);
        server.start();
        const bool back = co_await reaches(nc, status::connected);
        REQUIRE(back);
        co_await nc.publish("foo", "new");
        for (const char* expected : {"one", "two", "new"}) {
            auto m = co_await sub.next(scaled(5s));
            CHECK(m->text() == expected);
        }
        co_await nc.flush();
        CHECK(sub.statistics().pending_messages == 0);
    });
}

TEST_CASE("F12 the reconnect buffer counts every byte of a message") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        // HPUB foo 18 21, CRLF, the headers, the payload, CRLF: 39 bytes.
        conats::connect_options o = fast(server.url());
        auto nc = co_await conats::connect(o.reconnect_buffer(16 + 38));
        server.stop();
        const bool lost = co_await reaches(nc, status::reconnecting);
        CHECK(lost);
        CHECK_FALSE(nc.try_publish("foo", "one")); // 16 bytes
        conats::publish_options with_headers;
        with_headers.headers(conats::headers().add("a", "b"));
        const conats::error e = nc.try_publish("foo", "one", with_headers);
        CHECK(e.code() == errc::outbox_full);
        CHECK(e.text() == "reconnect_buffer: 16 bytes wait for a connection, 39 more do not fit");
        CHECK(nc.statistics().outbox_bytes == 16);
    });
}

TEST_CASE("F13, S49 without a buffer publishing fails at once") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        for (const bool by_policy : {false, true}) {
            conats::connect_options o = fast(server.url());
            if (by_policy)
                o.when_offline(conats::offline_policy::fail);
            else
                o.reconnect_buffer(0);
            auto nc = co_await conats::connect(o);
            server.stop();
            const bool lost = co_await reaches(nc, status::reconnecting);
            CHECK(lost);
            conats::error e;
            co_await nc.publish("foo", "x", e);
            CHECK(e.code() == errc::disconnected);
            CHECK(nc.try_publish("foo", "x").code() == errc::disconnected);
            co_await nc.close();
            server.start();
        }
    });
}

TEST_CASE("F12 publishing may wait for the connection, and what waited too long is not sent") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(server.url());
        o.when_offline(conats::offline_policy::wait).offline_timeout(scaled(20s));
        auto nc = co_await conats::connect(o);
        auto sub = co_await nc.subscribe("foo");
        co_await nc.flush();
        server.stop();
        const bool lost = co_await reaches(nc, status::reconnecting);
        CHECK(lost);
        conats::publish_options soon;
        soon.timeout(20ms);
        conats::error e;
        co_await nc.publish("foo", "too late", soon, e);
        CHECK(e.code() == errc::timeout);
        auto waits = nc.publish("foo", "in time");
        server.start();
        co_await std::move(waits);
        CHECK(nc.status() == status::connected);
        auto m = co_await sub.next(scaled(5s));
        CHECK(m->text() == "in time");
        co_await nc.flush();
        CHECK(sub.statistics().pending_messages == 0);
    });
}

TEST_CASE("D11 a lost connection ends requests, flushes and their like at once") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(server.url());
        o.unique_inboxes(GENERATE(false, true));
        auto nc = co_await conats::connect(o);
        auto silent = co_await nc.subscribe("silent");
        co_await nc.flush();
        auto pending = nc.request("silent", "", 60s);
        co_await nc.flush();
        server.kill();
        bool failed = false;
        try {
            auto reply = co_await std::move(pending);
        } catch (const conats::system_error& error) {
            failed = error.code() == errc::disconnected && error.details().was_written();
        }
        CHECK(failed);
        conats::error e;
        co_await nc.flush(1s, e);
        CHECK(e.code() == errc::disconnected);
        auto m = co_await nc.request("silent", "", 60s, e);
        CHECK(e.code() == errc::disconnected);
        CHECK_FALSE(e.was_written());
        server.start();
        const bool back = co_await reaches(nc, status::connected);
        REQUIRE(back);
        // The inbox works again.
        auto on_echo = nc.on("echo", [](conats::message q) { (void)q.try_respond(q.payload()); });
        m = co_await nc.request("echo", "x", scaled(5s));
        CHECK(m.text() == "x");
    });
}

TEST_CASE("C17, P2.37 an automatic end counts over reconnects") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(server.url()));
        conats::subscribe_options ten;
        ten.max_messages(10);
        auto sub = co_await nc.subscribe("a", ten);
        for (int i = 0; i != 4; ++i)
            co_await nc.publish("a", "x");
        co_await nc.flush();
        server.kill();
        const bool lost = co_await reaches(nc, status::reconnecting);
        CHECK(lost);
        server.start();
        const bool back = co_await reaches(nc, status::connected);
        REQUIRE(back);
        for (int i = 0; i != 20; ++i)
            co_await nc.publish("a", "x");
        co_await nc.flush();
        int received = 0;
        while (auto m = co_await sub.next())
            ++received;
        CHECK(received == 10);
        CHECK(sub.end_reason().code() == errc::max_messages_reached);
        CHECK(server.monitor().out_msgs() == 6);
    });
}

TEST_CASE("F18, S55 a forced reconnect happens once, keeps subscriptions, and ends a pause") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(server.url());
        auto nc = co_await conats::connect(o.reconnect_wait(1h));
        auto sub = co_await nc.subscribe("a");
        co_await nc.flush();
        for (int i = 0; i != 3; ++i)
            CHECK_FALSE(nc.force_reconnect());
        const bool again = co_await async_eventually(
            [&] { return nc.statistics().reconnects == 1 && nc.status() == status::connected; });
        REQUIRE(again);
        co_await nc.publish("a", "x");
        auto m = co_await sub.next(scaled(5s));
        CHECK(m->text() == "x");
        CHECK(nc.statistics().reconnects == 1);
        CHECK(server.monitor().total_connections() == 2);
        server.stop();
        const bool lost = co_await reaches(nc, status::reconnecting);
        CHECK(lost);
        server.start();
        CHECK_FALSE(nc.force_reconnect());
        const bool back = co_await reaches(nc, status::connected);
        CHECK(back);
        co_await nc.close();
        CHECK(nc.force_reconnect().code() == errc::closed);
    });
}

TEST_CASE("F18 a forced reconnect takes nothing from a close or drain in the same turn") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto other = co_await conats::connect(fast(server.url()));
        auto sub = co_await other.subscribe("a");
        co_await other.flush();
        for (const bool drains : {false, true}) {
            auto nc = co_await conats::connect(fast(server.url()));
            CHECK_FALSE(nc.force_reconnect());
            CHECK_FALSE(nc.try_publish("a", "accepted"));
            if (drains)
                co_await nc.drain();
            else
                co_await nc.close();
            auto m = co_await sub.next(scaled(5s));
            CHECK(m->text() == "accepted");
        }
    });
}

TEST_CASE("F19, S13 a first connect that failed is retried, and what was published waits") {
    nats_server server;
    server.stop();
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(server.url());
        auto nc = co_await conats::connect(o.retry_on_failed_connect(true));
        CHECK(nc.status() == status::reconnecting);
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        co_await nc.publish("a", "early");
        server.start();
        auto m = co_await sub.next(scaled(10s));
        CHECK(m->text() == "early");
        CHECK(nc.status() == status::connected);
        CHECK(statuses(take_events(events)) == "reconnecting connected");
        CHECK(nc.statistics().reconnects == 0);
    });
}

TEST_CASE("F02, F21, S51 the client closes when every server has failed too often, and says why") {
    nats_server server;
    const std::string dead = "127.0.0.1:1";
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(server.url());
        o.add_server(dead).max_reconnects(3).retain_order(true).reconnect_wait(1ms);
        auto nc = co_await conats::connect(o);
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        server.stop();
        std::size_t failures = 0;
        while (auto e = co_await events.next())
            failures += e->kind() == event_kind::connect_failed ? e->count() : 0;
        CHECK(failures == 6);
        CHECK(nc.close_reason().code() == errc::no_servers);
        CHECK(nc.close_reason().text().find("connection_refused") != std::string::npos);
        auto m = co_await sub.next();
        CHECK_FALSE(m);
        CHECK(sub.end_reason() == conats::condition::disconnected);
    });
}

TEST_CASE("A21, E15, F21, P2.10 refused twice in a row the client closes, unless told to go on") {
    nats_server server("authorization { token: \"one\" }");
    run([&]() -> asio::awaitable<void> {
        const bool go_on = GENERATE(false, true);
        CAPTURE(go_on);
        server.write_config("authorization { token: \"one\" }");
        server.restart();
        conats::connect_options o = fast(server.url("one"));
        auto nc = co_await conats::connect(o.ignore_auth_errors(go_on));
        auto events = nc.events();
        server.write_config("authorization { token: \"two\" }");
        server.restart();
        if (go_on) {
            std::size_t refused = 0;
            while (refused < 4) {
                auto e = co_await events.next();
                if (e->what() == errc::authorization_violation)
                    refused += e->count();
            }
            server.write_config("authorization { token: \"one\" }");
            server.restart();
            const bool back = co_await reaches(nc, status::connected);
            CHECK(back);
        } else {
            std::size_t refused = 0;
            while (auto e = co_await events.next())
                if (e->kind() == event_kind::connect_failed &&
                    e->what() == errc::authorization_violation)
                    refused += e->count();
            CHECK(refused == 2);
            CHECK(nc.close_reason().code() == errc::authorization_violation);
        }
    });
}

TEST_CASE("A22, S56 the token provider is asked on every attempt") {
    nats_server server("authorization { token: \"t1\" }");
    run([&]() -> asio::awaitable<void> {
        std::vector<std::uint64_t> attempts;
        const auto provide = [&](conats::auth_request r) -> asio::awaitable<conats::secret> {
            attempts.push_back(r.attempt());
            co_return conats::secret(attempts.size() == 1 ? "t1" : "t2");
        };
        conats::connect_options o = fast(server.url());
        o.token_provider(provide);
        auto nc = co_await conats::connect(o);
        server.write_config("authorization { token: \"t2\" }");
        server.restart();
        const bool back = co_await async_eventually(
            [&] { return nc.statistics().reconnects == 1 && nc.status() == status::connected; });
        CHECK(back);
        REQUIRE(attempts.size() >= 2);
        for (std::size_t i = 1; i != attempts.size(); ++i)
            CHECK(attempts[i] > attempts[i - 1]);
    });
}

TEST_CASE("A07 options changed after connect have no effect on reconnects") {
    nats_server server("authorization { token: \"kept\" }");
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(server.url());
        o.token("kept");
        auto nc = co_await conats::connect(o);
        o.token("other").servers("127.0.0.1:1");
        CHECK_FALSE(nc.force_reconnect());
        const bool back = co_await async_eventually(
            [&] { return nc.statistics().reconnects == 1 && nc.status() == status::connected; });
        CHECK(back);
    });
}

TEST_CASE("A11 each address of a list has its own token") {
    nats_server first("authorization { token: \"t1\" }");
    nats_server second("authorization { token: \"t2\" }");
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(first.url("t1") + "," + second.url("t2"));
        auto nc = co_await conats::connect(o.retain_order(true));
        CHECK(nc.connected_url() == first.url());
        first.kill();
        const bool moved =
            co_await async_eventually([&] { return nc.connected_url() == second.url(); });
        CHECK(moved);
    });
}

TEST_CASE(
    "F16, F04, P2.25 a server that answers no PING is left for another within three intervals") {
    nats_server first;
    nats_server second;
    run([&]() -> asio::awaitable<void> {
        const auto interval = scaled(300ms);
        const auto most = 3 * interval + scaled(100ms); // the third finds two unanswered, it moves
        auto best = test_clock::duration::max(); // the machine may be busy with something else
        for (int time = 0; time != 4 && best >= most; ++time) {
            conats::connect_options o = fast(first.url() + "," + second.url());
            auto nc = co_await conats::connect(
                o.retain_order(true).ping_interval(interval).max_pings_outstanding(2));
            CHECK(nc.connected_url() == first.url());
            first.pause();
            const auto begin = test_clock::now();
            const bool moved =
                co_await async_eventually([&] { return nc.connected_url() == second.url(); });
            best = std::min(best, test_clock::now() - begin);
            CHECK(moved);
            first.resume();
            co_await nc.close();
        }
        CHECK(best < most);
    });
}

TEST_CASE("B23, F22, S31, S35, S57 whatever ends a connection, it is told and made again") {
    using ending = std::pair<const char*, errc>;
    const auto [bytes, code] = GENERATE(
        ending("-ERR 'Stale Connection'\r\n", errc::stale_connection),
        ending("-ERR 'User Authentication Expired'\r\n", errc::authentication_expired),
        ending("-ERR 'User Authentication Revoked'\r\n", errc::authentication_revoked),
        ending("-ERR 'Account Authentication Expired'\r\n", errc::account_authentication_expired),
        ending("-ERR 'maximum connections exceeded'\r\n", errc::maximum_connections_exceeded),
        ending("-ERR 'maximum account active connections exceeded'\r\n",
               errc::maximum_account_connections_exceeded),
        ending("-ERR 'Connection throttling is active. Please try again later.'\r\n",
               errc::maximum_connections_exceeded),
        ending("-ERR 'Server Shutdown'\r\n", errc::server_shutdown),
        ending("-ERR 'Something new'\r\n", errc::disconnected),
        ending("NONSENSE\r\n", errc::protocol_error),
        ending("MSG a 1 1099511627776\r\n", errc::protocol_error), ending("", errc::disconnected));
    CAPTURE(bytes);
    std::vector<peer_script> scripts;
    scripts.emplace_back([&, text = std::string(bytes)](peer_session& s) {
        s.handshake();
        s.wait_for_test();
        s.send(text);
    });
    scripts.emplace_back([](peer_session& s) {
        s.handshake();
        s.serve();
    });
    scripted_peer peer(scripts);
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url()));
        auto events = nc.events();
        peer.proceed();
        conats::error why;
        std::string told; // before that
        for (bool back = false; !back;) {
            auto e = co_await events.next();
            if (e->kind() == event_kind::server_error && why.text().empty())
                told = e->what().text();
            if (e->status() == status::disconnected)
                why = e->what();
            back = e->status() == status::connected && !why.text().empty();
        }
        CHECK(why.code() == code);
        const std::string text(bytes);
        const auto quote = text.find('\'');
        if (quote != std::string::npos) { // the server's own words
            const std::string words = text.substr(quote + 1, text.rfind('\'') - quote - 1);
            CHECK((told == words || why.text() == words));
            CHECK((told == words) == (code == errc::disconnected));
        }
        co_await nc.flush(scaled(5s));
        CHECK(nc.statistics().reconnects == 1);
    });
}

TEST_CASE("F22 after an unknown -ERR that does not end it the connection goes on") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.wait_for_test();
        s.send("-ERR 'Something new'\r\n");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url()));
        auto events = nc.events();
        peer.proceed();
        conats::event e;
        while (e.kind() != event_kind::server_error) {
            auto next = co_await events.next();
            e = *next;
        }
        co_await nc.flush();
        CHECK(e.what().text() == "Something new");
        CHECK(nc.statistics().reconnects == 0);
    });
}

TEST_CASE("C02 the largest payload is the new server's, also for what was waiting") {
    nats_server server("max_payload: 1000");
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(server.url()));
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        server.stop();
        const bool lost = co_await reaches(nc, status::reconnecting);
        CHECK(lost);
        co_await nc.publish("a", std::string(900, 'x'));
        co_await nc.publish("a", "small");
        server.write_config("max_payload: 100");
        server.start();
        auto m = co_await sub.next(scaled(5s));
        CHECK(m->text() == "small");
        const auto all = take_events(events);
        CHECK(count_events(all, event_kind::publish_dropped) == 1);
        CHECK(nc.statistics().reconnects == 1);
        CHECK(nc.try_publish("a", std::string(200, 'x')).code() == errc::payload_too_large);
    });
}

TEST_CASE("C19, S66, S67 draining without a connection: a subscription ends, the client closes") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(server.url()));
        auto sub = co_await nc.subscribe("a");
        for (int i = 0; i != 100; ++i)
            co_await nc.publish("a", "x");
        co_await nc.flush();
        server.stop();
        const bool lost = co_await reaches(nc, status::reconnecting);
        CHECK(lost);
        co_await sub.drain();
        int received = 0;
        while (auto m = co_await sub.next())
            ++received;
        CHECK(received == 100);
        conats::error e;
        co_await nc.drain(e);
        CHECK(e == conats::condition::disconnected);
        CHECK_THAT(e.what(), StartsWith("disconnected: drain: the client is reconnecting: "));
        const bool closed = co_await reaches(nc, status::closed);
        CHECK(closed);
        CHECK_THAT(nc.close_reason().text(), StartsWith("the client is reconnecting: "));
    });
}

TEST_CASE("F25 no change of status is lost over twenty flaps") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.wait_for_test();
        s.close();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url()).reconnect_wait(1ms));
        auto events = nc.events();
        for (std::uint64_t flap = 1; flap <= 20; ++flap) {
            peer.proceed();
            const bool back = co_await async_eventually([&] {
                return nc.statistics().reconnects == flap && nc.status() == status::connected;
            });
            REQUIRE(back);
        }
        std::string expected = "connected";
        for (int i = 0; i != 20; ++i)
            expected += " disconnected reconnecting connected";
        CHECK(statuses(take_events(events)) == expected);
    });
}

TEST_CASE("F24 a server that accepts and hangs up counts as failed") {
    scripted_peer flapping([](peer_session& s) { s.close(); });
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(server.url() + "," + flapping.url());
        auto nc = co_await conats::connect(o.retain_order(true).max_reconnects(3));
        server.stop();
        auto events = nc.events();
        while (auto e = co_await events.next()) {}
        CHECK(nc.close_reason().code() == errc::no_servers);
        CHECK(flapping.connections() == 3);
    });
}
