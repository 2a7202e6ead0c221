// SPDX-License-Identifier: Apache-2.0
#include "integration/outcome.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/sniffing_proxy.hpp"

#include <conats/conats.hpp>
#include <conats/websocket.hpp>

#include <chrono>
#include <string>

using namespace conats::test;
using namespace std::chrono_literals;

TEST_CASE("S95 wss to a port that speaks WebSocket in plain: an error of TLS, nothing in plain") {
    const tls_files files;
    nats_server server("authorization { token: t0k3n }\n"
                       "websocket { host: \"127.0.0.1\", port: -1, no_tls: true }\n");
    const auto url = server.listening("websocket").front();
    const auto port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    sniffing_proxy wire("127.0.0.1", port);
    conats::connect_options o("wss://t0k3n@127.0.0.1:" + std::to_string(wire.port()));
    o.transport(conats::websocket()).tls(files.trusting()).connect_timeout(scaled(5s));
    const auto begin = std::chrono::steady_clock::now();
    const auto e = outcome_of(o);
    CAPTURE(e);
    CHECK(e == conats::condition::tls);
    CHECK(std::chrono::steady_clock::now() - begin < scaled(4s)); // told, not timed out
    CHECK(e.what().find("t0k3n") == std::string::npos);
    const std::string sent = wire.from_client();
    CHECK(sent.front() == '\x16'); // a TLS record of a handshake
    CHECK(sent.find("GET ") == std::string::npos);
    CHECK(sent.find("CONNECT") == std::string::npos);
    CHECK(sent.find("t0k3n") == std::string::npos);
}
