// SPDX-License-Identifier: Apache-2.0
// Very many operations that are each small: nothing of them stays.
#include "integration/helpers.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"
#include "support/sniffing_proxy.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <chrono>
#include <cstdint>
#include <string>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

void echo_back(const conats::message& m) {
    m.try_respond(m.text());
}

conats::connect_options named(const std::string& url, std::string_view name) {
    conats::connect_options o(url);
    o.name(name);
    return o;
}

} // namespace

TEST_CASE("S129 a hundred thousand subscriptions that come and go leave nothing behind") {
    nats_server server;
    run(
        [&]() -> asio::awaitable<void> {
            constexpr int count = sanitized ? 5'000 : 100'000;
            auto nc = co_await conats::connect(named(server.url(), "subscriber"));
            const auto ignore = [](const conats::message&) {};
            std::size_t warm = 0;
            for (int i = 0; i != count; ++i) {
                const std::string subject = "a." + std::to_string(i);
                if (i % 100 == 99) {
                    auto sub = co_await nc.subscribe(subject);
                    co_await nc.publish(subject, "x");
                    co_await sub.drain();
                } else if (i % 3 == 0) {
                    auto sub = nc.on(subject, ignore); // its destructor unsubscribes
                } else {
                    auto sub = co_await nc.subscribe(subject);
                    sub.unsubscribe();
                }
                if (i == count / 5)
                    warm = resident_bytes();
            }
            co_await nc.flush();
            CHECK(nc.statistics().subscriptions == 0);
            CHECK(server.monitor().subscriptions("subscriber") == 0);
            if (!sanitized) // which keep what was freed
                CHECK(resident_bytes() < warm + (std::size_t{1} << 20U));
        },
        60s);
}

TEST_CASE("S130 of a hundred thousand requests every second one times out, and none is kept") {
    nats_server server;
    run(
        [&]() -> asio::awaitable<void> {
            auto executor = co_await asio::this_coro::executor;
            auto nc = co_await conats::connect(named(server.url(), "requester"));
            auto other = co_await conats::connect(server.url());
            auto service = other.on("echo", echo_back);
            const auto ignore = [](const conats::message&) {};
            auto silent = other.on("silent", ignore);
            co_await other.flush();
            constexpr int workers = 500;
            constexpr int each = sanitized ? 10 : 200;
            int ended = 0;
            int answered = 0;
            int timed_out = 0;
            int wrong = 0;
            const auto work = [&](int id) -> asio::awaitable<void> {
                for (int i = 0; i != each; ++i) {
                    const std::string text = std::to_string(id * each + i);
                    conats::request_options o;
                    conats::error e;
                    const bool asks_silent = i % 2 == 0;
                    o.timeout(asks_silent ? conats::test::duration(20ms) : scaled(20s));
                    const auto reply =
                        co_await nc.request(asks_silent ? "silent" : "echo", text, o, e);
                    if (asks_silent)
                        timed_out += e == errc::timeout ? 1 : 0;
                    else
                        answered += !e && reply.text() == text ? 1 : 0;
                    wrong += asks_silent && !reply.text().empty() ? 1 : 0;
                }
                ++ended;
            };
            for (int id = 0; id != workers; ++id)
                asio::co_spawn(executor, work(id), asio::detached);
            const bool all = co_await async_eventually([&] { return ended == workers; }, 50s);
            CHECK(all);
            CHECK(timed_out == workers * each / 2);
            CHECK(answered == workers * each / 2);
            CHECK(wrong == 0);
            CHECK(nc.statistics().pending_requests == 0);
            CHECK(nc.statistics().subscriptions == 1);
            CHECK(server.monitor().subscriptions("requester") == 1);
        },
        60s);
}

TEST_CASE("S85 a thousand requests by a hundred callers over 200 ms take ten round trips") {
    nats_server server;
    sniffing_proxy wire(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto other = co_await conats::connect(server.url());
        auto service = other.on("echo", echo_back);
        co_await other.flush();
        auto nc = co_await conats::connect(wire.url());
        wire.delay(flow::to_server, 100ms);
        wire.delay(flow::to_client, 100ms);
        constexpr int callers = 100;
        constexpr int each = 10;
        int right = 0;
        int ended = 0;
        const auto call = [&](int id) -> asio::awaitable<void> {
            for (int i = 0; i != each; ++i) {
                const std::string text = std::to_string(id * each + i);
                const auto reply = co_await nc.request("echo", text, scaled(5s));
                right += reply.text() == text ? 1 : 0;
            }
            ++ended;
        };
        const auto begin = std::chrono::steady_clock::now();
        for (int id = 0; id != callers; ++id)
            asio::co_spawn(executor, call(id), asio::detached);
        const bool all = co_await async_eventually([&] { return ended == callers; }, 15s);
        const auto took = std::chrono::steady_clock::now() - begin;
        CHECK(all);
        CHECK(right == callers * each);
        CHECK(took >= 2s);
        CHECK(took < 2s + scaled(1s));
        wire.delay(flow::to_server, 0ms);
        wire.delay(flow::to_client, 0ms);
    });
}
