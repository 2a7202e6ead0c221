// SPDX-License-Identifier: Apache-2.0
// What a client counts, beside what the server and a proxy count.
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"

#include <boost/json/value_to.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

/// A number of the server's connection named `c`.
std::uint64_t server_says(const nats_server& server, std::string_view field) {
    const auto c = server.monitor().connection("c");
    return c ? boost::json::value_to<std::uint64_t>(c->at(field)) : 0;
}

} // namespace

TEST_CASE("L01 equal to what /connz says: messages and bytes in and out") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        auto nc = co_await conats::connect(o.name("c"));
        auto other = co_await conats::connect(server.url());
        auto echo = other.on("echo", [](const conats::message& m) { m.try_respond(m.text()); });
        auto sub = co_await nc.subscribe("a.*");
        auto more = co_await nc.subscribe("a.>");
        co_await other.flush();
        conats::publish_options with_headers;
        with_headers.headers(conats::headers().add("Name", "value")).reply("answers");
        for (int i = 0; i != 100; ++i) {
            co_await nc.publish("a.plain", std::string(static_cast<std::size_t>(i), 'x'));
            co_await nc.publish("a.headers", "payload", with_headers);
            co_await other.publish("a.other", "from elsewhere", with_headers);
            auto reply = co_await nc.request("echo", "hello");
        }
        // Too late for it, but not for the count: the server has sent them.
        more.unsubscribe();
        co_await nc.flush();
        co_await other.flush();
        co_await nc.flush();
        const auto now = nc.statistics();
        CHECK(now.out_messages == 300);
        CHECK(now.in_messages >= 400);
        CHECK(now.out_messages == server_says(server, "in_msgs"));
        CHECK(now.out_bytes == server_says(server, "in_bytes"));
        CHECK(now.in_messages == server_says(server, "out_msgs"));
        CHECK(now.in_bytes == server_says(server, "out_bytes"));
        CHECK(now.subscriptions == server_says(server, "subscriptions"));
        CHECK(now.connects == 1);
        CHECK(now.reconnects == 0);
        CHECK(now.pings_outstanding == 0);
        CHECK(now.outbox_bytes == 0);
        CHECK(now.write_stall == 0ns);
        CHECK(conats::client().statistics().socket_bytes_in == 0);
        // Its own answer that nobody is there is no message to the server.
        conats::error e;
        auto none = co_await nc.request("nobody", "", scaled(5s), e);
        CHECK(e.code() == conats::errc::no_responders);
        CHECK(nc.statistics().in_messages == server_says(server, "out_msgs") + 1);
    });
}

TEST_CASE("L01 bytes of the socket are those that a proxy has seen, over several connections") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    const bool send_now = GENERATE(false, true);
    CAPTURE(send_now);
    run([&]() -> asio::awaitable<void> {
        auto o = fast(proxy.url());
        auto nc = co_await conats::connect(o.send_now(send_now));
        auto sub = co_await nc.subscribe("a");
        for (int i = 0; i != 10; ++i)
            co_await nc.publish("a", conats::owned_payload(std::string(40'000, 'x')));
        for (int i = 0; i != 10; ++i)
            auto m = co_await sub.next(scaled(5s));
        proxy.cut();
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        co_await nc.flush(); // the proxy has seen what was written
        proxy.reset();
        const bool back_again = co_await reconnects(nc, 2);
        CHECK(back_again);
        co_await nc.flush();
        const auto now = nc.statistics();
        CHECK(now.connects == 3);
        CHECK(now.reconnects == 2);
        CHECK(now.socket_bytes_out > 400'000);
        CHECK(now.socket_bytes_out == proxy.from_client().size());
        CHECK(now.socket_bytes_in == proxy.from_server().size());
        co_await nc.close();
    });
}

TEST_CASE("L01 attempts that failed and PINGs without an answer are counted") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.expect("PING");
        s.expect("PING");
        s.wait_for_test();
        s.send("PONG\r\nPONG\r\n");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o("127.0.0.1:1, " + peer.url());
        auto nc = co_await conats::connect(o.retain_order(true));
        CHECK(nc.statistics().failed_attempts == 1);
        CHECK(nc.statistics().connects == 1);
        auto executor = co_await asio::this_coro::executor;
        conats::error e1;
        conats::error e2;
        auto first = asio::co_spawn(executor, nc.flush(scaled(10s), e1), asio::deferred);
        auto second = asio::co_spawn(executor, nc.flush(scaled(10s), e2), asio::deferred);
        auto both = asio::experimental::make_parallel_group(std::move(first), std::move(second));
        bool done = false;
        both.async_wait(asio::experimental::wait_for_all(), [&done](auto&&...) { done = true; });
        const bool two =
            co_await async_eventually([&] { return nc.statistics().pings_outstanding == 2; });
        CHECK(two);
        peer.proceed();
        const bool answered = co_await async_eventually([&] { return done; });
        CHECK(answered);
        CHECK_FALSE(e1);
        CHECK_FALSE(e2);
        CHECK(nc.statistics().pings_outstanding == 0);
    });
    CHECK(peer.result() == "ok");
}

