// SPDX-License-Identifier: Apache-2.0
// Bytes that flow, stall, or lie about how many they are.
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/process.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"

#include <conats/conats.hpp>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::condition;
using conats::errc;
using test_clock = std::chrono::steady_clock;

namespace {

std::size_t virtual_bytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t pages = 0;
    file >> pages;
    return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

asio::awaitable<void> publish_tiny(conats::client nc, int count, int& running) {
    auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i != count; ++i) {
        co_await nc.publish("a", "x");
        co_await asio::post(executor, asio::use_awaitable);
    }
    --running;
}

} // namespace

TEST_CASE("B15 many small messages take few writes") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(server.url());
        const auto before = nc.statistics().writes;
        for (int i = 0; i != 10'000; ++i)
            co_await nc.publish("a", "x");
        co_await nc.flush();
        const auto by_one = nc.statistics().writes - before;
        CAPTURE(by_one);
        CHECK(by_one < 500);
        // 64 coroutines that give way after each message: one write for all of a turn.
        int running = 64;
        for (int i = 0; i != 64; ++i)
            asio::co_spawn(executor, publish_tiny(nc, 160, running), asio::detached);
        const bool done = co_await async_eventually([&] { return running == 0; });
        CHECK(done);
        co_await nc.flush();
        const auto by_many = nc.statistics().writes - before - by_one;
        CAPTURE(by_many);
        CHECK(by_many < 1000);
        CHECK(server.monitor().in_msgs() == 10'000 + 64 * 160);
    });
}

TEST_CASE("B15 a single message leaves at once") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto sub = co_await nc.subscribe("a");
        co_await nc.flush();
        // The best of many: what the machine does besides cannot make it fail, and a timer of 1 ms
        // cannot let it pass.
        auto best = test_clock::duration::max();
        const auto writes = nc.statistics().writes;
        for (int i = 0; i != 200; ++i) {
            const auto begin = test_clock::now();
            co_await nc.publish("a", "x");
            auto m = co_await sub.next(5s);
            best = std::min(best, test_clock::now() - begin);
        }
        CHECK(nc.statistics().writes >= writes + 200);
        CAPTURE(best.count());
        CHECK(best < scaled(1ms));
    });
}

TEST_CASE("B17 a server that takes no bytes for the write timeout is lost") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        constexpr auto write_timeout = 400ms;
        conats::connect_options o(server.url());
        auto nc = co_await conats::connect(o.write_timeout(write_timeout).max_reconnects(0));
        auto events = nc.events();
        auto sub = co_await nc.subscribe("silent");
        co_await nc.flush();
        auto request = nc.request("silent", "", 30s);
        server.pause();
        const std::string chunk(64 << 10, 'x');
        const auto begin = test_clock::now();
        conats::error e;
        std::size_t accepted = 0;
        for (; !e && accepted < 100'000; ++accepted)
            co_await nc.publish("a", chunk, e);
        const auto took = test_clock::now() - begin;
        CAPTURE(accepted, e);
        CHECK(e.code() == errc::disconnected);
        CHECK(e.text().find("write timeout") != std::string::npos);
        CHECK(took >= write_timeout);
        CHECK(took < write_timeout + scaled(5s));
        CHECK(nc.status() == conats::status::closed);
        CHECK(nc.close_reason().code() == errc::disconnected);
        // All that waits ends with the same.
        bool failed = false;
        try {
            auto reply = co_await std::move(request);
        } catch (const conats::system_error& error) {
            failed = error.code() == errc::disconnected;
        }
        CHECK(failed);
        while (auto m = co_await sub.next()) {}
        CHECK(sub.end_reason().code() == errc::disconnected);
        while (auto event = co_await events.next()) {}
        server.resume();
    });
}

TEST_CASE("B17 a server that is slow but takes bytes is not lost") {
    // Reads a little, then nothing for less than the timeout, and so on.
    scripted_peer slow(peer_options().receive_buffer(4096), [](peer_session& s) {
        s.handshake();
        for (int i = 0; i != 8; ++i) {
            s.stall(150ms);
            (void)s.read(512 << 10);
        }
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(slow.url());
        auto nc = co_await conats::connect(o.write_timeout(scaled(1s)));
        const std::string chunk(64 << 10, 'x');
        for (int i = 0; i != 150; ++i)
            co_await nc.publish("a", chunk);
        co_await nc.flush(scaled(10s));
        CHECK(nc.status() == conats::status::connected);
    });
    CHECK(slow.result() == "ok");
}

