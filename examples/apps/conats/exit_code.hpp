// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>

#include <stdexcept>
#include <string>

namespace tool {

/// How the program ends. Above 128: by a signal, before it had done what it was asked.
enum exit_code : int {
    done = 0,
    failed = 1,        ///< refused, lost, or not to be written
    bad_usage = 2,     ///< options, subjects or contexts that cannot be right
    no_connection = 3, ///< no server was reached, or none let us in; or the connection was lost
    no_answer = 4,     ///< nothing came in time
    nobody_there = 5   ///< nobody is subscribed to the subject of a request
};

/// The lines of `--help` about them.
extern const char* const exit_codes_help;

/// Ends the program with a line on stderr and a code.
class failure : public std::runtime_error {
public:
    failure(int code, const std::string& what) : std::runtime_error(what), code_(code) {}

    [[nodiscard]] int code() const noexcept { return code_; }

private:
    int code_;
};

/// What the error means for the program.
[[nodiscard]] int code_of(const conats::error& e);

/// The error in a line, with what can be done about it.
[[nodiscard]] std::string advise(const conats::error& e);

} // namespace tool
