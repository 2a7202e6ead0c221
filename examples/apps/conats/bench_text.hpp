// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/result.h"
#include "settings.hpp"

#include <cstdint>
#include <string>

namespace tool {

/// `[=====>    ] 55 % 1,234,567/s`, `width` characters between the brackets.
[[nodiscard]] std::string progress_bar(std::uint64_t done, std::uint64_t all, double seconds,
                                       std::size_t width);

/// The table of what was measured.
[[nodiscard]] std::string bench_table(const bench_settings& s, const bench_result& r);

} // namespace tool
