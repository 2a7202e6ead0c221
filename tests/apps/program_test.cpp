// SPDX-License-Identifier: Apache-2.0
// How the tests of this directory run programs.
#include "apps/program.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <csignal>
#include <string>

using namespace conats::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

program shell(const std::string& script) {
    return program({"/bin/sh", "-c", script});
}

} // namespace

TEST_CASE("support: what a program says on either stream, and its exit code") {
    const auto end = shell("cat; echo wrong >&2; exit 3").input("in\n").run();
    CHECK(end.code == 3);
    CHECK(end.out == "in\n");
    CHECK(end.err == "wrong\n");
    CHECK(shell("kill -TERM $$").run().code == 128 + SIGTERM);
    CHECK(shell("echo $NATS_URL-$A").set("A", "b").run().out == "-b\n");
    CHECK(program({"/no/such/program"}).run().code == 127);
}

TEST_CASE("support: a program is waited for until it says something, or has ended") {
    auto running = shell("echo port 1234; echo open >&2; exec sleep 1000").start();
    CHECK(running.value_after("port ") == "1234");
    CHECK(running.says("open"));
    CHECK_FALSE(running.ended());
    running.signal(SIGKILL);
    CHECK_FALSE(running.says("closed"));
    CHECK_THROWS_WITH(running.value_after("address "),
                      Contains("sh does not say 'address '") && Contains("port 1234"));
    CHECK(running.wait().code == 128 + SIGKILL);
    CHECK(running.out() == "port 1234\n");
}

TEST_CASE("support: a program that does not end is a failure") {
    auto running = shell("echo begun; exec sleep 1000").start();
    REQUIRE(running.says("begun"));
    CHECK_THROWS_WITH(running.wait(1ms), Contains("sh does not end") && Contains("begun"));
    CHECK(running.ended());
}
