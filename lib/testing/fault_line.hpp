// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/testing/fault_proxy.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

enum class fault_action : std::uint8_t { none, close, reset, half_close, stall };

/// What becomes of some bytes.
struct fault_result {
    std::string out;
    std::size_t used = 0;                     ///< of the bytes; those behind are to come again
    fault_action action = fault_action::none; ///< behind them
};

/// One direction of a connection: which bytes get through, and where it ends.
class fault_line {
public:
    fault_result feed(const faults& f, std::string_view bytes);

private:
    std::uint64_t at_ = 0;
    bool half_closed_ = false;
};

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
