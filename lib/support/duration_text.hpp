// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// In the largest unit that tells it exactly: "5 s", "1500 ms", "-3 us".
std::string duration_text(std::chrono::nanoseconds t);

/// Why a timeout cannot be taken: "connect_timeout is 0 s and has to be above zero". Empty for one
/// that can.
std::string timeout_fault(std::string_view name, std::chrono::nanoseconds t);

} // namespace impl
} // namespace v0
} // namespace conats
