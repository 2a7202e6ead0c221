// SPDX-License-Identifier: Apache-2.0
#include "integration/outcome.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"
#include "support/sockets.hpp"
#include "support/test_proxy.hpp"

#include <conats/conats.hpp>
#include <conats/stream.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::ip_order;

namespace {

conats::resolver_function resolves_to(std::vector<std::string> addresses) {
    return [=](std::string) -> asio::awaitable<std::vector<std::string>> { co_return addresses; };
}

bool has_ipv6() {
    try {
        (void)listen_tcp("::1", 0);
        return true;
    } catch (const std::system_error&) {
        return false;
    }
}

void require_ipv6() {
    if (!has_ipv6())
        skip_test("there is no IPv6 on this machine");
}

nats_server make_server(std::string host, std::uint16_t port = 0) {
    server_options o;
    o.host(std::move(host)).port(port);
    return nats_server(o);
}

conats::connect_options by_name(const nats_server& server) {
    return conats::connect_options("nats://both.test:" + std::to_string(server.port()));
}

/// The integer of a socket option.
int option_of(int fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    (void)::getsockopt(fd, level, name, &value, &size);
    return value;
}

} // namespace

TEST_CASE("S16 a host with an address nobody listens at is reached at its other one") {
    auto server = make_server("127.0.0.1");
    conats::connect_options o = by_name(server);
    o.resolver(resolves_to({"::1", "127.0.0.1"})).retain_order(true);
    CHECK_FALSE(outcome_of(o));
    o = by_name(server);
    o.resolver(resolves_to({"127.0.0.2", "127.0.0.1"})).retain_order(true);
    CHECK_FALSE(outcome_of(o));
    CHECK_FALSE(outcome_of("localhost:" + std::to_string(server.port())));
}

TEST_CASE("B09 one family can be preferred or the only one") {
    require_ipv6();
    auto v6 = make_server("::1");
    auto o = by_name(v6);
    o.resolver(resolves_to({"127.0.0.1", "::1"})).retain_order(true);
    const auto with = [&](ip_order order) {
        auto copy = o;
        copy.ip_order(order);
        return copy;
    };
    CHECK_FALSE(outcome_of(with(ip_order::any)));
    CHECK_FALSE(outcome_of(with(ip_order::v6_only)));
    CHECK_FALSE(outcome_of(with(ip_order::v6_first)));
    CHECK_FALSE(outcome_of(with(ip_order::v4_first)));
    CHECK(outcome_of(with(ip_order::v4_only)).code() == errc::connection_refused);

    // Both listen: the first in order is taken.
    auto v4 = make_server("127.0.0.1", v6.port());
    const auto reached = [&](ip_order order) {
        return run([&, order]() -> asio::awaitable<std::string> {
            auto nc = co_await conats::connect(with(order));
            co_return nc.remote_address();
        });
    };
    CHECK(reached(ip_order::v4_first).starts_with("127.0.0.1:"));
    CHECK(reached(ip_order::v6_first).starts_with("[::1]:"));
}

TEST_CASE("B09 a host without an address of the one family wanted is not found") {
    auto server = make_server("127.0.0.1");
    auto o = by_name(server);
    o.resolver(resolves_to({"127.0.0.1"})).ip_order(ip_order::v6_only);
    auto e = outcome_of(o);
    CHECK(e.code() == errc::host_not_found);
    CHECK(e.text() == "'both.test' has no IPv6 address");
    o.resolver(resolves_to({"::1"})).ip_order(ip_order::v4_only);
    e = outcome_of(o);
    CHECK(e.code() == errc::host_not_found);
    CHECK(e.text() == "'both.test' has no IPv4 address");
    // Where a machine has no IPv6, an address of it is one that fails.
    o.resolver(resolves_to({"::1", "127.0.0.1"}));
    for (const auto order :
         {ip_order::any, ip_order::v4_only, ip_order::v4_first, ip_order::v6_first}) {
        o.ip_order(order);
        CHECK_FALSE(outcome_of(o));
    }
}

