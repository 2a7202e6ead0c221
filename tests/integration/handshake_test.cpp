// SPDX-License-Identifier: Apache-2.0
// What both sides say until they are connected.
#include "integration/outcome.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"

#include <conats/conats.hpp>
#include <conats/version.hpp>

#include <boost/json/parse.hpp>

#include <string>
#include <string_view>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::condition;
using conats::errc;
namespace json = boost::json;

namespace {

/// The JSON of the first CONNECT a proxy saw.
json::object connect_in(const std::string& bytes) {
    const auto begin = bytes.find("CONNECT ") + 8;
    return json::parse(bytes.substr(begin, bytes.find("\r\n", begin) - begin)).as_object();
}

/// Uses a connection in every way that is one line on the wire.
asio::awaitable<void> use(conats::client nc) {
    auto sub = co_await nc.subscribe("use");
    for (int i = 0; i != 10; ++i)
        co_await nc.publish("use", "x");
    co_await nc.flush();
    auto m = co_await sub.next(5s);
    CHECK(m->text() == "x");
    sub.unsubscribe();
    co_await nc.flush();
}

std::size_t count(std::string_view text, std::string_view part) {
    std::size_t n = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size()))
        ++n;
    return n;
}

} // namespace

TEST_CASE("B03 P2.1 verbose, pedantic and echo are stated, and no +OK comes unasked") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    conats::connect_options o(proxy.url());

    SECTION("by default") {
        run([&]() -> asio::awaitable<void> {
            auto nc = co_await conats::connect(o);
            co_await use(nc);
        });
        const auto connect = connect_in(proxy.from_client());
        CHECK_FALSE(connect.at("verbose").as_bool());
        CHECK_FALSE(connect.at("pedantic").as_bool());
        CHECK(connect.at("echo").as_bool());
        CHECK_FALSE(connect.at("tls_required").as_bool());
        CHECK(proxy.lines_from_server("+OK") == 0);
        CHECK(proxy.lines_from_server("MSG ") == 10);
    }
    SECTION("the other way round") {
        o.verbose(true).pedantic(true);
        run([&]() -> asio::awaitable<void> {
            auto nc = co_await conats::connect(o);
            co_await use(nc);
        });
        const auto connect = connect_in(proxy.from_client());
        CHECK(connect.at("verbose").as_bool());
        CHECK(connect.at("pedantic").as_bool());
        CHECK(proxy.lines_from_server("+OK") > 10);
        CHECK_FALSE(outcome_of(o.verbose(false).echo(false)));
        CHECK(count(proxy.from_client(), "\"echo\":false") == 1);
    }
}

TEST_CASE("B04 the server is told language, version, protocol level and headers") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(proxy.url());
        o.name("known");
        auto nc = co_await conats::connect(o);
        const auto known = server.monitor().connection("known");
        CHECK(known.has_value());
        CHECK(known->at("lang").as_string() == "conats");
        CHECK(known->at("version").as_string() == CONATS_VERSION_STRING);
        conats::error e;
        auto none = co_await nc.request("nobody", "", 5s, e);
        CHECK(e.code() == errc::no_responders);
    });
    const auto connect = connect_in(proxy.from_client());
    CHECK(connect.at("protocol").as_int64() == 1);
    CHECK(connect.at("headers").as_bool());
    CHECK(connect.at("no_responders").as_bool());
    CHECK(connect.at("lang").as_string() == "conats");
    CHECK(connect.at("version").as_string() == CONATS_VERSION_STRING);
    CHECK(count(proxy.from_client(), "CONNECT ") == 1);
}

TEST_CASE("B04 P2.35 no-responders is asked for only where the server has headers") {
    const bool headers = GENERATE(true, false);
    const bool asked_for = GENERATE(true, false);
    CAPTURE(headers, asked_for);
    // Closes, as nats-server does, over no_responders without headers.
    scripted_peer peer([&](peer_session& s) {
        s.info().headers(headers);
        const auto connect = s.handshake();
        if (connect.at("protocol").as_int64() != 1 || !connect.at("headers").as_bool())
            s.fail("protocol or headers");
        if (connect.at("no_responders").as_bool() != (headers && asked_for))
            s.fail("no_responders");
        s.serve();
    });
    conats::connect_options o(peer.url());
    CHECK_FALSE(outcome_of(o.no_responders(asked_for)));
    CHECK(peer.result() == "ok");
}

