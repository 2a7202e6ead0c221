// SPDX-License-Identifier: Apache-2.0
// A server announces its shutdown, and the client moves to another.
#include "integration/helpers.hpp"
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"
#include "support/nats_cluster.hpp"
#include "support/scripted_peer.hpp"

#include <conats/connect_attempt.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_future.hpp>

#include <string>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::event_kind;
using conats::lame_duck_policy;
using conats::status;

namespace {

conats::connect_options to(const scripted_peer& first, const scripted_peer& second) {
    return fast(first.url() + "," + second.url()).retain_order(true);
}

std::string lame() {
    return info_builder().lame_duck(true).line();
}

/// Everything the old server is told when it is left; its last messages come meanwhile.
void be_left(peer_session& s, std::string_view last_words) {
    s.expect("UNSUB 1");
    s.expect("PING");
    s.send(last_words);
    s.send("PONG\r\n");
    s.wait_closed();
}

/// A server that is lame once it has a request, and is left only when the test says so.
void lame_when_asked(peer_session& s) {
    s.handshake();
    s.expect("SUB _INBOX.");
    (void)s.expect_publish();
    s.send(lame());
    s.expect("PING"); // the inbox stays until the end
    s.wait_for_test();
    s.send("PONG\r\n");
    s.wait_closed();
}

} // namespace

TEST_CASE("F11 of a cluster's server in lame duck mode a client moves without loss or doubles") {
    // The grace is long: who is on another server before has moved by itself.
    nats_cluster cluster(3, "lame_duck_grace_period: \"20s\"\nlame_duck_duration: \"30s\"\n");
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(cluster[0].url()).max_reconnects(3));
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        auto service = nc.on("ask", [](const conats::message& m) { (void)m.try_respond("yes"); });
        co_await nc.flush();
        bool told = false;
        std::uint64_t sent = 0;
        std::uint64_t answers = 0;
        const auto until = std::chrono::steady_clock::now() + scaled(10s);
        // Through the move and for a while after it.
        for (std::uint64_t after = 0; after < 500 && std::chrono::steady_clock::now() < until;) {
            const std::string number = std::to_string(sent++);
            co_await nc.publish("a", number);
            if (sent == 200) {
                cluster[0].lame_duck();
                told = true;
            }
            if (sent % 10 == 0) {
                const auto answer = co_await nc.request("ask", "?");
                answers += answer.text() == "yes" ? 1 : 0;
            }
            after += nc.statistics().reconnects;
        }
        CHECK(told);
        CHECK(answers == sent / 10);
        CHECK(nc.statistics().reconnects == 1);
        CHECK(nc.connected_url() != cluster[0].url());
        CHECK(cluster[0].running());
        for (std::uint64_t i = 0; i != sent; ++i) {
            const auto m = co_await sub.next(scaled(5s));
            REQUIRE(m);
            REQUIRE(m->text() == std::to_string(i));
        }
        co_await nc.flush();
        CHECK_FALSE(sub.try_next());
        const auto all = take_events(events);
        CHECK(count_events(all, event_kind::lame_duck) == 1);
        CHECK(statuses(all) == "connected connected");
        // Each subscription once, and the inbox.
        const std::size_t at = cluster.index_of(nc.connected_url());
        REQUIRE(at < cluster.size());
        const auto connz = cluster[at].monitor().get("/connz?subs=1");
        CHECK(connz.at("connections").at(0).at("subscriptions").to_number<int>() == 3);
        co_await nc.drain();
    });
}

