// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/sniffing_proxy.hpp"
#include "support/timing.hpp"

#include <conats/conats.hpp>
#include <conats/websocket.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace conats::test {

inline std::uint16_t websocket_port(const nats_server& server) {
    const auto url = server.listening("websocket").front();
    return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

inline server_options websocket_server(std::string block = "", std::string rest = "") {
    return server_options("websocket { host: \"127.0.0.1\", port: -1, no_tls: true\n" + block +
                          "}\n" + rest);
}

inline conats::connect_options over_ws(std::uint16_t port,
                                       conats::websocket_options o = conats::websocket_options()) {
    conats::connect_options options("ws://127.0.0.1:" + std::to_string(port));
    options.transport(conats::websocket(std::move(o)));
    return options;
}

/// The texts of all messages that are there, each with a blank behind it.
inline std::string texts_of(conats::subscription& sub) {
    std::string all;
    while (const auto m = sub.try_next())
        all.append(m->text()).append(" ");
    return all;
}

/// What clients do most, over any transport; drains the client.
inline asio::awaitable<void> core_suite(conats::client nc) {
    using namespace std::chrono_literals;
    auto a = co_await nc.subscribe("a");
    auto q1 = co_await nc.subscribe("q", conats::subscribe_options().queue_group("workers"));
    auto q2 = co_await nc.subscribe("q", conats::subscribe_options().queue_group("workers"));
    conats::headers h;
    h.add("Name", "value");
    co_await nc.publish("a", "with headers", conats::publish_options().headers(h));
    auto m = co_await a.next(scaled(5s));
    CHECK(m->text() == "with headers");
    CHECK(m->headers().get("Name") == "value");

    auto any = co_await nc.subscribe("w.*.x");
    auto rest = co_await nc.subscribe("w.>");
    static constexpr std::array subjects = {"w.1.x", "w.1.y", "w.1.x.z", "w", "w.2.x"};
    for (const char* const subject : subjects)
        co_await nc.publish(subject, subject);
    co_await nc.flush();
    CHECK(texts_of(any) == "w.1.x w.2.x ");
    CHECK(texts_of(rest) == "w.1.x w.1.y w.1.x.z w.2.x ");

    // As large as the server takes: more than a frame, and more than it writes at once.
    CHECK(nc.server_info().max_payload == std::size_t{1} << 20U);
    std::string big(std::size_t{1} << 20U, '\0');
    for (std::size_t i = 0; i != big.size(); ++i)
        big[i] = static_cast<char>('a' + i * i % 23);
    co_await nc.publish("a", big);
    m = co_await a.next(scaled(5s));
    CHECK(m->text() == big);

    constexpr int count = 2000;
    for (int i = 0; i != count; ++i) {
        co_await nc.publish("a", std::to_string(i));
        co_await nc.publish("q", "work");
    }
    bool in_order = true;
    for (int i = 0; i != count; ++i) {
        m = co_await a.next(scaled(5s));
        in_order = in_order && m->text() == std::to_string(i);
    }
    CHECK(in_order);
    co_await nc.flush();
    int shared = 0;
    for (conats::subscription* q : {&q1, &q2})
        while (q->try_next())
            ++shared;
    CHECK(shared == count);

    const auto echo = [](conats::message request) -> asio::awaitable<void> {
        co_await request.respond("got " + std::string(request.text()));
    };
    auto service = nc.on("echo", echo);
    const auto reply = co_await nc.request("echo", "this", scaled(5s));
    CHECK(reply.text() == "got this");
    conats::error none;
    (void)co_await nc.request("nobody", "", scaled(5s), none);
    CHECK(none.code() == errc::no_responders);
    co_await nc.rtt();
    co_await nc.drain();
}

/// What outlives a connection that is cut, of a client that is connected through `wire`: its
/// subscriptions, and what is published meanwhile. Its pauses between attempts have to be short.
inline asio::awaitable<void> reconnect_suite(conats::client nc, sniffing_proxy& wire) {
    using namespace std::chrono_literals;
    auto a = co_await nc.subscribe("a");
    auto q = co_await nc.subscribe("q.*", conats::subscribe_options().queue_group("workers"));
    co_await nc.flush();
    for (std::uint64_t times = 1; times != 4; ++times) {
        wire.refuse(true);
        wire.cut();
        const bool lost = co_await async_eventually(
            [&] { return nc.status() == conats::status::reconnecting; }, 10s);
        CHECK(lost);
        const std::string text = "said meanwhile, " + std::to_string(times);
        co_await nc.publish("a", text);
        wire.refuse(false);
        const bool back = co_await async_eventually(
            [&] {
                return nc.statistics().reconnects == times &&
                       nc.status() == conats::status::connected;
            },
            10s);
        REQUIRE(back);
        co_await nc.publish("q.1", "work");
        const auto m = co_await a.next(scaled(5s));
        REQUIRE(m);
        CHECK(m->text() == text);
        const auto w = co_await q.next(scaled(5s));
        REQUIRE(w);
        CHECK(w->text() == "work");
        CHECK_FALSE(a.try_next()); // subscribed once
    }
    co_await nc.drain();
}

} // namespace conats::test