TEST_CASE("P2.2 INFO is read to its end of line, however long it is") {
    const std::size_t padding = GENERATE(0U, 5000U, 70'000U, 1'000'000U);
    CAPTURE(padding);
    scripted_peer peer([&](peer_session& s) {
        s.info().set("padding", std::string(padding, 'p'));
        std::string line = s.info().line();
        line.insert(4, "\t  ");
        line.insert(line.size() - 2, " \t ");
        s.send_in_pieces(line, padding / 20 + 100);
        s.expect_connect();
        s.expect("PING");
        s.send("PONG\r\n");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(peer.url());
        o.connect_timeout(scaled(10s));
        auto nc = co_await conats::connect(o);
        CHECK(nc.server_info().max_payload == 1048576);
    });
    CHECK(peer.result() == "ok");
}

TEST_CASE("P2.3 fields of a line are separated by runs of blanks and tabs") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        const std::string sid = s.expect_subscribe().back();
        s.send("MSG a " + sid + "  1\r\n1\r\n");
        s.send("MSG  a\t" + sid + " \t 1\r\n2\r\n");
        s.send("MSG\ta " + sid + "\tr  1\r\n3\r\n");
        s.send("HMSG  a  " + sid + "\t12  13\r\nNATS/1.0\r\n\r\n4\r\n");
        s.send("HMSG a " + sid + "  \tr\t\t12 13 \r\nNATS/1.0\r\n\r\n5\r\n");
        s.send("MSG a " + sid + " 1\t\r\n6\r\n");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto sub = co_await nc.subscribe("a");
        for (int i = 1; i <= 6; ++i) {
            auto m = co_await sub.next(5s);
            CHECK(m->text() == std::to_string(i));
            CHECK(m->reply() == (i == 3 || i == 5 ? "r" : ""));
        }
    });
    CHECK(peer.result() == "ok");
}

TEST_CASE("P2.4 INFO comes at any time, right after the first PONG too") {
    scripted_peer peer([](peer_session& s) {
        s.send_info();
        s.expect_connect();
        s.expect("PING");
        s.info().set("connect_info", true).set("remote_account", "ACC").max_payload(100);
        s.send("PONG\r\n" + s.info().line());
        const std::string sid = s.expect_subscribe().back();
        // Between messages, and two at once.
        s.send("MSG a " + sid + " 1\r\n1\r\n" + s.info().max_payload(200).line() +
               s.info().max_payload(300).line() + "MSG a " + sid + " 1\r\n2\r\n");
        s.wait_for_test();
        s.send_split(s.info().max_payload(400).line(), 20);
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        const bool told = co_await async_eventually([&] { return nc.server_info().connect_info; });
        CHECK(told);
        CHECK(nc.server_info().remote_account == "ACC");
        CHECK(nc.try_publish("a", std::string(101, 'x')).code() == errc::payload_too_large);
        auto sub = co_await nc.subscribe("a");
        auto m = co_await sub.next(5s);
        CHECK(m->text() == "1");
        m = co_await sub.next(5s);
        CHECK(m->text() == "2");
        CHECK(nc.server_info().max_payload == 300);
        peer.proceed();
        const bool last =
            co_await async_eventually([&] { return nc.server_info().max_payload == 400; });
        CHECK(last);
        CHECK(nc.status() == conats::status::connected);
    });
    CHECK(peer.result() == "ok");
}

TEST_CASE("P2.4 the second INFO of a server since 2.12 is taken") {
    require_server({2, 12});
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        const bool told = co_await async_eventually([&] { return nc.server_info().connect_info; });
        CHECK(told);
        CHECK(nc.server_info().remote_account == "$G");
        co_await use(nc);
    });
}

TEST_CASE("P2.6 the server's first PING, about 2 s after connecting, is answered") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(proxy.url());
        o.name("pinged");
        auto nc = co_await conats::connect(o);
        const auto answered = [&] {
            return proxy.lines_from_server("PING") == 1 && proxy.lines_from_client("PONG") == 1;
        };
        const bool in_time = co_await async_eventually(answered, 10s);
        CHECK(in_time);
        CHECK(nc.status() == conats::status::connected);
        // The server takes its round trip time from it.
        const auto known = server.monitor().connection("pinged");
        CHECK(known.has_value());
        CHECK(known->contains("rtt"));
    });
}

TEST_CASE("P2.7 connected is said after PONG, not before") {
    scripted_peer peer([](peer_session& s) {
        s.send_info();
        s.expect_connect();
        s.expect("PING");
        s.wait_for_test();
        s.send("PONG\r\n");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        conats::client nc;
        auto executor = co_await asio::this_coro::executor;
        const auto connect = [&]() -> asio::awaitable<void> {
            conats::connect_options o(peer.url());
            nc = co_await conats::connect(o.connect_timeout(scaled(10s)));
        };
        asio::co_spawn(executor, connect(), asio::detached);
        const bool asked =
            co_await async_eventually([&] { return peer.received().ends_with("PING\r\n"); });
        CHECK(asked);
        // What there is to do without the PONG is done.
        for (int i = 0; i != 1000; ++i)
            co_await asio::post(executor, asio::use_awaitable);
        CHECK_FALSE(nc);
        peer.proceed();
        const bool connected = co_await async_eventually([&] { return static_cast<bool>(nc); });
        CHECK(connected);
        nc = conats::client();
    });
    // A refusal is an error of connect, not a connection that is lost.
    nats_server server("authorization { token: good }");
    CHECK(outcome_of(server.url("bad")).code() == errc::authorization_violation);
}

TEST_CASE("P2.8 an -ERR is read before the close or the reset behind it") {
    const bool reset = GENERATE(false, true);
    CAPTURE(reset);
    scripted_peer peer([&](peer_session& s) {
        s.send_info();
        s.expect_connect();
        s.expect("PING");
        s.send_in_pieces("-ERR 'Authorization Violation'\r\n", 100);
        if (reset)
            s.reset();
    });
    const auto e = outcome_of(peer.url());
    CHECK(e.code() == errc::authorization_violation);
    CHECK(e.text() == "Authorization Violation");
}
