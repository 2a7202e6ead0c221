// SPDX-License-Identifier: Apache-2.0
// What is told of attempts to connect.
#include "integration/reconnect_fixture.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"

#include <conats/observability.hpp>
#include <conats/stream.hpp>

#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::connect_attempt;
using conats::connect_phase;
using conats::errc;

namespace {

using attempts = std::vector<connect_attempt>;

conats::attempt_hook_function into(attempts& all) {
    return [&all](const connect_attempt& a) { all.push_back(a); };
}

/// The one attempt of a client that cannot connect.
connect_attempt failed_attempt(conats::connect_options o) {
    attempts all;
    o.on_attempt(into(all));
    run([&]() -> asio::awaitable<void> {
        conats::error e;
        auto none = co_await conats::connect(o, e);
        CHECK(e);
        REQUIRE(all.size() == 1);
        CHECK(all.front().what().code() == e.code());
    });
    REQUIRE(all.size() == 1);
    std::ostringstream text;
    text << all.front();
    CHECK(text.str().find("failed in ") == 0);
    CHECK(text.str().find("s3cr3t") == std::string::npos);
    return all.front();
}

} // namespace

TEST_CASE("L11 failed: a name that cannot be resolved") {
    conats::connect_options o("s3cr3t@h.test:4222");
    o.resolver([](std::string) -> asio::awaitable<std::vector<std::string>> {
        throw std::runtime_error("no such name");
        co_return std::vector<std::string>();
    });
    const auto a = failed_attempt(o);
    CHECK(a.phase() == connect_phase::dns);
    CHECK(a.server() == "nats://h.test:4222");
    CHECK(a.number() == 1);
    CHECK(a.what().code() == errc::host_not_found);
    CHECK(a.addresses().empty());
    CHECK(a.took(connect_phase::dns) > 0ns);
    CHECK(a.took(connect_phase::tcp) == 0ns);
}

TEST_CASE("L11 failed: a port that refuses, at each of a host's addresses") {
    conats::connect_options o("h.test:1");
    o.retain_order(true).resolver([](std::string) -> asio::awaitable<std::vector<std::string>> {
        std::vector<std::string> found;
        found.emplace_back("127.0.0.1");
        found.emplace_back("127.0.0.2");
        co_return found;
    });
    const auto a = failed_attempt(o);
    CHECK(a.phase() == connect_phase::tcp);
    CHECK(a.what().code() == errc::connection_refused);
    CHECK(a.addresses() == std::vector<std::string>{"127.0.0.1:1", "127.0.0.2:1"});
    CHECK(a.took(connect_phase::tcp) > 0ns);
    CHECK(a.took(connect_phase::info) == 0ns);
    CHECK(a.server_words().empty());
}

TEST_CASE("L11 failed: TLS with an unknown CA, after INFO and before it") {
    const bool first = GENERATE(false, true);
    CAPTURE(first);
    if (first)
        require_server({2, 10});
    const tls_files files;
    const tls_files others;
    nats_server server(files.config(first ? "handshake_first: true" : ""));
    conats::connect_options o(tls_url(server.url()));
    o.tls(others.trusting().handshake_first(first));
    const auto a = failed_attempt(o);
    CHECK(a.phase() == connect_phase::tls);
    CHECK(a.what() == conats::condition::tls);
    CHECK(a.addresses() == std::vector<std::string>{server.address()});
    CHECK(a.took(connect_phase::tls) > 0ns);
    CHECK((a.took(connect_phase::info) > 0ns) == !first);
    CHECK(a.took(connect_phase::auth) == 0ns);
}

TEST_CASE("L11 failed: our own TLS files, before anybody was called") {
    conats::connect_options o("tls://127.0.0.1:1");
    conats::tls_options tls;
    tls.ca_file("/nowhere/ca.pem");
    const auto a = failed_attempt(o.tls(tls));
    CHECK(a.phase() == connect_phase::tls);
    CHECK(a.addresses().empty());
}

