// SPDX-License-Identifier: Apache-2.0
// `conats bench` with and without a terminal: what it measures, and that it ends whatever happens.
#include "apps/command_lines.hpp"
#include "apps/terminal.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"

#include <boost/json/parse.hpp>

#include <csignal>
#include <string>
#include <vector>

using namespace conats::test;
using Catch::Matchers::Contains;

namespace {

program benchmark(const nats_server& server, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "bench");
    return conats_tool(std::move(arguments)).set("NATS_URL", server.url());
}

/// The same where its stderr is the terminal.
program benchmark_at(const terminal& screen, const nats_server& server,
                     const std::vector<std::string>& arguments) {
    return program(
               {"/bin/sh", "-c", R"(exec "$@" 2>"$0")", screen.path(), CONATS_TOOL_PATH, "bench"})
        .arguments(arguments)
        .set("NATS_URL", server.url())
        .set("NATS_TIMEOUT", scaled_text(std::chrono::seconds(5)));
}

} // namespace

TEST_CASE("M02 tool: bench shows on a terminal how far it is, and takes it away") {
    const nats_server server;
    terminal screen;
    auto sub = benchmark_at(screen, server, {"sub", "a", "--msgs", "2", "-j"}).start();
    REQUIRE(screen.shows("Waiting for 2 messages"));
    REQUIRE(screen.shows("] 0 % 0/s"));
    CHECK(conats_tool({"pub", "a", "x", "-s", server.url()}).run().code == 0);
    REQUIRE(screen.shows("] 50 % "));
    CHECK(conats_tool({"pub", "a", "x", "-s", server.url()}).run().code == 0);
    const auto end = sub.wait();
    CHECK(end.code == 0);
    CHECK(boost::json::parse(end.out).at("messages") == 2);
    CHECK(screen.shown().ends_with("\r\x1b[K"));

    auto waiting = benchmark_at(screen, server, {"sub", "b"}).start();
    REQUIRE(screen.shows("on \"b\""));
    waiting.signal(SIGINT);
    CHECK(waiting.wait().code == 130);
}

TEST_CASE(
    "M02 tool: bench ends with what went wrong, on a terminal and with several clients, too") {
    const nats_server server;
    for (const char* clients : {"1", "4"}) {
        const std::vector<std::string> line{"request", "nobody",    "--msgs",
                                            "8",       "--clients", clients};
        CHECK(benchmark(server, line).run().code == 5);
        terminal screen;
        CHECK(benchmark_at(screen, server, line).run().code == 5);
        CHECK(screen.shows("no_responders"));
    }
}

TEST_CASE("M02 tool: bench fails where the server refuses") {
    const nats_server server(
        "authorization { users: [ { user: joe, password: s3cr3t, permissions: {"
        " publish: { deny: [silent, silent.>] }, subscribe: { deny: deaf } } } ] }");
    for (const auto& line :
         std::vector<std::vector<std::string>>{{"pub", "silent"},
                                               {"sub", "deaf"},
                                               {"pubsub", "silent"},
                                               {"pubsub", "deaf"},
                                               {"pubsub", "silent", "--clients", "2"},
                                               {"request", "silent", "--clients", "4"}}) {
        const std::vector<std::string> more{"--msgs", "100",        "--user",
                                            "joe",    "--password", "s3cr3t"};
        CAPTURE(line);
        const auto end = benchmark(server, line).arguments(more).run();
        CHECK(end.code == 1);
        CHECK(end.out.empty());
        CHECK_THAT(end.err, Contains("conats: permission_denied"));
        terminal screen;
        CHECK(benchmark_at(screen, server, line).arguments(more).run().code == 1);
        CHECK(screen.shows("permission_denied"));
    }
}

TEST_CASE("M02 tool: bench ends where the connection is lost") {
    nats_server server;
    auto sub = benchmark(server, {"sub", "a", "--clients", "2"}).start();
    REQUIRE(sub.says("Waiting for"));
    terminal screen;
    auto shown = benchmark_at(screen, server, {"sub", "a"}).start();
    REQUIRE(screen.shows("Waiting for"));
    server.stop();
    const auto end = sub.wait();
    CHECK(end.code == 3);
    CHECK_THAT(end.err, Contains("conats: the connection is closed: "));
    CHECK(shown.wait().code == 3);
}

TEST_CASE("M02 tool: bench shares few messages among many clients") {
    const nats_server server;
    for (const char* kind : {"pub", "pubsub"}) {
        const auto end =
            benchmark(server, {kind, "a", "--msgs", "1", "--clients", "3", "-j"}).run();
        CHECK(end.code == 0);
        CHECK(boost::json::parse(end.out).at("messages") == 1);
    }
}
