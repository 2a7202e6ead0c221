// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <ratio>
#include <type_traits>

namespace conats {
inline namespace v0 {

/// A duration of any unit, as the library takes it: in nanoseconds, and capped at what those can
/// tell (292 years) instead of overflowing, so that `hours::max()` is as good as for ever. What is
/// not a number counts as zero. Made implicitly from every `std::chrono::duration`.
class time_limit {
public:
    /// Of any duration.
    template <class Rep, class Period>
    // NOLINTNEXTLINE(google-explicit-constructor): it stands for any duration
    constexpr time_limit(std::chrono::duration<Rep, Period> d) noexcept : value_(capped(d)) {}

    /// The same as a duration.
    // NOLINTNEXTLINE(google-explicit-constructor): and is one
    constexpr operator std::chrono::nanoseconds() const noexcept { return value_; }
    /// In nanoseconds.
    [[nodiscard]] constexpr std::chrono::nanoseconds::rep count() const noexcept {
        return value_.count();
    }

private:
    using nanoseconds = std::chrono::nanoseconds;

    template <class Duration>
    static constexpr nanoseconds capped(Duration d) noexcept {
        if constexpr (std::is_same_v<Duration, nanoseconds>) {
            return d;
        } else {
            // A little below the last one, which has no exact double.
            constexpr double last = 9.2e18;
            const double count = std::chrono::duration<double, std::nano>(d).count();
            if (count >= last)
                return nanoseconds::max();
            if (count <= -last)
                return nanoseconds::min();
            if (count != count)
                return nanoseconds(0);
            // Of a unit that is no whole number of nanoseconds the cast itself might overflow.
            using unit = std::ratio_divide<typename Duration::period, std::nano>;
            if constexpr (unit::den == 1)
                return std::chrono::duration_cast<nanoseconds>(d);
            else
                return nanoseconds(static_cast<nanoseconds::rep>(count));
        }
    }

    nanoseconds value_;
};

} // namespace v0
} // namespace conats