TEST_CASE("B23 S20 malformed and oversized lengths are a protocol error, without their memory") {
    const std::string line = GENERATE(
        "MSG a 1 1099511627776", "MSG a 1 r 1099511627776", "HMSG a 1 12 1099511627776",
        "HMSG a 1 1099511627776 1099511627776", "MSG a 1 1073741823", "MSG a 1 67108865",
        "HMSG a 1 12 67108865", "MSG a 1 -1", "HMSG a 1 -1 5", "HMSG a 1 12 -1", "HMSG a 1 13 12",
        "MSG a 1 18446744073709551616", "HMSG a 1 12 18446744073709551615",
        "MSG a 1 99999999999999999999999999", "MSG a 1 0x10", "MSG a 1 1e3", "MSG a 1 +1",
        "MSG a 1 1.0", "MSG a 1 ", "HMSG a 1 12", "MSG a 1 5 5 5");
    CAPTURE(line);
    scripted_peer peer([&](peer_session& s) {
        s.handshake();
        s.expect_subscribe();
        s.wait_for_test();
        s.send(line + "\r\n");
        s.wait_closed();
    });
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(peer.url());
        auto nc = co_await conats::connect(o.max_reconnects(0));
        auto sub = co_await nc.subscribe("a");
        const bool there = co_await async_eventually(
            [&] { return peer.received().find("SUB ") != std::string::npos; });
        CHECK(there);
        const auto resident = resident_bytes();
        const auto reserved = virtual_bytes();
        peer.proceed();
        auto m = co_await sub.next();
        CHECK_FALSE(m);
        CHECK(sub.end_reason().code() == errc::disconnected);
        CHECK(nc.close_reason().code() == errc::protocol_error);
        CHECK(nc.close_reason().code() == condition::protocol);
        CHECK(resident_bytes() < resident + (std::size_t{16} << 20U));
        CHECK(virtual_bytes() < reserved + (std::size_t{256} << 20U));
    });
    CHECK(peer.result() == "ok");
}

TEST_CASE("B23 the cap on what is received is the one that was set") {
    nats_server server("max_payload: 2000");
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        auto nc = co_await conats::connect(o.max_inbound_payload(1000).max_reconnects(0));
        auto sub = co_await nc.subscribe("a");
        co_await nc.publish("a", std::string(1000, 'x'));
        auto m = co_await sub.next(5s);
        CHECK(m->text().size() == 1000);
        co_await nc.publish("a", std::string(1001, 'x'));
        m = co_await sub.next(5s);
        CHECK_FALSE(m);
        CHECK(nc.close_reason().code() == errc::protocol_error);
    });
}

TEST_CASE("P2.24 the server's PINGs are answered while handlers and consumers are busy") {
    nats_server server("ping_interval: \"200ms\"\nping_max: 2");
    sniffing_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(proxy.url());
        bool release = false;
        int handled = 0;
        const auto busy = [&](conats::message) -> asio::awaitable<void> {
            co_await async_eventually([&] { return release; }, 15s);
            ++handled;
        };
        auto handler = nc.on("work", busy);
        auto unread = co_await nc.subscribe("unread");
        co_await nc.publish("work", "");
        co_await nc.publish("work", "");
        for (int i = 0; i != 5000; ++i)
            co_await nc.publish("unread", "x");
        co_await nc.flush();
        proxy.clear();
        // Three times as many as kill a connection that does not answer.
        const auto answered = [&] { return proxy.lines_from_client("PONG") >= 6; };
        const bool kept = co_await async_eventually(answered, 10s);
        CHECK(kept);
        CHECK(proxy.lines_from_server("PING") >= 6);
        CHECK(nc.status() == conats::status::connected);
        CHECK(handled == 0);
        CHECK(unread.statistics().pending_messages == 5000);
        release = true;
        co_await handler.drain();
        CHECK(handled == 2);
        co_await nc.flush();
    });
    CHECK(server.log().find("Stale") == std::string::npos);
}
