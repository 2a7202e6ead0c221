// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "integration/scratch_directory.hpp"
#include "support/timing.hpp"

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace conats::test {

/// What a program has left behind. The code is 128 and more where a signal has ended it.
struct outcome_of_program {
    int code = -1;
    std::string out;
    std::string err;
};

/// A program that runs, in a session of its own. Destroying it kills it.
class running_program {
public:
    running_program(std::string name, pid_t pid, std::shared_ptr<scratch_directory> files);
    running_program(running_program&& other) noexcept;
    running_program(const running_program&) = delete;
    running_program& operator=(const running_program&) = delete;
    running_program& operator=(running_program&&) = delete;
    ~running_program();

    [[nodiscard]] std::string out() const;
    [[nodiscard]] std::string err() const;
    /// Waits until it has said this, on stdout or stderr; false where it does not, or has ended.
    [[nodiscard]] bool says(const std::string& text) const;
    /// Waits for a line with `text` on stdout, and returns what stands behind it there. Throws
    /// where none comes.
    [[nodiscard]] std::string value_after(const std::string& text) const;
    void signal(int number) const;
    [[nodiscard]] bool ended() const;
    /// Waits for its end. Kills it and throws, with what it has said, where that does not come.
    outcome_of_program wait(duration within = std::chrono::seconds(20));

private:
    /// Waits until `holds`, or until it has ended; returns whether it holds then.
    [[nodiscard]] bool waits_for(const std::function<bool()>& holds) const;
    [[noreturn]] void fail(const std::string& what) const;

    std::string name_;
    pid_t pid_;
    std::shared_ptr<scratch_directory> files_;
};

/// A program with its arguments, what it reads, and its environment: that of the test without NATS_
/// variables, and with a home of its own.
class program {
public:
    explicit program(std::vector<std::string> words);

    program& set(const std::string& name, std::string value);
    program& arguments(const std::vector<std::string>& more);
    /// What it reads from stdin; nothing unless told.
    program& input(std::string text);
    /// Where its stdout goes, instead of to `out`; it takes the descriptor over.
    program& output_to(int descriptor);

    [[nodiscard]] running_program start() const;
    [[nodiscard]] outcome_of_program run() const;
    /// Its home, where `.config/nats` is looked for.
    [[nodiscard]] const scratch_directory& home() const { return *home_; }

private:
    std::vector<std::string> words_;
    std::map<std::string, std::string> environment_;
    std::string input_;
    int output_ = -1;
    std::shared_ptr<scratch_directory> home_;
};

/// A time for a command line, as long as this machine needs it: `500ms`.
[[nodiscard]] std::string scaled_text(duration span);
/// The same in seconds, as a number: `0.5`.
[[nodiscard]] std::string scaled_seconds(duration span);

} // namespace conats::test
