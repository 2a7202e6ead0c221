// SPDX-License-Identifier: Apache-2.0
// Servers that say more than they should, larger than they announced, or in another case.
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"

#include <conats/observability.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
using conats::errc;
using conats::event_kind;

namespace {

std::string frame(std::string_view subject, std::string_view payload,
                  std::string_view verb = "MSG") {
    std::string f(verb);
    f.append(" ").append(subject).append(" 1 ").append(std::to_string(payload.size()));
    return f.append("\r\n").append(payload).append("\r\n");
}

std::string headers_frame(std::string_view block, std::string_view payload,
                          std::string_view verb = "HMSG") {
    return raw_headers(verb, "a 1", block, payload);
}

std::string pattern(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i != size; ++i)
        text[i] = static_cast<char>(i * 7 % 251);
    return text;
}

asio::awaitable<conats::message> message_of(conats::subscription& sub) {
    auto m = co_await sub.next(scaled(10s));
    if (!m)
        throw std::runtime_error("the subscription has ended: " + sub.end_reason().what());
    co_return std::move(*m);
}

} // namespace

TEST_CASE("S69 a server that sends more than the maximum of a subscription is not heard") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        s.expect("UNSUB 1 5");
        std::string all;
        for (int i = 0; i != 8; ++i)
            all += frame("a", std::to_string(i));
        s.send(all);
        s.wait_for_test();
        s.send(frame("a", "late") + frame("a", "later") + frame("a", "last"));
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url()));
        auto events = nc.events();
        conats::subscribe_options five;
        five.max_messages(5);
        auto sub = co_await nc.subscribe("a", five);
        for (int i = 0; i != 5; ++i) {
            const auto m = co_await message_of(sub);
            CHECK(m.text() == std::to_string(i));
        }
        auto none = co_await sub.next(scaled(10s));
        CHECK_FALSE(none);
        peer.proceed();
        co_await nc.flush();
        none = co_await sub.next(scaled(10s));
        CHECK_FALSE(none);
        CHECK(sub.end_reason() == errc::max_messages_reached);
        CHECK(sub.statistics().delivered == 5);
        CHECK(nc.statistics().subscriptions == 0);
        const auto all = take_events(events);
        CHECK(statuses(all) == "connected");
        CHECK(count_events(all, event_kind::server_error) == 0);
    });
    CHECK(peer.result() == "ok");
}

TEST_CASE("S30 a server that speaks lower case is understood, its whole life long") {
    scripted_peer peer([](peer_session& s) {
        std::string info = s.info().line();
        s.send(info.replace(0, 4, "info"));
        (void)s.expect_connect();
        s.expect("PING");
        s.send("pong\r\n");
        s.expect("SUB a 1");
        s.send("+ok\r\n" + frame("a", "plain", "msg") +
               headers_frame("NATS/1.0\r\nname: value\r\n\r\n", "with headers", "hmsg") +
               "ping\r\n");
        s.expect("PONG");
        s.send("-err 'Odd'\r\n");
        info = s.info().max_payload(77).line();
        s.send(info.replace(0, 4, "Info"));
        s.expect("PING");
        s.send("Pong\r\n");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url()));
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        auto m = co_await message_of(sub);
        CHECK(m.text() == "plain");
        m = co_await message_of(sub);
        CHECK(m.text() == "with headers");
        CHECK(m.headers().get("name") == "value");
        const bool told =
            co_await async_eventually([&] { return nc.server_info().max_payload == 77; });
        CHECK(told);
        co_await nc.flush();
        const auto all = take_events(events);
        CHECK(statuses(all) == "connected");
        CHECK(count_events(all, event_kind::server_error) == 1);
    });
    CHECK(peer.result() == "ok");
}

