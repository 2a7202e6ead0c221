// SPDX-License-Identifier: Apache-2.0
// Headers out and in, the inline status, and header blocks of clients that keep no rule.
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"

#include <string>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

conats::publish_options with(conats::headers h) {
    conats::publish_options o;
    o.headers(std::move(h));
    return o;
}

conats::error publish_header(const conats::client& nc, std::string_view name,
                             std::string_view value) {
    return nc.try_publish("h", "x", with(conats::headers().add(name, value)));
}

} // namespace

TEST_CASE("C03 C06 P2.31 values, repeats, empty values and 100 KB arrive in order and case") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto sub = co_await nc.subscribe("h");
        const std::string large(100 * 1024, 'v');
        conats::headers sent;
        sent.add("Foo", "1").add("foo", "2").add("FOO", "").add("Foo", "3").add("Large", large);
        sent.add("a!#$%&'*+-.^_`|~9", "colon: and, comma").add("content-TYPE", "text/plain");
        const auto options = with(sent);
        co_await nc.publish("h", "body", options);
        auto m = co_await sub.next(5s);
        CHECK(m->text() == "body");
        const auto received = m->headers();
        std::vector<std::string> names;
        for (const auto& field : received)
            names.emplace_back(field.name);
        std::vector<std::string> expected;
        for (const auto& field : sent)
            expected.emplace_back(field.name);
        CHECK(names == expected);
        CHECK(received.get("Foo") == "1");
        CHECK(received.get("foo") == "2");
        CHECK(received.get("FOO") == "");
        CHECK(received.get("Large") == large);
        CHECK(received.get("a!#$%&'*+-.^_`|~9") == "colon: and, comma");
        CHECK_FALSE(received.get("Content-Type"));
        CHECK(received.get_ignore_case("Content-Type") == "text/plain");
        const auto values = received.values("Foo");
        CHECK(values.size() == 2);
        CHECK(values.back() == "3");
        // Without payload, and what was received sent on.
        conats::publish_options again;
        again.headers(received);
        co_await nc.publish("h", "", again);
        auto copy = co_await sub.next(5s);
        CHECK(copy->payload().empty());
        CHECK(copy->headers().lines() == received.lines());
    });
}

TEST_CASE("C06 set replaces what has exactly this name, erase removes it") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto sub = co_await nc.subscribe("h");
        conats::headers h;
        h.add("Foo", "1").add("foo", "2").add("Foo", "3").set("Foo", "4").add("gone", "5");
        CHECK(h.erase("gone") == 1);
        CHECK(h.erase("GONE") == 0);
        const auto options = with(h);
        co_await nc.publish("h", "", options);
        auto m = co_await sub.next(5s);
        CHECK(m->headers().size() == 2);
        CHECK(m->headers().values("Foo").size() == 1);
        CHECK(m->headers().get("Foo") == "4");
        CHECK(m->headers().get("foo") == "2");
    });
}

TEST_CASE("C04 C05 P2.32 S38 names and values that would corrupt the block are refused") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(conats::connect_options(proxy.url()));
        const std::string nul("a\0b", 3);
        for (const std::string& name : std::vector<std::string>(
                 {"a b", "a:b", "", " ", "a\t", "a\r", "a\n", "\x7f", "\xc3\xa4", nul})) {
            INFO("name \"" << name << "\"");
            CHECK(publish_header(nc, name, "v").code() == errc::invalid_header);
        }
        for (const std::string& value :
             std::vector<std::string>({"x\nNats-Rollup: all", "x\rNats-Rollup: all", "\n", "\r",
                                       "x\r\nNats-Rollup: all\r\n\r\n", "x\r\n", nul})) {
            INFO("value \"" << value << "\"");
            const auto e = publish_header(nc, "K", value);
            CHECK(e.code() == errc::invalid_header);
            conats::error failed;
            conats::request_options o(1s);
            o.headers(conats::headers().add("K", value));
            auto reply = co_await nc.request("h", "", o, failed);
            CHECK(failed.code() == errc::invalid_header);
        }
        co_await nc.flush();
        CHECK(proxy.from_client().find("Rollup") == std::string::npos);
        CHECK(proxy.lines_from_client("HPUB") == 0);
        CHECK_FALSE(publish_header(nc, "K", "tabs\tand: colons"));
        co_await nc.flush();
        CHECK(server.monitor().in_msgs() == 1);
    });
}

TEST_CASE("C07 P2.33 a header named Status is a header, not the status") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto sub = co_await nc.subscribe("h");
        conats::headers spoof;
        spoof.add("Status", "503").add("Description", "No Responders");
        const auto options = with(spoof);
        co_await nc.publish("h", "", options);
        auto m = co_await sub.next(5s);
        REQUIRE(m);
        CHECK(m->status().code == 0);
        CHECK(m->status().description.empty());
        CHECK(m->headers().get("Status") == "503");
        // Nor is it one where a request waits for it.
        const auto answer = [&](const conats::message& r) { r.try_respond("", options); };
        auto service = nc.on("service", answer);
        auto reply = co_await nc.request("service", "", 5s);
        CHECK(reply.status().code == 0);
        CHECK(reply.headers().get("Status") == "503");
    });
}

