// SPDX-License-Identifier: Apache-2.0
#include "apps/command_lines.hpp"

#include "support/child_process.hpp"
#include "support/environment.hpp"
#include "support/nats_server.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

namespace conats::test {

using namespace std::chrono_literals;

namespace {

std::string find_nats_cli() {
    std::string path = program_named_by("NATS_CLI");
    if (path.empty())
        path = program_in_path("nats");
    if (!path.empty())
        return path;
    if (!variable_of("CONATS_REQUIRE_NATS_CLI").empty())
        throw std::runtime_error("there is no nats, and CONATS_REQUIRE_NATS_CLI promises one");
    skip_test("SKIPPED: needs the nats command line (NATS_CLI names none, PATH has none)");
}

/// Both go by NATS_TIMEOUT.
program with_time(const std::string& path, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), path);
    return program(std::move(arguments)).set("NATS_TIMEOUT", scaled_text(5s));
}

} // namespace

program conats_tool(std::vector<std::string> arguments) {
    return with_time(CONATS_TOOL_PATH, std::move(arguments));
}

program nats_cli(std::vector<std::string> arguments) {
    return with_time(find_nats_cli(), std::move(arguments));
}

} // namespace conats::test