TEST_CASE("F11, S54 what the old server sends is delivered, and what is held goes to the new one") {
    scripted_peer old([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        s.expect("PING");
        s.send("PONG\r\nMSG a 1 6\r\nbefore\r\n" + lame() + "MSG a 1 5\r\nafter\r\n" + lame());
        s.expect("UNSUB 1");
        s.expect("PING");
        s.wait_for_test();
        s.send("MSG a 1 4\r\nlast\r\nPONG\r\n");
        s.wait_closed();
    });
    scripted_peer next([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        if (s.expect_publish().payload != "held")
            s.fail("not what was held");
        s.expect("PING"); // of the flush, behind it
        s.send("PONG\r\nMSG a 1 4\r\nnext\r\n");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(to(old, next));
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        co_await nc.flush();
        const bool left = co_await async_eventually(
            [&] { return old.received().ends_with("UNSUB 1\r\nPING\r\n"); });
        REQUIRE(left);
        CHECK(nc.status() == status::connected);
        CHECK(nc.connected_url() == old.url());
        co_await nc.publish("b", "held");
        auto flushed =
            asio::co_spawn(co_await asio::this_coro::executor, nc.flush(), asio::use_future);
        old.proceed();
        std::string all;
        for (int i = 0; i != 4; ++i) {
            const auto m = co_await sub.next(scaled(5s));
            REQUIRE(m);
            all.append(m->text()).append(" ");
        }
        CHECK(all == "before after last next ");
        CHECK(nc.connected_url() == next.url());
        const bool done = co_await async_eventually(
            [&] { return flushed.wait_for(0s) == std::future_status::ready; });
        REQUIRE(done);
        CHECK_NOTHROW(flushed.get());
        const auto told = take_events(events);
        CHECK(count_events(told, event_kind::lame_duck) == 1);
        CHECK(statuses(told) == "connected connected");
        CHECK(old.result() == "ok");
        CHECK(next.result() == "ok");
        CHECK(old.received().find("PUB") == std::string::npos);
    });
}

TEST_CASE("F11 a request under way is answered at either server, one made meanwhile at the new") {
    scripted_peer old(lame_when_asked);
    scripted_peer next([](peer_session& s) {
        s.handshake();
        s.expect("SUB _INBOX."); // ahead of the move, and only then
        const auto held = s.expect_publish();
        if (held.subject != "second")
            s.fail("PUB " + held.subject);
        s.send_message(held.reply, "1", "two");
        s.expect("PUB third ");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(to(old, next));
        auto executor = co_await asio::this_coro::executor;
        auto first =
            asio::co_spawn(executor, nc.request("first", "", scaled(20s)), asio::use_future);
        const bool left =
            co_await async_eventually([&] { return old.received().ends_with("\r\n\r\nPING\r\n"); });
        REQUIRE(left);
        auto second =
            asio::co_spawn(executor, nc.request("second", "", scaled(20s)), asio::use_future);
        co_await turns(4); // it is asked by then
        old.proceed();
        const bool two = co_await async_eventually(
            [&] { return second.wait_for(0s) == std::future_status::ready; });
        REQUIRE(two);
        CHECK(second.get().text() == "two");
        CHECK(first.wait_for(0s) != std::future_status::ready); // still waits
        CHECK(nc.statistics().pending_requests == 1);
        co_await nc.publish("third", "");
        co_await nc.flush();
        CHECK(next.result() == "ok");
        co_await nc.close();
        CHECK_THROWS(first.get());
    });
}

TEST_CASE("F11 with event_only, a chooser or without reconnecting a client stays") {
    scripted_peer old([](peer_session& s) {
        s.handshake();
        s.send(lame());
        s.serve();
    });
    scripted_peer next([](peer_session& s) {
        s.handshake();
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        for (int variant = 0; variant != 3; ++variant) {
            conats::connect_options o = to(old, next);
            if (variant == 0)
                o.when_lame_duck(lame_duck_policy::event_only);
            if (variant == 1)
                o.server_chooser(
                    [](const std::vector<conats::server_state>&, const conats::server_info&) {
                        return conats::server_choice(0);
                    });
            if (variant == 2)
                o.max_reconnects(0);
            auto nc = co_await conats::connect(o);
            const bool told =
                co_await async_eventually([&] { return nc.server_info().lame_duck_mode; });
            CHECK(told);
            co_await pause(scaled(50ms)); // ten times the jitter
            co_await nc.flush();
            CHECK(nc.connected_url() == old.url());
            CHECK(next.connections() == 0);
            co_await nc.close();
        }
    });
}

TEST_CASE("F11 a client stays while no other server takes it, and tries again") {
    scripted_peer old([](peer_session& s) {
        s.handshake();
        s.send(lame());
        s.serve();
    });
    scripted_peer next({[](peer_session& s) { s.reset(); },
                        [](peer_session& s) { // lame itself
                            s.info().lame_duck(true);
                            s.handshake();
                            s.wait_closed();
                        },
                        [](peer_session& s) {
                            s.handshake();
                            s.serve();
                        }});
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(to(old, next));
        auto events = nc.events();
        const bool moved = co_await reconnects(nc, 1);
        CHECK(moved);
        CHECK(nc.connected_url() == next.url());
        CHECK(next.connections() == 3);
        CHECK(nc.last_attempt().number() == 4); // of both servers
        CHECK(old.connections() == 1);
        co_await nc.flush();
        const auto all = take_events(events);
        CHECK(failed_attempts(all) == 2);
        CHECK(statuses(all) == "connected connected");
        // The lame server is tried last from now on.
        REQUIRE(nc.servers().size() == 2);
        CHECK(nc.servers()[0].is_current());
        CHECK(nc.servers()[1].url() == old.url());
    });
}

