// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <conats/conats.hpp>

#include <sstream>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::condition;
using conats::errc;

namespace {

/// The outcome of one attempt; the client is closed again.
conats::error outcome_of(conats::connect_options options) {
    return run([options]() -> asio::awaitable<conats::error> {
        conats::error e;
        auto nc = co_await conats::connect(options, e);
        co_await nc.close();
        co_return e;
    });
}

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

TEST_CASE("A01 A06 A08 defaults: port 4222") {
    server_options o("authorization { token: mytoken }");
    o.default_port();
    nats_server server(o);
    CHECK_FALSE(outcome_of("mytoken@" + server.host()));
    conats::connect_options by_option(server.host());
    by_option.token("mytoken");
    CHECK_FALSE(outcome_of(by_option));
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

TEST_CASE("A14 B26 options that exclude each other are an error before any I/O") {
    nats_server server;
    const auto provider = [](conats::auth_request) -> asio::awaitable<conats::secret> {
        co_return conats::secret("t");
    };
    conats::connect_options o(host_of(server));
    o.token("t").token_provider(provider);
    const auto e = outcome_of(o);
    CHECK(e.code() == errc::invalid_options);
    CHECK(e.text().find("token_provider") != std::string::npos);
    CHECK(server.monitor().total_connections() == 0);
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

TEST_CASE("A22 a token provider is asked and told the server; A20 a slow one times out") {
    nats_server server("authorization { token: good }");
    std::string told;
    const auto provider = [&](conats::auth_request r) -> asio::awaitable<conats::secret> {
        told = r.server();
        co_return conats::secret("good");
    };
    conats::connect_options o(host_of(server));
    o.token_provider(provider);
    CHECK_FALSE(outcome_of(o));
    CHECK(told == "nats://" + host_of(server));
    const auto slow = [](conats::auth_request) -> asio::awaitable<conats::secret> {
        auto executor = co_await asio::this_coro::executor;
        asio::steady_timer forever(executor, 1h);
        co_await forever.async_wait(asio::use_awaitable);
        co_return conats::secret("good");
    };
    o.token_provider(slow).connect_timeout(200ms);
    CHECK(outcome_of(o).code() == errc::timeout);
}

TEST_CASE("A27 P2.11 a CONNECT too large is a local error") {
    nats_server server;
    conats::connect_options o(host_of(server));
    o.name(std::string(5000, 'n'));
    CHECK(outcome_of(o).code() == errc::connect_too_large);
}

TEST_CASE("A04 B05 a dead server of the list is passed over") {
    nats_server server;
    conats::connect_options o;
    o.servers({"127.0.0.1:1", host_of(server)}).retain_order(true);
    CHECK_FALSE(outcome_of(o));
    CHECK(outcome_of("127.0.0.1:1").code() == errc::connection_refused);
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

TEST_CASE("B02 a server without INFO is a timeout") {
    scripted_peer peer([](peer_session& s) { s.stop_reading(); });
    conats::connect_options o(peer.url());
    o.connect_timeout(200ms);
    CHECK(outcome_of(o).code() == errc::timeout);
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
    CHECK(outcome_of("tls://127.0.0.1").code() == errc::transport_unavailable);
    CHECK(outcome_of("nats://h:99999").code() == errc::invalid_address);
}
