// SPDX-License-Identifier: Apache-2.0
// Who is not there, and who is there instead.
#include "apps/command_lines.hpp"
#include "apps/doctor_examined.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/scripted_peer.hpp"
#include "support/sockets.hpp"
#include "support/test_proxy.hpp"
#include "support/timing.hpp"

#include <chrono>
#include <csignal>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

/// With a token, so that there is a secret to keep.
examined on_address(const std::string& address, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"-s", "s3cr3t@" + address});
    const examined result(more);
    result.check_secrecy("s3cr3t");
    return result;
}

/// For ports that say nothing: the whole of it is waited for.
std::string soon() {
    return scaled_text(500ms);
}

std::string address_of(const std::string& url) {
    return url.substr(url.find("//") + 2);
}

} // namespace

TEST_CASE("M04 doctor: the server is down") {
    const reserved_port nobody;
    const auto found = on_address(nobody.address());
    found.check_failure("tcp", "server_down", "Start nats-server");
    CHECK(found.says("tcp", nobody.address() + " refused"));
    CHECK(found.verdict("dns") == "ok");
}

TEST_CASE("M04 doctor: a host name that nobody knows") {
    // Too long for any name server to be asked.
    const auto found = on_address(std::string(70, 'a') + ".test:4222");
    found.check_failure("dns", "unknown_host", "getent hosts");
    CHECK(found.verdict("tcp") == "skipped");
}

TEST_CASE("M04 doctor: wrong port, nats-server's monitoring") {
    const nats_server server;
    const auto found =
        on_address("127.0.0.1:" + std::to_string(server.monitor_port()), {"--timeout", soon()});
    found.check_failure("info", "monitoring_port", "port for clients");
    CHECK(found.says("info", "clients connect to port " + std::to_string(server.port())));
    CHECK(found.verdict("tcp") == "ok");
}

TEST_CASE("M04 doctor: wrong port, a web server") {
    // It says nothing until it is asked.
    peer_options options;
    options.host(GENERATE("127.0.0.1", "::1"));
    const scripted_peer web(options, [](peer_session& s) {
        while (!s.line().empty()) {}
        s.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    });
    const auto found = on_address(address_of(web.url()), {"--timeout", soon()});
    found.check_failure("info", "http_server", "web server");
    CHECK(found.says("info", "HTTP/1.1 404 Not Found"));
}

TEST_CASE("M04 doctor: wrong port, one that is silent") {
    const scripted_peer silent([](peer_session& s) { s.wait_closed(); });
    const auto found = on_address(address_of(silent.url()), {"--timeout", soon()});
    found.check_failure("info", "silent_port", "Check host and port");
    CHECK(silent.received().find("s3cr3t") == std::string::npos);

    const test_proxy proxy{proxy_behaviour()};
    on_address(address_of(silent.url()), {"--timeout", soon(), "--socks-proxy", proxy.url()})
        .check_failure("info", "silent_port", "Check host and port");
}

TEST_CASE("M04 doctor: Ctrl-C ends it at once") {
    const scripted_peer silent([](peer_session& s) { s.wait_closed(); });
    auto running = conats_tool({"doctor", "-s", silent.url(), "--timeout", "1h"}).start();
    REQUIRE(eventually([&] { return silent.connections() == 1; }));
    running.signal(SIGINT);
    CHECK(running.wait().code == 130);
}

TEST_CASE("M04 doctor: wrong port, one that closes at once") {
    const scripted_peer closing([](peer_session& s) { s.close(); });
    on_address(address_of(closing.url()), {"--timeout", soon()})
        .check_failure("info", "closed_before_info", "server's log");
}

TEST_CASE("M04 doctor: wrong port, another service that speaks first") {
    const scripted_peer ssh([](peer_session& s) {
        s.send("SSH-2.0-OpenSSH_9.2p1\r\n");
        s.wait_closed();
    });
    const auto found = on_address(address_of(ssh.url()));
    found.check_failure("info", "other_service", "not NATS");
}

TEST_CASE("M04 doctor: wrong port, the one for the cluster") {
    const nats_server server("cluster { name: c, listen: \"127.0.0.1:-1\" }");
    const auto found = on_address(address_of(server.listening("cluster").at(0)));
    found.check_failure("auth", "cluster_port", "port for clients");
    CHECK(found.says("auth", "clients connect to " + server.address()));
}

TEST_CASE("M04 doctor: wrong port, the one for WebSockets") {
    const nats_server server("websocket { listen: \"127.0.0.1:-1\", no_tls: true }");
    on_address(address_of(server.listening("websocket").at(0)), {"--timeout", soon()})
        .check_failure("info", "websocket_port", "ws://");
}

TEST_CASE("M04 doctor: a WebSocket where there is none") {
    const nats_server server;
    const examined found({"-s", "ws://s3cr3t@" + server.address()});
    found.check_secrecy("s3cr3t");
    if (found.code() == 2) // a tool that is built without WebSocket
        CHECK_THAT(found.complaint(), Catch::Matchers::Contains("transport_unavailable"));
    else
        found.check_failure("transport", "websocket_refused", "nats://");
}

TEST_CASE("M04 doctor: a proxy that refuses") {
    proxy_behaviour closed;
    closed.user = "u";
    closed.password = "right";
    const test_proxy proxy(closed);
    const nats_server server;
    const auto found = on_address(server.address(), {"--socks-proxy", proxy.url("u:pr0xys3cr3t")});
    found.check_failure("transport", "proxy_failed", "--socks-proxy");
    found.check_secrecy("pr0xys3cr3t");
}

TEST_CASE("M04 doctor: an address or subject that cannot be is wrong usage") {
    const examined address({"-s", "nats://s3cr3t@host:port"});
    address.check_secrecy("s3cr3t");
    CHECK(address.code() == 2);
    CHECK_THAT(address.complaint(), Catch::Matchers::Contains("port"));
    CHECK(address.text().empty());

    const nats_server server;
    const examined subject({"-s", server.url(), "--subject", "a.*"});
    CHECK(subject.code() == 2);
    CHECK_THAT(subject.complaint(), Catch::Matchers::Contains("invalid_subject"));
}
