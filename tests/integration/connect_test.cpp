// SPDX-License-Identifier: Apache-2.0
#include "integration/outcome.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"
#include "support/sockets.hpp"

#include <conats/conats.hpp>

#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::condition;
using conats::errc;

namespace {

std::string host_of(const nats_server& s) {
    return "127.0.0.1:" + std::to_string(s.port());
}

} // namespace

TEST_CASE("A02 A05 token option and a name") {
    nats_server server("authorization { token: mytoken }");
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o("nats://" + host_of(server));
        o.token("mytoken").name("API Token Example");
        auto nc = co_await conats::connect(o);
        CHECK(nc.status() == conats::status::connected);
        CHECK(server.monitor().connection("API Token Example").has_value());
        co_await nc.flush();
    });
}

TEST_CASE("A09 A10 A12 token in the URL, with a scheme and without") {
    nats_server server("authorization { token: mytoken }");
    CHECK_FALSE(outcome_of("nats://mytoken@" + host_of(server)));
    CHECK_FALSE(outcome_of("mytoken@" + host_of(server)));
}

TEST_CASE("A01 A08 defaults: port 4222") {
    server_options o("authorization { token: mytoken }");
    o.default_port();
    nats_server server(o);
    CHECK_FALSE(outcome_of("mytoken@" + server.host()));
    conats::connect_options by_option(server.host());
    by_option.token("mytoken");
    CHECK_FALSE(outcome_of(by_option));
}

TEST_CASE("A06 without a server 127.0.0.1:4222 is used, and the scope's end closes") {
    try {
        (void)listen_tcp("127.0.0.1", 4222);
    } catch (const std::system_error&) {
        skip_test("SKIPPED: needs port 4222 of 127.0.0.1, which is taken");
    }
    server_options on_default_port("authorization { token: mytoken }");
    on_default_port.port(4222);
    nats_server server(on_default_port);
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o;
        o.token("mytoken");
        {
            auto nc = co_await conats::connect(o);
            CHECK(nc.connected_url() == "nats://127.0.0.1:4222");
            CHECK(server.monitor().connections() == 1);
        }
        const bool gone =
            co_await async_eventually([&] { return server.monitor().connections() == 0; });
        CHECK(gone);
    });
    CHECK(server.monitor().total_connections() == 1);
}

TEST_CASE("A03 an address that names only a port is this machine's") {
    nats_server server("authorization { token: mytoken }");
    const std::string port = std::to_string(server.port());
    for (const std::string& address : {":" + port, "nats://:" + port, port}) {
        INFO(address);
        conats::connect_options o(address);
        o.token("mytoken");
        CHECK_FALSE(outcome_of(o));
    }
    CHECK_FALSE(outcome_of("mytoken@:" + port));
    CHECK(server.monitor().total_connections() == 4);
}

TEST_CASE("A07 options changed and destroyed after connect change nothing") {
    nats_server server("authorization { token: mytoken }");
    run([&]() -> asio::awaitable<void> {
        auto o = std::make_unique<conats::connect_options>(host_of(server));
        o->token("mytoken").name("before");
        // Not begun before it is awaited, and yet a copy.
        auto connecting = conats::connect(*o);
        o->token("other").name("after").servers("127.0.0.1:1").echo(false).inbox_prefix("x");
        auto nc = co_await std::move(connecting);
        o.reset();
        CHECK(server.monitor().connection("before").has_value());
        CHECK(nc.new_inbox().starts_with("_INBOX."));
        auto own = co_await nc.subscribe("own");
        co_await nc.publish("own", "1");
        auto m = co_await own.next(5s);
        CHECK(m->text() == "1");
    });
}

TEST_CASE("A12 a token in the URL, wherever a URL is accepted") {
    nats_server server("authorization { token: mytoken }");
    std::size_t attempts = 0;
    for (const std::string& address : {"nats://mytoken@" + host_of(server),
                                       "mytoken@" + host_of(server), server.url("mytoken") + "/"}) {
        INFO(address);
        conats::connect_options replaced("127.0.0.1:1");
        conats::connect_options replaced_by_many("127.0.0.1:1");
        conats::connect_options added;
        CHECK_FALSE(outcome_of(address));
        CHECK_FALSE(outcome_of(address.c_str()));
        CHECK_FALSE(outcome_of(std::string_view(address)));
        CHECK_FALSE(outcome_of(replaced.servers(address)));
        CHECK_FALSE(outcome_of(replaced_by_many.servers(std::vector<std::string>(2, address))));
        CHECK_FALSE(outcome_of(added.add_server(address)));
        CHECK_FALSE(outcome_of("127.0.0.1:1, " + address));
        attempts += 7;
    }
    CHECK(server.monitor().total_connections() == static_cast<std::int64_t>(attempts));
}