TEST_CASE("C07 P2.33 the inline status with and without description and headers") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto events = nc.events();
        auto sub = co_await nc.subscribe("h");
        co_await nc.flush();
        send_raw(server,
                 raw_headers("HPUB", "h", "NATS/1.0 503\r\n\r\n") +
                     raw_headers("HPUB", "h", "NATS/1.0 503 No Responders\r\n\r\n", "body") +
                     raw_headers("HPUB", "h", "NATS/1.0 404 No Messages\r\nA: b\r\n\r\n") +
                     raw_headers("HPUB", "h", "NATS/1.0 100 Idle Heartbeat\r\nStatus: 7\r\n\r\n") +
                     raw_headers("HPUB", "h", "NATS/1.0\r\nA: b\r\n\r\n"));
        auto m = co_await sub.next(5s);
        CHECK(m->status().code == 503);
        CHECK(m->status().description.empty());
        CHECK(m->headers().empty());
        m = co_await sub.next(5s);
        CHECK(m->status().code == 503);
        CHECK(m->status().description == "No Responders");
        CHECK(m->text() == "body");
        m = co_await sub.next(5s);
        CHECK(m->status().code == 404);
        CHECK(m->status().description == "No Messages");
        CHECK(m->headers().get("A") == "b");
        m = co_await sub.next(5s);
        CHECK(m->status().code == 100);
        CHECK(m->headers().get("Status") == "7");
        CHECK(m->headers().size() == 1);
        m = co_await sub.next(5s);
        CHECK(m->status().code == 0);
        CHECK(m->headers().get("A") == "b");
        CHECK(count_events(take_events(events), conats::event_kind::malformed_headers) == 0);
    });
}

TEST_CASE("C08 P2.36 a malformed block costs its headers and an event, not the connection") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto events = nc.events();
        auto sub = co_await nc.subscribe("h.*");
        co_await nc.flush();
        const std::vector<std::string> blocks = {"NATS/9.9\r\nA: b\r\n\r\n",
                                                 "HTTP/1.1 200 OK\r\n\r\n",
                                                 "NATS/1.0\r\nno colon\r\n\r\n",
                                                 "NATS/1.0\r\nA: b",
                                                 "NATS/1.0 abc\r\n\r\n",
                                                 "\r\n",
                                                 "x"};
        std::string frames;
        for (std::size_t i = 0; i != blocks.size(); ++i)
            frames += raw_headers("HPUB", "h." + std::to_string(i), blocks[i], "payload");
        send_raw(server, frames);
        for (std::size_t i = 0; i != blocks.size(); ++i) {
            auto m = co_await sub.next(5s);
            INFO(blocks[i]);
            CHECK(m->subject() == "h." + std::to_string(i));
            CHECK(m->text() == "payload");
            CHECK(m->headers().empty());
            CHECK(m->status().code == 0);
        }
        std::size_t told = 0;
        for (const auto& e : take_events(events)) {
            if (e.kind() != conats::event_kind::malformed_headers)
                continue;
            CHECK(e.what().code() == errc::malformed_headers);
            CHECK(e.what().subject() == "h." + std::to_string(told));
            ++told;
        }
        CHECK(told == blocks.size());
        CHECK(nc.status() == conats::status::connected);
        co_await nc.publish("h.last", "");
        auto m = co_await sub.next(5s);
        CHECK(m->subject() == "h.last");
    });
}

TEST_CASE("C09 P2.35 S17 a server without headers gets none, and is not asked for no-responders") {
    peer_options plain;
    plain.info(info_builder().headers(false));
    scripted_peer peer(plain, [](peer_session& s) {
        const auto connect = s.handshake();
        if (connect.at("no_responders").as_bool())
            s.fail("CONNECT asks for what the server does not have");
        if (s.expect_publish().subject != "plain")
            s.fail("something else was published");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        CHECK(publish_header(nc, "A", "b").code() == errc::headers_not_supported);
        conats::error e;
        const auto options = with(conats::headers().add("A", "b"));
        co_await nc.publish("h", "x", options, e);
        CHECK(e.code() == errc::headers_not_supported);
        conats::request_options request(1s);
        request.headers(conats::headers().add("A", "b"));
        auto reply = co_await nc.request("h", "x", request, e);
        CHECK(e.code() == errc::headers_not_supported);
        CHECK_FALSE(nc.try_publish("plain", "x"));
        co_await nc.flush();
        CHECK(peer.result() == "ok");
    });
}
