// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace conats::test {

/// Starts a program with its stdout and stderr appended to a file. It inherits no other
/// descriptor, and gets SIGKILL when the calling thread ends.
[[nodiscard]] pid_t start_process(const std::vector<std::string>& command,
                                  const std::filesystem::path& output);

/// Whether it has ended; collects it then, so that its id must not be used any more.
[[nodiscard]] bool collect_process(pid_t pid);

[[nodiscard]] std::string read_file(const std::filesystem::path& path);

} // namespace conats::test
