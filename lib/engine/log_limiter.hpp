// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/log.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// Keeps a log from being flooded: of each event at most `burst` records in a window that begins
/// with the first of them. How many were left out is told once the window is over. Pure.
class log_limiter {
public:
    using time_point = std::chrono::steady_clock::time_point;

    static constexpr std::uint64_t burst = 10;
    static constexpr std::chrono::seconds window{1};

    struct summary {
        std::string_view event;
        log_level level = log_level::off; ///< of the last one left out
        std::uint64_t left_out = 0;
    };

    /// Whether a record of this event, whose name lives for ever, is told. What is due is to be
    /// taken before.
    bool admit(std::string_view event, log_level level, time_point now);
    /// What was left out in a window that is over.
    std::optional<summary> take_due(time_point now);
    /// When `take_due` has something; `time_point::max()`: never.
    [[nodiscard]] time_point next_due() const noexcept;

private:
    struct entry {
        std::string_view event;
        log_level level = log_level::off;
        time_point end{}; // of the window
        std::uint64_t admitted = 0;
        std::uint64_t left_out = 0;
    };

    entry& find(std::string_view event);

    std::vector<entry> entries_; // about twenty at most
};

} // namespace impl
} // namespace v0
} // namespace conats
