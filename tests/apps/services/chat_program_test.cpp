// SPDX-License-Identifier: Apache-2.0
#include "integration/websocket_fixture.hpp"
#include "program.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/timing.hpp"

#include <conats/conats.hpp>

#include <csignal>
#include <string>

using namespace conats::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

TEST_CASE("App chat: the program, over ws://, until SIGTERM") {
    const nats_server server(websocket_server());
    program chat("chat", {"ws://127.0.0.1:" + std::to_string(websocket_port(server)), "0"});
    CHECK_THAT(chat.value_after("chat at http://"), Contains("127.0.0.1:"));
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        const auto history = co_await nc.request("chat.history", "", scaled(5s));
        CHECK(history.text() == "[]");
        co_await nc.close();
    });
    chat.signal(SIGTERM);
    CHECK(chat.exit_code() == 0);
    CHECK_THAT(chat.output(), Contains("stopped\n"));
}

TEST_CASE("App chat: what is wrong with its arguments, or its server, ends it") {
    program port("chat", {"nats://127.0.0.1:1", "99999"});
    CHECK(port.exit_code() == 1);
    CHECK_THAT(port.output(), Contains("PORT is a number from 0 to 65535, not '99999'"));
    program unreachable("chat", {"ws://127.0.0.1:1", "0"});
    CHECK(unreachable.exit_code() == 1);
    CHECK_THAT(unreachable.output(), Contains("chat: connection_refused"));

    nats_server server("authorization { token: t }");
    program lost("chat", {server.url("t"), "0"});
    REQUIRE(lost.says("chat at"));
    server.reload("authorization { token: other }"); // it is thrown out, and not let in again
    CHECK(lost.exit_code() == 1);
    CHECK_THAT(lost.output(), Contains("chat: ") && Contains("uthorization"));
}
