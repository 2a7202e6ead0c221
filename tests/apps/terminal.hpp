// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace conats::test {

/// A terminal that is nobody's until a program writes to it, and all that was written.
class terminal {
public:
    terminal();
    terminal(const terminal&) = delete;
    terminal& operator=(const terminal&) = delete;
    ~terminal();

    /// What a program opens.
    [[nodiscard]] const std::string& path() const { return path_; }
    /// What it has shown so far, a line feed as CR and LF.
    [[nodiscard]] const std::string& shown();
    /// Waits until it has shown this.
    [[nodiscard]] bool shows(const std::string& text);

private:
    int master_ = -1;
    int slave_ = -1; // so that what was written stays when the program has gone
    std::string path_;
    std::string shown_;
};

} // namespace conats::test
