// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>

#include <chrono>

namespace conats {
inline namespace v0 {
namespace impl {

/// After how long a subscription ends by itself. Zero: not for that.
struct subscription_times {
    std::chrono::nanoseconds lifetime{0};
    std::chrono::nanoseconds first_message{0};
    std::chrono::nanoseconds idle{0};

    [[nodiscard]] bool any() const noexcept {
        return lifetime.count() != 0 || first_message.count() != 0 || idle.count() != 0;
    }
    /// The option that is negative; null if none is.
    [[nodiscard]] const char* negative() const noexcept;
};

/// When a subscription ends by itself. Pure.
///
/// Its deadline moves away with every message but the first, yet nobody is told: who keeps the
/// time asks `check` when the deadline that it knows of has passed, and then for the next one. So
/// a message costs no timer.
class subscription_deadlines {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit subscription_deadlines(const subscription_times& times) noexcept : times_(times) {}

    void start(time_point now) noexcept;
    /// Messages came. True if its deadline is now earlier, as the first one may make it.
    bool on_messages(time_point now) noexcept;
    /// Nothing could come meanwhile: silence until now does not count.
    void excuse(time_point now) noexcept;
    /// Why it ends now; no code (0) if it goes on.
    [[nodiscard]] errc check(time_point now) const noexcept;
    /// When to check again; `time_point::max()` for never.
    [[nodiscard]] time_point next() const noexcept;

private:
    subscription_times times_;
    time_point end_ = time_point::max();
    time_point silence_ = time_point::max(); // the end, if nothing comes before
    bool any_message_ = false;
};

} // namespace impl
} // namespace v0
} // namespace conats
