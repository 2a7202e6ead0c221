// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/sockets.hpp"
#include "support/timing.hpp"

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace conats::test {

/// What a program reads from and writes to: descriptors, which stay the caller's.
class standard_streams {
public:
    int input = -1;
    int output = -1;
    int errors = -1;
};

/// Starts a program, by its path, with these `NAME=VALUE` for an environment. It has a session of
/// its own, inherits no other descriptor, and gets SIGKILL when the calling thread ends.
[[nodiscard]] pid_t start_process(const std::vector<std::string>& command,
                                  const std::vector<std::string>& environment,
                                  const standard_streams& streams);

/// The same in this process's environment, with nothing to read, and its stdout and stderr appended
/// to a file.
[[nodiscard]] pid_t start_process(const std::vector<std::string>& command,
                                  const std::filesystem::path& output);

/// This process's environment, as `NAME=VALUE`.
[[nodiscard]] std::vector<std::string> own_environment();

/// Whether it has ended; collects it then, so that its id must not be used any more.
[[nodiscard]] bool collect_process(pid_t pid);

/// Lets it end by itself within a time, or ends it; collects it.
void end_process(pid_t pid, duration within = {});

/// open(), whose failure is a std::system_error; what it makes is for this user alone.
[[nodiscard]] unique_fd open_file(const std::filesystem::path& path, int flags);

[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// The program that an environment variable names, empty where it names none. Throws where what it
/// names is no program.
[[nodiscard]] std::string program_named_by(const char* variable);

/// The path of a program that is found by PATH; empty where none is.
[[nodiscard]] std::string program_in_path(const std::string& name);

} // namespace conats::test