TEST_CASE("B13 a client connects from the address and port it is told") {
    auto server = make_server("127.0.0.1");
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.local_address("127.0.0.9").name("bound");
        auto nc = co_await conats::connect(o);
        CHECK(nc.local_address().starts_with("127.0.0.9:"));
        const auto seen = server.monitor().connection("bound");
        REQUIRE(seen);
        CHECK(seen->at("ip").as_string() == "127.0.0.9");
    });
    // Of the addresses only that of its family is tried.
    conats::connect_options o = by_name(server);
    o.resolver(resolves_to({"::1", "127.0.0.1"})).local_address("127.0.0.8");
    CHECK_FALSE(outcome_of(o));

    const auto port = local_port(listen_tcp("127.0.0.1", 0)); // free a moment ago
    conats::connect_options fixed(server.url());
    fixed.local_address("127.0.0.7:" + std::to_string(port)).name("port");
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fixed);
        CHECK(nc.local_address() == "127.0.0.7:" + std::to_string(port));
    });

    conats::connect_options foreign(server.url());
    foreign.local_address("192.0.2.1");
    const auto e = outcome_of(foreign);
    CHECK(e.code() == errc::connection_failed);
    CHECK(e.text().starts_with("local_address 192.0.2.1:0: "));
}

TEST_CASE("B14 socket options are set, and the hook sees the socket") {
    auto server = make_server("127.0.0.1");
    int no_delay = -1;
    int keep_alive = -1;
    int receive_buffer = -1;
    int send_buffer = -1;
    int calls = 0;
    conats::connect_options o(server.url());
    o.socket_hook([&](int fd) {
        ++calls;
        no_delay = option_of(fd, IPPROTO_TCP, TCP_NODELAY);
        keep_alive = option_of(fd, SOL_SOCKET, SO_KEEPALIVE);
        receive_buffer = option_of(fd, SOL_SOCKET, SO_RCVBUF);
        send_buffer = option_of(fd, SOL_SOCKET, SO_SNDBUF);
    });
    CHECK_FALSE(outcome_of(o));
    CHECK(calls == 1);
    CHECK(no_delay != 0);
    CHECK(keep_alive == 0);
    CHECK(receive_buffer != 40'000);
    CHECK(send_buffer != 60'000);

    o.no_delay(false).keep_alive(true).receive_buffer_size(20'000).send_buffer_size(30'000);
    CHECK_FALSE(outcome_of(o));
    CHECK(no_delay == 0);
    CHECK(keep_alive != 0);
    CHECK(receive_buffer == 40'000); // Linux doubles them
    CHECK(send_buffer == 60'000);
}

TEST_CASE("B12 a hook that throws fails the attempt with its words") {
    auto server = make_server("127.0.0.1");
    conats::connect_options o(server.url());
    o.socket_hook([](int) { throw std::runtime_error("no such mark"); });
    const auto e = outcome_of(o);
    CHECK(e.code() == errc::connection_failed);
    CHECK(e.text() == "socket_hook: no such mark");
}

TEST_CASE("B26 dialling options that contradict each other are refused before any I/O") {
    const auto refused = [](const conats::connect_options& o) {
        const auto e = o.validate();
        CHECK(e.code() == errc::invalid_options);
        CHECK(outcome_of(o) == e);
        return e.text();
    };
    conats::connect_options o("nats://127.0.0.1:1");
    CHECK(refused(conats::connect_options(o).local_address("here")).starts_with("local_address: "));
    CHECK(refused(conats::connect_options(o).local_address("::1").ip_order(ip_order::v4_only)) ==
          "local_address and ip_order exclude each other: IPv4 alone is wanted");
    CHECK(refused(conats::connect_options(o).send_buffer_size(std::size_t{2} << 30U)) ==
          "send_buffer_size is 2147483648 bytes; possible is at most 1 GiB");
    CHECK(refused(conats::connect_options(o).receive_buffer_size(std::size_t{2} << 30U)) ==
          "receive_buffer_size is 2147483648 bytes; possible is at most 1 GiB");
    CHECK(refused(conats::connect_options(o).proxy("ftp://u:s3cr3t@h")).find("s3cr3t") ==
          std::string::npos);
    o.transport([](conats::transport_target) -> asio::awaitable<std::unique_ptr<conats::stream>> {
        co_return nullptr;
    });
    CHECK(refused(conats::connect_options(o).proxy("socks5://h")) ==
          "proxy and a transport that makes its own streams exclude each other");
    CHECK(refused(conats::connect_options(o).local_address("127.0.0.1")) ==
          "local_address and a transport that makes its own streams exclude each other");
}

// --- Proxies

namespace {

proxy_behaviour behaviour(bool is_http) {
    proxy_behaviour b;
    b.is_http = is_http;
    b.names["server.test"] = "127.0.0.1";
    return b;
}

} // namespace

TEST_CASE("G09 a server is reached through a proxy, which resolves its name") {
    nats_server server("authorization { token: s3cr3t }");
    const auto port = std::to_string(server.port());
    for (const bool is_http : {false, true}) {
        test_proxy proxy(behaviour(is_http));
        run([&]() -> asio::awaitable<void> {
            conats::connect_options o("nats://s3cr3t@server.test:" + port);
            o.proxy(proxy.url());
            auto nc = co_await conats::connect(o);
            CHECK(nc.connected_url() == "nats://server.test:" + port);
            CHECK(nc.remote_address() == "127.0.0.1:" + std::to_string(proxy.port()));
            auto sub = co_await nc.subscribe("a");
            const std::string big(300'000, 'x');
            co_await nc.publish("a", big);
            const auto m = co_await sub.next(5s);
            REQUIRE(m);
            CHECK(m->payload().size() == big.size());
            co_await nc.close();
        });
        const std::vector<std::string> expected{(is_http ? "" : "name ") + ("server.test:" + port)};
        CHECK(proxy.requests() == expected);
    }
    test_proxy proxy(behaviour(false));
    conats::connect_options o(server.url("s3cr3t"));
    o.proxy(proxy.url());
    CHECK_FALSE(outcome_of(o));
    CHECK(proxy.requests().front() == "ipv4 127.0.0.1:" + port);
}

TEST_CASE("G09 a proxy gets its credentials, and nobody else does") {
    nats_server server;
    for (const bool is_http : {false, true}) {
        auto b = behaviour(is_http);
        b.user = "joe";
        b.password = "p@ss:w0rd";
        test_proxy proxy(b);
        const auto through = [&](std::string_view userinfo) {
            conats::connect_options o(server.url());
            o.proxy(proxy.url(userinfo));
            std::ostringstream shown;
            shown << o;
            CHECK(shown.str().find("proxy: " + proxy.url()) != std::string::npos);
            CHECK(shown.str().find("joe") == std::string::npos);
            return outcome_of(o);
        };
        CHECK_FALSE(through("joe:p%40ss%3Aw0rd"));
        const auto wrong = through("joe:s3cr3t");
        CHECK(wrong.code() == errc::proxy_failed);
        CHECK(wrong == conats::condition::unreachable);
        CHECK(wrong.text().starts_with("the proxy refused the user and password"));
        CHECK(wrong.what().find("s3cr3t") == std::string::npos);
        CHECK(wrong.server() == server.url());
        CHECK(through("").text().starts_with("the proxy demands a user and password"));
    }
}

TEST_CASE("G09 a proxy's refusal, absence and silence are told apart") {
    const auto through = [](const std::string& proxy) {
        conats::connect_options o("nats://server.test:1");
        o.proxy(proxy).connect_timeout(scaled(300ms));
        return outcome_of(o);
    };
    auto b = behaviour(true);
    b.refusal = "403 Not to there";
    test_proxy http(b);
    CHECK(through(http.url()).text() == "the proxy refused: 403 Not to there");
    b.is_http = false;
    b.refusal = "\2";
    test_proxy socks5(b);
    CHECK(through(socks5.url()).text() == "the proxy does not allow this connection");

    const auto nobody = through("socks5://127.0.0.1:1");
    CHECK(nobody.code() == errc::proxy_failed);
    CHECK(nobody.text() == "the proxy socks5://127.0.0.1:1: 127.0.0.1:1 refused the connection");

    b.is_silent = true;
    test_proxy silent(b);
    const auto late = through(silent.url());
    CHECK(late.code() == errc::timeout);
    CHECK(late.text() == "the proxy " + silent.url() + " took longer than the connect timeout");

    // The server behind is not there: SOCKS5 and HTTP proxies of this kind close.
    test_proxy lonely(behaviour(true));
    const auto closed = through(lonely.url());
    CHECK(closed.code() == errc::proxy_failed);
    CHECK(closed.text() == "the proxy " + lonely.url() + ": it closed the connection");
}
