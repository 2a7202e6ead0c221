// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>

namespace conats {
inline namespace v0 {
namespace impl {

/// The sum, or the largest size where it would be larger: for limits, and what is held against
/// them.
constexpr std::size_t saturated_sum(std::size_t a, std::size_t b) noexcept {
    constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
    return a > most - b ? most : a + b;
}

} // namespace impl
} // namespace v0
} // namespace conats