TEST_CASE("F11 the lame server closes in the middle of the move: nothing held is lost") {
    scripted_peer old([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        s.send(lame());
        s.expect("UNSUB 1");
        s.wait_for_test(); // no PONG
        s.reset();
    });
    scripted_peer next({[](peer_session& s) { // the spare, which nobody needs any more
                            s.handshake();
                            s.wait_closed();
                        },
                        [](peer_session& s) {
                            s.handshake();
                            s.expect("SUB a 1");
                            if (s.expect_publish().payload != "held")
                                s.fail("not what was held");
                            s.serve();
                        }});
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(to(old, next));
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        const bool left = co_await async_eventually(
            [&] { return old.received().ends_with("UNSUB 1\r\nPING\r\n"); });
        REQUIRE(left);
        co_await nc.publish("b", "held");
        old.proceed();
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        CHECK(next.result(2) == "ok");
        CHECK(statuses(take_events(events)) == "connected disconnected reconnecting connected");
    });
}

TEST_CASE("F11 a lame server that falls silent in the middle of the move is given up") {
    scripted_peer old([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        s.send(lame());
        s.expect("UNSUB 1");
        s.wait_for_test(); // no PONG
    });
    const auto serve = [](peer_session& s) {
        s.handshake();
        s.serve();
    };
    scripted_peer next({serve, serve});
    run([&]() -> asio::awaitable<void> {
        auto options = to(old, next);
        options.connect_timeout(scaled(300ms)).ping_interval(0s); // no PING would find it
        auto nc = co_await conats::connect(options);
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        const bool left = co_await async_eventually(
            [&] { return old.received().ends_with("UNSUB 1\r\nPING\r\n"); });
        REQUIRE(left);
        co_await nc.publish("b", "held");
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        co_await nc.flush();
        CHECK(next.received().ends_with("SUB a 1\r\nPUB b 4\r\nheld\r\nPING\r\n"));
        CHECK(statuses(take_events(events)) == "connected disconnected reconnecting connected");
        old.proceed();
    });
}

TEST_CASE("F11, C19 a drain or close in the middle of the move ends the client at the old server") {
    const bool drain = GENERATE(true, false);
    CAPTURE(drain);
    scripted_peer old([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        s.send(lame());
        s.expect("UNSUB 1");
        s.expect("PING");
        (void)s.expect_publish();
        s.wait_for_test();
        s.send("MSG a 1 4\r\nlast\r\nPONG\r\n");
        s.serve();
    });
    scripted_peer next([](peer_session& s) {
        s.handshake();
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(to(old, next));
        auto sub = co_await nc.subscribe("a");
        const bool left = co_await async_eventually(
            [&] { return old.received().ends_with("UNSUB 1\r\nPING\r\n"); });
        REQUIRE(left);
        co_await nc.publish("b", "held");
        auto executor = co_await asio::this_coro::executor;
        auto ending = asio::co_spawn(executor, drain ? nc.drain() : nc.close(), asio::use_future);
        const bool sent = co_await async_eventually(
            [&] { return old.received().find("PUB b 4\r\nheld\r\n") != std::string::npos; });
        CHECK(sent);
        old.proceed();
        const auto m = co_await sub.next(scaled(5s));
        CHECK((m.has_value() || !drain));
        if (m)
            CHECK(m->text() == "last");
        while (co_await sub.next(scaled(5s))) {}
        const bool ended = co_await async_eventually(
            [&] { return ending.wait_for(0s) == std::future_status::ready; });
        REQUIRE(ended);
        CHECK_NOTHROW(ending.get());
        CHECK(nc.status() == status::closed);
        CHECK(next.received().find("PUB") == std::string::npos);
    });
}

