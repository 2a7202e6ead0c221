// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "apps/program.hpp"

#include <string>
#include <vector>

namespace conats::test {

/// `conats` with these arguments, and time to connect.
[[nodiscard]] program conats_tool(std::vector<std::string> arguments);

/// `nats`, the official command line: $NATS_CLI, else the one in PATH. Without one the test is
/// skipped, or fails where $CONATS_REQUIRE_NATS_CLI is set.
[[nodiscard]] program nats_cli(std::vector<std::string> arguments);

} // namespace conats::test