TEST_CASE("L11 failed: a server that sends no INFO") {
    scripted_peer silent([](peer_session& s) { s.stop_reading(); });
    conats::connect_options o(silent.url());
    const auto a = failed_attempt(o.connect_timeout(400ms));
    CHECK(a.phase() == connect_phase::info);
    CHECK(a.what().code() == errc::timeout);
    CHECK(a.took(connect_phase::info) > 0ns); // the rest of the timeout
    CHECK(a.total() >= 400ms);
    CHECK(a.total() < 400ms + scaled(5s));
    CHECK(a.took(connect_phase::auth) == 0ns);
}

TEST_CASE("L11 failed: a wrong token, with the server's words") {
    nats_server server("authorization { token: other }");
    const auto a = failed_attempt(server.url("s3cr3t"));
    CHECK(a.phase() == connect_phase::auth);
    CHECK(a.what().code() == errc::authorization_violation);
    CHECK(a.server_words() == "Authorization Violation");
    CHECK(a.took(connect_phase::auth) > 0ns);
    CHECK(a.took(connect_phase::tls) == 0ns);
}

TEST_CASE("L11 failed: a proxy, and a stream of one's own") {
    conats::connect_options by_proxy("nats.test:4222");
    scripted_peer proxy([](peer_session& s) {
        (void)s.line();
        s.send("HTTP/1.1 403 Forbidden\r\n\r\n");
    });
    by_proxy.proxy("http://127.0.0.1:" + std::to_string(proxy.port()));
    auto a = failed_attempt(by_proxy);
    CHECK(a.phase() == connect_phase::transport);
    CHECK(a.what().code() == errc::proxy_failed);
    CHECK(a.addresses() == std::vector<std::string>{"127.0.0.1:" + std::to_string(proxy.port())});

    conats::connect_options own("nats.test:4222");
    own.transport(conats::transport(
        [](conats::transport_target) -> asio::awaitable<std::unique_ptr<conats::stream>> {
            throw std::runtime_error("no carrier");
            co_return nullptr;
        }));
    a = failed_attempt(own);
    CHECK(a.phase() == connect_phase::transport);
    CHECK(a.addresses().empty());
}

TEST_CASE("L11 each attempt is told, the last one is kept, and a hook that throws harms nobody") {
    nats_server server;
    attempts all;
    run([&]() -> asio::awaitable<void> {
        auto o = fast("127.0.0.1:1, " + server.url());
        o.retain_order(true).on_attempt([&](const connect_attempt& a) {
            all.push_back(a);
            throw std::runtime_error("the hook's");
        });
        auto nc = co_await conats::connect(o);
        REQUIRE(all.size() == 2);
        CHECK(all[0].phase() == connect_phase::tcp);
        CHECK(all[0].number() == 1);
        CHECK(all[1].phase() == connect_phase::auth);
        CHECK(all[1].number() == 2);
        CHECK_FALSE(all[1].what());
        CHECK(all[1].server() == server.url());
        CHECK(all[1].took(connect_phase::info) > 0ns);
        CHECK(all[1].took(connect_phase::auth) > 0ns);
        CHECK(nc.last_attempt().number() == 2);
        CHECK(nc.last_attempt().server() == server.url());
        server.stop();
        const bool failed =
            co_await async_eventually([&] { return nc.last_attempt().what() && all.size() > 2; });
        CHECK(failed);
        server.start();
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        CHECK_FALSE(nc.last_attempt().what());
        CHECK(nc.last_attempt().number() == all.size());
        co_await nc.close();
        CHECK(conats::client().last_attempt().number() == 0);
    });
}

TEST_CASE("L11 an attempt that the client's closing cuts short is not told") {
    scripted_peer silent([](peer_session& s) { s.stop_reading(); });
    attempts all;
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto o = fast(server.url());
        auto nc = co_await conats::connect(o.on_attempt(into(all)));
        CHECK(all.size() == 1);
        CHECK_FALSE(nc.set_servers(silent.url()));
        CHECK_FALSE(nc.force_reconnect());
        const bool dials = co_await async_eventually([&] { return silent.connections() == 1; });
        CHECK(dials);
        co_await nc.close();
    });
    CHECK(all.size() == 1);
}