TEST_CASE("B07 an IPv6 address, blanks, commas and a trailing slash") {
    try {
        (void)listen_tcp("::1", 0);
    } catch (const std::system_error&) {
        skip_test("SKIPPED: needs IPv6");
    }
    nats_server v6(server_options().host("::1"));
    const std::string port = std::to_string(v6.port());
    for (const std::string& address :
         {"[::1]:" + port, "nats://[::1]:" + port, "NATS://[::1]:" + port + "/",
          "  [0:0:0:0:0:0:0:1]:" + port + "  ", " 127.0.0.1:1 , nats://[::1]:" + port + "/ "}) {
        INFO(address);
        CHECK_FALSE(outcome_of(address));
    }
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(v6.url());
        CHECK(nc.connected_url() == "nats://[::1]:" + port);
        CHECK(nc.remote_address() == "[::1]:" + port);
        CHECK(nc.server_info().client_ip == "::1");
    });
}

TEST_CASE("A13 the token option wins over the URL") {
    nats_server server("authorization { token: good }");
    conats::connect_options wins("bad@" + host_of(server));
    wins.token("good");
    CHECK_FALSE(outcome_of(wins));
    conats::connect_options loses("good@" + host_of(server));
    loses.token("bad");
    CHECK(outcome_of(loses).code() == errc::authorization_violation);
}

TEST_CASE("A18 A19 A25 wrong or no token: its own error, and the token nowhere") {
    nats_server server("authorization { token: good }");
    const auto wrong = outcome_of("s3cr3t-wrong@" + host_of(server));
    CHECK(wrong.code() == errc::authorization_violation);
    CHECK(wrong.code() == condition::auth);
    CHECK(wrong.what().find("s3cr3t-wrong") == std::string::npos);
    CHECK(outcome_of(host_of(server)).code() == errc::authorization_violation);
    nats_server open;
    conats::connect_options both;
    both.servers("bad@" + host_of(server) + ", " + host_of(open)).retain_order(true);
    CHECK_FALSE(outcome_of(both));
    std::ostringstream printed;
    printed << conats::connect_options("x@h").token("s3cr3t");
    CHECK(printed.str().find("s3cr3t") == std::string::npos);
}

TEST_CASE("A15 user with an empty password; A28 an empty token is none") {
    nats_server server("authorization { user: u, password: \"\" }");
    CHECK_FALSE(outcome_of("u:@" + host_of(server)));
    nats_server token("authorization { token: good }");
    conats::connect_options o("nats://@" + host_of(token));
    o.token("good");
    CHECK_FALSE(outcome_of(o));
}

TEST_CASE("A16 A17 special characters of a token") {
    nats_server percent("authorization { token: \"p@:/%s\" }");
    CHECK_FALSE(outcome_of("p%40%3A%2F%25s@" + host_of(percent)));
    nats_server escaped("authorization { token: \"a\\\"b\\\\c\" }");
    conats::connect_options o(host_of(escaped));
    o.token("a\"b\\c");
    CHECK_FALSE(outcome_of(o));
}

TEST_CASE("A27 P2.11 a CONNECT too large is a local error") {
    nats_server server;
    conats::connect_options o(host_of(server));
    o.name(std::string(5000, 'n'));
    CHECK(outcome_of(o).code() == errc::connect_too_large);
}

TEST_CASE("B01 B03 P2.5 +OK, PING and INFO before PONG") {
    scripted_peer peer([](peer_session& s) {
        s.send_info();
        s.expect("CONNECT");
        s.expect("PING");
        s.send("+OK\r\nPING\r\n");
        s.expect("PONG");
        s.send_info();
        s.send("PONG\r\n");
        s.serve();
    });
    CHECK_FALSE(outcome_of(peer.url()));
}

TEST_CASE("P2.8 an -ERR says more than the close behind it") {
    scripted_peer peer([](peer_session& s) {
        s.send_info();
        s.expect("CONNECT");
        s.send("-ERR 'Authentication Timeout'\r\n");
    });
    CHECK(outcome_of(peer.url()).code() == errc::authentication_timeout);
}

TEST_CASE("A transport that is not there is an error before any I/O") {
    CHECK(outcome_of("ws://127.0.0.1").code() == errc::transport_unavailable);
    CHECK(outcome_of("nats://h:99999").code() == errc::invalid_address);
}
