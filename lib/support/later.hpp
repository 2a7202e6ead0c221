// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace conats {
inline namespace v0 {
namespace impl {

/// `span` after `now`, or just before the end of time, which means never, where that comes first:
/// a timeout of `nanoseconds::max()` is for ever. `now` for a span that is not positive.
inline std::chrono::steady_clock::time_point later(std::chrono::steady_clock::time_point now,
                                                   std::chrono::nanoseconds span) noexcept {
    using time_point = std::chrono::steady_clock::time_point;
    constexpr auto last = time_point::max() - time_point::duration(1);
    if (span.count() <= 0)
        return now;
    return span > last - now ? last : now + span;
}

} // namespace impl
} // namespace v0
} // namespace conats
