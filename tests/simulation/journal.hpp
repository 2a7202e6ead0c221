// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace conats::simulation {

/// What happened in a run, and the first thing that must not have. Lines are kept only where
/// somebody is to read them: a run repeats itself, so a failed one is simply run again.
class journal {
public:
    explicit journal(bool keeps_lines) : keeps_lines_(keeps_lines) {}

    /// `make` returns the line; it is not called where lines are not kept.
    template <class F>
    void note(F make) {
        if (keeps_lines_)
            lines_.push_back(now_ + make());
    }
    /// Only the first failure counts: what follows may be its consequence.
    void fail(std::string what) {
        if (!failure_.empty())
            return;
        note([&] { return "FAILED: " + what; });
        failure_ = std::move(what);
    }
    [[nodiscard]] bool keeps_lines() const noexcept { return keeps_lines_; }
    [[nodiscard]] bool failed() const noexcept { return !failure_.empty(); }
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
    [[nodiscard]] std::vector<std::string> take_lines() noexcept { return std::move(lines_); }
    /// The time that the next lines begin with.
    void stamp(std::string now) { now_ = std::move(now); }

private:
    std::vector<std::string> lines_;
    std::string now_;
    std::string failure_;
    bool keeps_lines_;
};

} // namespace conats::simulation