TEST_CASE("S36 an -ERR of odd bytes, or of very many, is told in short and printable") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        s.send("-ERR '" + std::string(60'000, 'x') + "'\r\n");
        s.send(std::string("-ERR 'a\0b\x1b[2J'\r\n"sv) + "-ERR '\r\n" + "-ERR\r\n" + "-ERR ''\r\n");
        s.send("-ERR 'Permissions Violation for Publish to \"" + std::string(50'000, 'y') +
               "\"'\r\n");
        s.send(frame("a", "probe"));
        s.serve();
    });
    std::vector<std::string> lines;
    run([&]() -> asio::awaitable<void> {
        auto o = fast(peer.url());
        o.log(conats::log_level::debug, [&](const conats::log_record& r) {
            std::ostringstream line;
            line << r.event() << r.text() << r.what().text();
            lines.push_back(line.str());
        });
        auto nc = co_await conats::connect(o);
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        const auto m = co_await message_of(sub);
        CHECK(m.text() == "probe");
        co_await nc.flush();
        const auto all = take_events(events);
        CHECK(statuses(all) == "connected");
        CHECK(count_events(all, event_kind::permission_denied) == 1);
        const auto harmless = [](const std::string& text) {
            return text.size() < 1200 &&
                   std::all_of(
                       text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
        };
        bool shown = false;
        std::uint64_t errors = 0;
        for (const conats::event& e : all) {
            errors += e.kind() == event_kind::server_error ? e.count() : 0;
            CHECK(harmless(e.what().text()));
            shown = shown || e.what().text() == "a\\x00b\\x1b[2J";
        }
        CHECK(shown);
        CHECK(errors == 5);
        CHECK(std::all_of(lines.begin(), lines.end(), harmless));
        CHECK(nc.statistics().reconnects == 0);
    });
    CHECK_FALSE(lines.empty());
}

TEST_CASE("S28 a message above the server's own max_payload is delivered; one above the cap ends "
          "the connection") {
    const std::string large = pattern(std::size_t{2} << 20U);
    scripted_peer peer({[&](peer_session& s) {
                            s.info().max_payload(1 << 20);
                            s.handshake();
                            s.expect("SUB a 1");
                            s.send(frame("a", large));
                            s.wait_for_test();
                            s.send("MSG a 1 67108865\r\nand it begins");
                            s.wait_closed();
                        },
                        [](peer_session& s) {
                            s.handshake();
                            s.expect("SUB a 1");
                            s.send(frame("a", "probe"));
                            s.serve();
                        }});
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url()));
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        {
            const auto m = co_await message_of(sub);
            CHECK((m.text() == large));
        }
        CHECK(nc.statistics().reconnects == 0);
        peer.proceed();
        const auto m = co_await message_of(sub);
        CHECK(m.text() == "probe");
        CHECK(nc.statistics().reconnects == 1);
        const auto all = take_events(events);
        CHECK(statuses(all) == "connected disconnected reconnecting connected");
        CHECK(std::any_of(all.begin(), all.end(), [](const conats::event& e) {
            return e.status() == conats::status::disconnected && e.what() == errc::protocol_error;
        }));
    });
    CHECK(peer.result(2) == "ok");
}

TEST_CASE("S29 a control line beyond 4 KiB, a block of 1 MB and one of 20 000 headers come whole") {
    const std::string subject = "a." + std::string(4'200, 's');
    const std::string value(1'000'000, 'v');
    constexpr int many = 20'000;
    std::string block = "NATS/1.0\r\n";
    for (int i = 0; i != many; ++i)
        block += "name-" + std::to_string(i) + ": " + std::to_string(i) + "\r\n";
    block += "\r\n";
    scripted_peer peer([&](peer_session& s) {
        s.handshake();
        s.expect("SUB a.> 1");
        s.send(frame(subject, "long line"));
        s.send(headers_frame("NATS/1.0\r\nlong: " + value + "\r\n\r\n", "large"));
        s.send(headers_frame(block, "many") + frame("a.b", "probe"));
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url()));
        auto sub = co_await nc.subscribe("a.>");
        auto m = co_await message_of(sub);
        CHECK((m.subject() == subject));
        CHECK(m.text() == "long line");
        m = co_await message_of(sub);
        CHECK((m.headers().get("long") == value));
        CHECK(m.text() == "large");
        m = co_await message_of(sub);
        CHECK(m.text() == "many");
        const auto begin = std::chrono::steady_clock::now();
        int right = 0;
        for (const auto& h : m.headers())
            right += h.name == "name-" + std::to_string(right) && h.value == std::to_string(right);
        CHECK(right == many);
        CHECK(m.headers().size() == many);
        CHECK(m.headers().get("name-19999") == "19999");
        CHECK(std::chrono::steady_clock::now() - begin < scaled(1s));
        m = co_await message_of(sub);
        CHECK(m.text() == "probe");
        CHECK(nc.statistics().reconnects == 0);
    });
}
