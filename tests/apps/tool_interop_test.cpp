// SPDX-License-Identifier: Apache-2.0
// The tool beside the official command line, nats: each understands the other.
#include "apps/command_lines.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

using namespace conats::test;
using Catch::Matchers::Contains;

namespace {

program with(program p, const nats_server& server) {
    return p.set("NATS_URL", server.url());
}

/// Without empty lines, of which nats prints two behind a payload.
std::string squeezed(std::string text) {
    for (auto at = text.find("\n\n"); at != text.npos; at = text.find("\n\n", at))
        text.erase(at, 1);
    return text;
}

/// Waits until so many subscriptions are at the server: nats does not when it says so.
bool have_subscribed(const nats_server& server, int count) {
    return eventually([&] { return server.monitor().subscriptions() == count; });
}

} // namespace

TEST_CASE("M01 interop: nats sub gets what conats pub sends") {
    const nats_server server;
    auto sub = with(nats_cli({"sub", "a.*", "--count", "2"}), server).start();
    REQUIRE(sub.says("Subscribing on"));
    REQUIRE(have_subscribed(server, 1));
    CHECK(with(conats_tool({"pub", "a.b", "hello {{Count}}", "--count", "2", "--reply", "r.x", "-H",
                            "X-One: 1", "-H", "X-Two: {{Count}}"}),
               server)
              .run()
              .code == 0);
    const auto got = sub.wait();
    CHECK(got.code == 0);
    CHECK_THAT(got.out, Contains("[#1] Received on \"a.b\" with reply \"r.x\"") &&
                            Contains("X-One: 1") && Contains("X-Two: 2") && Contains("hello 1") &&
                            Contains("hello 2"));
}

TEST_CASE("M01 interop: conats sub gets what nats pub sends, and prints it alike") {
    const nats_server server;
    auto ours = with(conats_tool({"sub", "a.*", "--count", "2"}), server).start();
    auto theirs = with(nats_cli({"sub", "a.*", "--count", "2"}), server).start();
    REQUIRE(ours.says("Subscribing on"));
    REQUIRE(theirs.says("Subscribing on"));
    REQUIRE(have_subscribed(server, 2));
    CHECK(with(nats_cli({"pub", "a.b", "hello", "--count", "2", "--reply", "r.x", "-H", "One:1"}),
               server)
              .run()
              .code == 0);
    const auto got = ours.wait();
    CHECK(got.code == 0);
    CHECK_THAT(got.out, Contains("One: 1\n\nhello\n\n[#2] Received on \"a.b\""));
    CHECK(squeezed(got.out) == squeezed(theirs.wait().out));
}

TEST_CASE("M01 interop: conats reply answers nats request") {
    const nats_server server;
    auto service =
        with(conats_tool({"reply", "svc", "hello {{Request}}", "-H", "From: conats"}), server)
            .start();
    REQUIRE(service.says("Listening on"));
    const auto asked = with(nats_cli({"request", "svc", "joe", "-H", "To:conats"}), server).run();
    CHECK(asked.code == 0);
    CHECK_THAT(asked.out + asked.err, Contains("hello joe") && Contains("From: conats"));
    CHECK(service.says("To: conats\n\njoe"));
    service.signal(SIGINT);
    CHECK(service.wait().code == 0);
}

TEST_CASE("M01 interop: nats reply answers conats req, also beside conats reply") {
    const nats_server server;
    auto theirs = with(nats_cli({"reply", "svc", "--echo"}), server).start();
    REQUIRE(theirs.says("Listening on"));
    REQUIRE(have_subscribed(server, 1));
    const auto one = with(conats_tool({"req", "svc", "joe", "-H", "A: b"}), server).run();
    CHECK(one.code == 0);
    CHECK_THAT(one.out, Contains("A: b\n") && Contains("\n\njoe\n\n"));
    // Both are in one queue group: a request gets one answer.
    auto ours = with(conats_tool({"reply", "svc", "--echo"}), server).start();
    REQUIRE(ours.says("Listening on"));
    const auto all = with(conats_tool({"req", "svc", "x", "--raw", "--replies", "0", "--timeout",
                                       scaled_text(std::chrono::milliseconds(500))}),
                          server)
                         .run();
    CHECK(all.out == "x\n");
}

TEST_CASE("M01 interop: a context saved by nats is used by conats") {
    const nats_server server("authorization { user: joe, password: s3cr3t }");
    program info = conats_tool({"info", "--context", "mine"});
    const std::string home = info.home().path() / ".config";
    const auto saved = nats_cli({"context", "save", "mine", "--server", server.url(), "--user",
                                 "joe", "--password", "s3cr3t", "--inbox-prefix", "_MINE"})
                           .set("XDG_CONFIG_HOME", home)
                           .run();
    CAPTURE(saved.err);
    CHECK(saved.code == 0);
    CHECK(info.run().code == 0);
    CHECK(conats_tool({"info"})
              .set("XDG_CONFIG_HOME", home)
              .set("NATS_URL", server.url())
              .run()
              .code == 3);
    CHECK(nats_cli({"context", "select", "mine"}).set("XDG_CONFIG_HOME", home).run().code == 0);
    CHECK(conats_tool({"info"}).set("XDG_CONFIG_HOME", home).run().code == 0);
}
