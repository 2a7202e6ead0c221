// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace metrics_tap {

/// What happened in one interval.
struct interval_counts {
    std::uint64_t received = 0;
    std::uint64_t conflated = 0; ///< replaced by a later value before anybody saw them
    std::uint64_t dropped = 0; ///< by the subscription, since they came faster than they were read
    std::uint64_t malformed = 0; ///< no number, or a subject that cannot be printed
    std::uint64_t refused = 0;   ///< of a new subject, with no room for it
};

/// The latest value of each subject. Pure: no clock, no client.
class latest_values {
public:
    explicit latest_values(std::size_t max_subjects) : max_subjects_(max_subjects) {}

    void update(std::string_view subject, std::string_view payload);

    /// What was counted since the last snapshot, and all values, as one line of JSON without its
    /// end. `dropped` is what the subscription has dropped since its start.
    [[nodiscard]] std::string snapshot(std::chrono::system_clock::time_point now,
                                       std::uint64_t dropped);

    [[nodiscard]] std::size_t size() const noexcept { return values_.size(); }

private:
    class value {
    public:
        double number = 0;
        bool seen = false; // in a snapshot
    };

    std::size_t max_subjects_;
    std::map<std::string, value, std::less<>> values_;
    interval_counts counts_;
    std::uint64_t dropped_before_ = 0;
};

} // namespace metrics_tap
