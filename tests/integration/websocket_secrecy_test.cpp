// SPDX-License-Identifier: Apache-2.0
#include "integration/helpers.hpp"
#include "integration/scratch_directory.hpp"
#include "integration/websocket_fixture.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/process.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>
#include <conats/websocket.hpp>

#include <string>

using namespace conats::test;
using namespace std::chrono_literals;

TEST_CASE("A26 a WebSocket keeps no copy of a token, with compression and without") {
    const bool compresses = GENERATE(true, false);
    CAPTURE(compresses);
    const masked_secret hidden;
    const scratch_directory scratch;
    {
        std::string text = hidden.reveal();
        std::string config;
        config.reserve(200);
        config.append("authorization { token: \"").append(text).append("\" }");
        scratch.write("auth.conf", config);
        wipe(config);
        wipe(text);
    }
    nats_server server(
        websocket_server("compression: true",
                         "include \"../" + scratch.path().filename().string() + "/auth.conf\""));
    CHECK(find_in_memory(hidden).empty());
    run([&]() -> asio::awaitable<void> {
        auto options =
            over_ws(websocket_port(server), conats::websocket_options().compression(compresses));
        {
            std::string text = hidden.reveal();
            options.token(text);
            wipe(text);
        }
        auto nc = co_await conats::connect(std::move(options));
        options = conats::connect_options();
        CHECK(find_in_memory(hidden).size() == 1);
        auto sub = co_await nc.subscribe("a");
        co_await nc.publish("a", "x");
        auto m = co_await sub.next(scaled(5s));
        CHECK(m->text() == "x");
        CHECK(find_in_memory(hidden).size() == 1);
        co_await nc.close();
    });
    CHECK(find_in_memory(hidden).empty());
}
