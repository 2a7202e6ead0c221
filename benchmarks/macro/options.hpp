// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scenarios/options.hpp"

#include <string>

namespace bench {

/// What the command line asks for.
struct command {
    options measured;
    std::string server;
    std::string ca_file; // of a server with TLS
};

/// Ends the program where the line is wrong or asks for help.
command parse_command_line(int count, const char* const* arguments);

} // namespace bench
