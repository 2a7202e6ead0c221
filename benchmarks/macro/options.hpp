// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

/// What the command line asks for.
struct options {
    std::string server;
    std::string ca_file; // of a server with TLS
    std::string scenario;
    std::string form;
    std::size_t size = 16;
    std::uint64_t count = 0;
    std::size_t connections = 1;
    std::size_t subscriptions = 1; // of each connection
    std::size_t concurrent = 1;
    std::size_t threads = 1;
    bool headers = false;
};

/// Ends the program where the line is wrong or asks for help.
options parse_command_line(int count, const char* const* arguments);

/// The part of `count` that the one of `of` with this index does.
inline std::uint64_t share(std::uint64_t count, std::size_t index, std::size_t of) {
    return count / of + (index < count % of ? 1 : 0);
}

} // namespace bench
