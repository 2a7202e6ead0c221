// SPDX-License-Identifier: Apache-2.0
// What a client measures of requests and flushes.
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/sniffing_proxy.hpp"

#include <string>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

TEST_CASE("L03 round trips through a proxy that delays them, of requests and flushes") {
    const bool own_inboxes = GENERATE(false, true);
    CAPTURE(own_inboxes);
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(proxy.url());
        o.record_latency(true).unique_inboxes(own_inboxes);
        auto nc = co_await conats::connect(o);
        auto other = co_await conats::connect(server.url());
        auto service = other.on("echo", [](const conats::message& m) { m.try_respond(m.text()); });
        auto silent = co_await other.subscribe("silent");
        co_await other.flush();
        CHECK(nc.latency().requests.count() == 0);
        for (int i = 0; i != 20; ++i) {
            auto reply = co_await nc.request("echo", "quick");
            co_await nc.flush();
        }
        const auto quick = nc.latency();
        CHECK(quick.requests.count() == 20);
        CHECK(quick.flushes.count() == 20);
        CHECK(quick.requests.min() > 0ns);
        constexpr auto delay = 50ms;
        proxy.delay(flow::to_client, delay);
        for (int i = 0; i != 20; ++i) {
            auto reply = co_await nc.request("echo", "slow");
            auto took = co_await nc.rtt();
            CHECK(took >= delay);
        }
        const auto both = nc.latency();
        CHECK(both.requests.count() == 40);
        CHECK(both.flushes.count() == 40);
        for (const auto& h : {both.requests, both.flushes}) {
            CHECK(h.min() < delay); // the quick half
            CHECK(h.quantile(0.55) >= delay);
            CHECK(h.p95() >= delay);
            CHECK(h.p99() >= h.p95());
            CHECK(h.max() >= h.p99());
            CHECK(h.max() < scaled(5s));
        }
        // What has failed is not measured.
        conats::error e;
        auto none = co_await nc.request("nobody", "", 5s, e);
        CHECK(e.code() == errc::no_responders);
        none = co_await nc.request("silent", "", 60ms, e);
        CHECK(e.code() == errc::timeout);
        CHECK(nc.latency().requests.count() == 40);
        co_await nc.close();
        CHECK(nc.latency().requests.count() == 40); // still told
    });
}

TEST_CASE("L03 nothing is recorded unless asked for") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto service = nc.on("echo", [](const conats::message& m) { m.try_respond(m.text()); });
        auto reply = co_await nc.request("echo", "x");
        co_await nc.flush();
        CHECK(nc.latency().requests.count() == 0);
        CHECK(nc.latency().flushes.count() == 0);
        CHECK(conats::client().latency().requests.count() == 0);
    });
}
