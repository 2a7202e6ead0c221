// SPDX-License-Identifier: Apache-2.0
// Sending in the call that publishes.
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"

#include <boost/asio/detached.hpp>

#include <string>
#include <thread>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

conats::connect_options options(const std::string& url, bool on) {
    conats::connect_options o(url);
    o.send_now(on);
    return o;
}

/// Blocks the client's only thread until the peer has got `text`.
bool arrives(const scripted_peer& peer, std::string_view text, duration within = 5s) {
    return eventually([&] { return peer.received().find(text) != std::string::npos; }, within);
}

} // namespace

TEST_CASE("B16 publications, requests and PINGs are sent before the call returns") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(options(peer.url(), true));
        co_await turns(3); // the writer comes to rest
        const auto before = nc.statistics().writes;
        CHECK_FALSE(nc.try_publish("now", "one"));
        CHECK(arrives(peer, "PUB now 3\r\none\r\n"));
        CHECK_FALSE(nc.try_publish("now", "two"));
        CHECK(arrives(peer, "PUB now 3\r\ntwo\r\n"));
        auto large = conats::owned_payload(std::string(20'000, 'x'));
        CHECK_FALSE(nc.try_publish("large", large, conats::publish_options()));
        CHECK(arrives(peer, std::string(20'000, 'x') + "\r\n"));
        auto unawaited = nc.request("ask", "me", 10s);
        CHECK(arrives(peer, "me\r\n"));
        CHECK(nc.statistics().writes == before + 4);
        CHECK(nc.statistics().outbox_bytes == 0);
        co_await nc.flush();
        co_await nc.publish("now", "three");
        CHECK(arrives(peer, "three\r\n"));
    });
    CHECK(peer.result() == "ok");
}

TEST_CASE("B16 without it the executor's turn is waited for") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(options(peer.url(), false));
        co_await turns(3);
        CHECK_FALSE(nc.try_publish("later", "one"));
        CHECK_FALSE(arrives(peer, "PUB", 50ms));
        co_await nc.flush();
        CHECK(arrives(peer, "PUB later 3\r\none\r\n"));
    });
}

TEST_CASE("B16 what the kernel does not take is sent behind it, whole and in order") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(options(proxy.url(), true).max_reconnects(0));
        auto other = co_await conats::connect(server.url());
        auto sub = co_await other.subscribe("a");
        co_await other.flush();
        proxy.stall(flow::to_server);
        const std::string filler(700'000, 'x');
        int sent = 0;
        for (; nc.statistics().outbox_bytes == 0; ++sent) { // until the kernel is full
            const std::string text = std::to_string(sent) + ' ' + filler;
            conats::error e;
            if (sent % 2 == 0)
                e = nc.try_publish("a", text);
            else
                e = nc.try_publish("a", conats::owned_payload(std::string(text)),
                                   conats::publish_options());
            REQUIRE_FALSE(e);
            REQUIRE(sent < 100);
        }
        co_await turns(3);
        for (int more = 0; more != 3; ++more, ++sent)
            co_await nc.publish("a", std::to_string(sent) + " end");
        proxy.resume(flow::to_server);
        co_await nc.flush();
        for (int i = 0; i != sent; ++i) {
            auto m = co_await sub.next(5s);
            REQUIRE(m);
            const std::string head = std::to_string(i) + ' ';
            const bool whole = m->text() == head + filler || m->text() == head + "end";
            CHECK(whole);
        }
        CHECK_FALSE(nc.try_publish("a", "again"));
        auto m = co_await sub.next(5s);
        CHECK(m->text() == "again");
    });
}

TEST_CASE("B16 from several threads each message goes once, in its thread's order") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(options(server.url(), true));
        auto sub = co_await nc.subscribe("a.*");
        co_await nc.flush();
        constexpr int threads = 4;
        constexpr int each = 500;
        std::vector<std::jthread> all;
        for (int t = 0; t != threads; ++t)
            all.emplace_back([nc, t] {
                for (int i = 0; i != each; ++i)
                    (void)nc.try_publish("a." + std::to_string(t), std::to_string(i));
            });
        std::vector<int> next(threads);
        for (int i = 0; i != threads * each; ++i) {
            auto m = co_await sub.next(5s);
            REQUIRE(m);
            int& expected = next[static_cast<std::size_t>(m->subject().back() - '0')];
            REQUIRE(m->text() == std::to_string(expected++));
        }
        for (std::jthread& t : all)
            t.join();
        CHECK(nc.statistics().out_messages == threads * each);
    });
}

TEST_CASE("B16 a lost connection is found out as ever, and closing sends what was accepted") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto other = co_await conats::connect(server.url());
        auto sub = co_await other.subscribe("a");
        co_await other.flush();
        {
            auto nc = co_await conats::connect(options(server.url(), true));
            for (int i = 0; i != 100; ++i)
                co_await nc.publish("a", "x");
            co_await nc.close();
            CHECK(nc.try_publish("a", "").code() == errc::closed);
        }
        for (int i = 0; i != 100; ++i) {
            auto m = co_await sub.next(5s);
            CHECK(m);
        }
        sniffing_proxy proxy(server.host(), server.port());
        auto nc = co_await conats::connect(options(proxy.url(), true).max_reconnects(0));
        co_await turns(3);
        proxy.reset();
        const bool refused = co_await async_eventually(
            [&] { return nc.try_publish("a", "x").code() == errc::disconnected; });
        CHECK(refused);
    });
}
