// SPDX-License-Identifier: Apache-2.0
#include "fixture.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/timing.hpp"

#include <conats/conats.hpp>

#include <csignal>

using namespace conats::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

TEST_CASE("App tested_service: the program sells seats until SIGTERM") {
    const nats_server server;
    auto service = app("tested_service", {server.url()}).start();
    REQUIRE(service.says("selling 100 seats\n"));
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        conats::message reply = co_await nc.request("seats.hold.100", "Ann", scaled(5s));
        CHECK(reply.text() == "held");
        reply = co_await nc.request("seats.hold.101", "Ann", scaled(5s));
        CHECK(reply.headers().get("Nats-Service-Error-Code") == "404");
        service.signal(SIGTERM);
        const bool gone = co_await async_eventually([&] { return service.ended(); }, 20s);
        CHECK(gone);
        conats::error e;
        (void)co_await nc.request("seats.hold.1", "Ann", scaled(5s), e);
        CHECK(e == conats::errc::no_responders);
        co_await nc.close();
    });
    const auto end = service.wait();
    CHECK(end.code == 0);
    CHECK_THAT(end.out, Contains("stopped\n"));
    const auto unreachable = app("tested_service", {"nats://127.0.0.1:1"}).run();
    CHECK(unreachable.code == 1);
    CHECK_THAT(unreachable.err, Contains("tested_service: connection_refused"));
}
