// SPDX-License-Identifier: Apache-2.0
#include "integration/out_of_memory/test_bench.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"

#include <conats/websocket.hpp>

using namespace conats::test;

namespace {

asio::awaitable<void> connects(scene& s) {
    conats::connect_options options(s.url);
    options.transport(conats::websocket());
    return connect_armed(s, std::move(options));
}

} // namespace

TEST_CASE("S134 connecting by WebSocket where memory fails") {
    nats_server server("websocket { host: \"127.0.0.1\", port: -1, no_tls: true }\n");
    fail_everywhere(server.listening("websocket").front(), connects, trial(150, 60).connects());
}
