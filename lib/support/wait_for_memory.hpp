// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <exception>
#include <thread>

namespace conats {
inline namespace v0 {
namespace impl {

/// Between two attempts at what must not fail for want of memory, which is some hundred bytes.
/// Where even these are not to be had for ten seconds the process cannot go on.
inline void wait_for_memory(unsigned failed) noexcept {
    constexpr unsigned at_once = 8;
    constexpr unsigned most = 10'000;
    if (failed < at_once)
        return;
    if (failed == most)
        std::terminate();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

} // namespace impl
} // namespace v0
} // namespace conats