TEST_CASE("L02 a subscription counts delivered, dropped and pending, and the most pending") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto sub =
            co_await nc.subscribe("a", conats::subscribe_options().pending_limits(10, 1 << 20));
        for (int i = 0; i != 15; ++i)
            co_await nc.publish("a", "12345");
        co_await nc.flush();
        auto now = sub.statistics();
        CHECK(now.delivered == 0);
        CHECK(now.dropped == 5);
        CHECK(now.pending_messages == 10);
        CHECK(now.pending_bytes == 10 * (5 + 64));
        CHECK(now.max_pending_messages == 10);
        CHECK(now.oldest_pending > 0ns);
        for (int i = 0; i != 10; ++i)
            CHECK(sub.try_next());
        now = sub.statistics();
        CHECK(now.delivered == 10);
        CHECK(now.dropped == 5);
        CHECK(now.pending_messages == 0);
        CHECK(now.pending_bytes == 0);
        CHECK(now.max_pending_messages == 10);
        CHECK(now.oldest_pending == 0ns);
        CHECK(nc.statistics().dropped_messages == 5);
        CHECK(conats::subscription().statistics().oldest_pending == 0ns);
    });
}

TEST_CASE("L12 a blocked handler shows up in the age of the oldest pending message") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        gate closed(co_await asio::this_coro::executor);
        auto sub = nc.on(
            "a", [&](const conats::message&) -> asio::awaitable<void> { co_await closed.pass(); });
        for (int i = 0; i != 3; ++i)
            co_await nc.publish("a", "x");
        co_await nc.flush();
        const bool stuck = co_await async_eventually([&] { return closed.waiting() == 1; });
        CHECK(stuck);
        const auto before = sub.statistics();
        CHECK(before.pending_messages == 2); // the first one is the handler's
        const bool older = co_await async_eventually(
            [&] { return sub.statistics().oldest_pending >= before.oldest_pending + 20ms; });
        CHECK(older);
        closed.open();
        const bool done =
            co_await async_eventually([&] { return sub.statistics().delivered == 3; });
        CHECK(done);
        CHECK(sub.statistics().oldest_pending == 0ns);
    });
}

TEST_CASE("L12 a server that reads nothing shows up in the stall of the writer and the outbox") {
    scripted_peer deaf(peer_options().receive_buffer(4096), [](peer_session& s) {
        s.handshake();
        s.wait_for_test();
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(deaf.url());
        auto nc = co_await conats::connect(o.send_buffer_size(4096).write_timeout(scaled(60s)));
        CHECK(nc.statistics().write_stall == 0ns);
        const std::string chunk(256 << 10, 'x');
        for (int i = 0; i != 20; ++i)
            CHECK_FALSE(nc.try_publish("a", chunk));
        const bool stalls =
            co_await async_eventually([&] { return nc.statistics().write_stall >= 30ms; });
        CHECK(stalls);
        const auto now = nc.statistics();
        CHECK(now.outbox_bytes > 0);
        CHECK(now.out_messages == 20);
        CHECK(now.socket_bytes_out < 20 * chunk.size());
        deaf.proceed();
        co_await nc.flush(scaled(10s));
        CHECK(nc.statistics().write_stall < 30ms + scaled(1s));
        CHECK(nc.statistics().outbox_bytes == 0);
        co_await nc.close();
        CHECK(nc.statistics().write_stall == 0ns);
    });
    CHECK(deaf.result() == "ok");
}
