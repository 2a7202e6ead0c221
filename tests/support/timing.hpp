// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>

namespace conats::test {

using duration = std::chrono::nanoseconds;

/// The environment's CONATS_TIME_SCALE: how much slower than a developer's machine this one may
/// be. 1 where it is not set or not a positive number.
[[nodiscard]] double time_scale();

/// A hang guard as long as this machine needs it: `span` times time_scale().
[[nodiscard]] duration scaled(duration span);

/// A point in time by which something must have happened; its span is scaled.
class deadline {
public:
    explicit deadline(duration span);

    [[nodiscard]] bool passed() const;
    /// What is left, in milliseconds rounded up, as poll() wants it; 0 when it has passed.
    [[nodiscard]] int milliseconds_left() const;
    [[nodiscard]] std::chrono::steady_clock::time_point time() const { return time_; }

private:
    std::chrono::steady_clock::time_point time_;
};

/// Asks `holds` again and again until it answers true (returns true) or the scaled deadline has
/// passed (returns what it answers then). It blocks the thread: in a coroutine that shares its
/// thread with the client use async_eventually() of run.hpp.
[[nodiscard]] bool eventually(const std::function<bool()>& holds,
                              duration within = std::chrono::seconds(5));

} // namespace conats::test