TEST_CASE("F11, F07 a move goes to the servers that were set last, and to none before") {
    scripted_peer old([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        s.send(lame());
        s.serve();
    });
    const auto friendly = [](peer_session& s) {
        s.handshake();
        s.serve();
    };
    scripted_peer removed(friendly);
    scripted_peer set(friendly);
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(to(old, removed));
        REQUIRE_FALSE(nc.set_servers(set.url()));
        auto sub = co_await nc.subscribe("a"); // then it is lame
        const bool moved = co_await reconnects(nc, 1);
        CHECK(moved);
        CHECK(nc.connected_url() == set.url());
        CHECK(removed.connections() == 0);
    });
}

TEST_CASE("F11 a request that was held and never sent says so, and one that was sent") {
    scripted_peer old(lame_when_asked);
    peer_options small;
    small.receive_buffer(4096);
    scripted_peer next(small, [](peer_session& s) {
        s.handshake();
        s.expect("SUB _INBOX.");
        s.stop_reading(); // what is held does not get through
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(to(old, next).close_timeout(20ms));
        auto executor = co_await asio::this_coro::executor;
        auto first =
            asio::co_spawn(executor, nc.request("first", "", scaled(20s)), asio::use_future);
        const bool left =
            co_await async_eventually([&] { return old.received().ends_with("\r\n\r\nPING\r\n"); });
        REQUIRE(left);
        for (int i = 0; i != 7; ++i) // more than a socket takes
            REQUIRE_FALSE(nc.try_publish("b", std::string(std::size_t{1} << 20U, 'x')));
        conats::error held;
        bool ended = false;
        const auto ask = [&]() -> asio::awaitable<void> {
            (void)co_await nc.request("held", "", scaled(1s), held);
            ended = true;
        };
        asio::co_spawn(executor, ask(), asio::detached);
        co_await turns(4); // it is asked by then
        old.proceed();
        const bool timed_out = co_await async_eventually([&] { return ended; });
        REQUIRE(timed_out);
        CHECK(held == errc::timeout);
        CHECK_FALSE(held.was_written());
        CHECK(nc.connected_url() == next.url());
        co_await nc.close();
        try {
            (void)first.get();
            FAIL("it was answered");
        } catch (const conats::system_error& e) {
            CHECK(e.details().was_written());
        }
    });
}

TEST_CASE("F11 a subscription keeps what is left of its maximum over a move") {
    scripted_peer old([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        s.expect("UNSUB 1 5");
        s.send("MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\n" + lame());
        be_left(s, "MSG a 1 1\r\n3\r\n");
    });
    scripted_peer next([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        s.expect("UNSUB 1 2");
        s.send("MSG a 1 1\r\n4\r\nMSG a 1 1\r\n5\r\n");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(to(old, next));
        conats::subscribe_options five;
        five.max_messages(5);
        auto sub = co_await nc.subscribe("a", five);
        std::string all;
        while (auto m = co_await sub.next(scaled(5s)))
            all += m->text();
        CHECK(all == "12345");
        CHECK(sub.end_reason() == errc::max_messages_reached);
        CHECK(old.result() == "ok");
        CHECK(next.result() == "ok");
    });
}

TEST_CASE("P2.92 what is published while a drained client sends its last is refused as draining") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        s.expect("UNSUB 1");
        s.expect("PING");
        s.send("PONG\r\n");
        s.expect("PING"); // behind the publications
        s.wait_for_test();
        s.send("PONG\r\n");
        s.wait_closed();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto sub = co_await nc.subscribe("a");
        auto draining =
            asio::co_spawn(co_await asio::this_coro::executor, nc.drain(), asio::use_future);
        const bool last = co_await reaches(nc, status::draining_pubs);
        REQUIRE(last);
        const conats::error refused = nc.try_publish("b", "late");
        CHECK(refused == errc::draining);
        CHECK(refused == conats::condition::closed);
        CHECK(refused.text() == "publish: the client is draining");
        try {
            (void)co_await nc.subscribe("c");
            FAIL("subscribed while draining");
        } catch (const conats::system_error& e) {
            CHECK(e.details() == errc::draining);
        }
        peer.proceed();
        const bool ended = co_await async_eventually(
            [&] { return draining.wait_for(0s) == std::future_status::ready; });
        REQUIRE(ended);
        CHECK_NOTHROW(draining.get());
        CHECK(nc.try_publish("b", "late") == errc::closed);
        CHECK(peer.received().find("PUB") == std::string::npos);
    });
}
