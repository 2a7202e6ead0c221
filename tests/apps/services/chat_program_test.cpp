// SPDX-License-Identifier: Apache-2.0
#include "fixture.hpp"
#include "integration/websocket_fixture.hpp"
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
    const std::string url = "ws://127.0.0.1:" + std::to_string(websocket_port(server));
    auto chat = app("chat", {url, "0"}).start();
    CHECK_THAT(chat.value_after("chat at http://"), Contains("127.0.0.1:"));
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        const auto history = co_await nc.request("chat.history", "", scaled(5s));
        CHECK(history.text() == "[]");
        co_await nc.close();
    });
    chat.signal(SIGTERM);
    const auto end = chat.wait();
    CHECK(end.code == 0);
    CHECK_THAT(end.out, Contains("stopped\n"));
}

TEST_CASE("App chat: what is wrong with its arguments, or its server, ends it") {
    const auto port = app("chat", {"nats://127.0.0.1:1", "99999"}).run();
    CHECK(port.code == 1);
    CHECK_THAT(port.err, Contains("PORT is a number from 0 to 65535, not '99999'"));
    const auto unreachable = app("chat", {"ws://127.0.0.1:1", "0"}).run();
    CHECK(unreachable.code == 1);
    CHECK_THAT(unreachable.err, Contains("chat: connection_refused"));

    nats_server server("authorization { token: t }");
    auto lost = app("chat", {server.url("t"), "0"}).start();
    REQUIRE(lost.says("chat at"));
    server.reload("authorization { token: other }"); // it is thrown out, and not let in again
    const auto end = lost.wait();
    CHECK(end.code == 1);
    CHECK_THAT(end.err, Contains("chat: ") && Contains("uthorization"));
}
