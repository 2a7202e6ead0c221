// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <exception>
#include <new>
#include <thread>

namespace conats {
inline namespace v0 {
namespace impl {

/// Calls `f` until it finds the memory it needs, which is some hundred bytes, and returns what it
/// returns: for what must not fail, such as waking who waits. Asio has no way to reserve it, and
/// nothing tells when memory is free again: so it asks every millisecond. Where there is none for
/// ten seconds the process cannot go on.
template <class F>
decltype(auto) retry_for_memory(F&& f) {
    constexpr unsigned at_once = 8;
    constexpr unsigned most = 10'000;
    for (unsigned failed = 0;; ++failed) {
        if (failed == most)
            std::terminate();
        if (failed >= at_once)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        try {
            return f();
        } catch (const std::bad_alloc&) { // again
        }
    }
}

} // namespace impl
} // namespace v0
} // namespace conats
