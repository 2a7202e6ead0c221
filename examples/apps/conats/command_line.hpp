// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "settings.hpp"

#include <optional>
#include <string>

namespace tool {

/// What the command line says.
struct command_line {
    connection_settings connection;
    std::optional<verb_settings> verb; ///< none: there is only `text` to print
    std::string text;                  ///< help, or what is wrong
    int code = 0;                      ///< of a program that only prints the text
};

/// Reads it; shows no value in what it finds wrong, since that may be a secret.
[[nodiscard]] command_line parse_command_line(int count, const char* const* arguments);

} // namespace tool
