// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "integration/scratch_directory.hpp"

#include <sys/types.h>

#include <string>
#include <vector>

namespace conats::test {

/// A program of examples/apps in a child process, which is gone when this is.
class program {
public:
    program(const std::string& name, const std::vector<std::string>& arguments);
    program(const program&) = delete;
    program& operator=(const program&) = delete;
    ~program();

    /// What it has printed so far, on stdout and stderr.
    [[nodiscard]] std::string output() const;
    /// Whether it prints that in time.
    [[nodiscard]] bool says(const std::string& text) const;
    /// What stands behind `text` in its line; throws where it does not come in time.
    [[nodiscard]] std::string value_after(const std::string& text) const;

    void signal(int number) const;
    /// Waits for its end. 128 and more: a signal's number. Throws where it goes on.
    int exit_code();

private:
    scratch_directory directory_;
    std::string name_;
    pid_t pid_ = -1;
};

} // namespace conats::test
