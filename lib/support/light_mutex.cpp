// SPDX-License-Identifier: Apache-2.0
#include "support/light_mutex.hpp"

#ifdef CONATS_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

/// Tells the processor that the thread only waits.
void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    _mm_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

} // namespace

void light_mutex::wait_and_lock() noexcept {
    constexpr int tries = 40;
    for (int i = 0; i != tries; ++i) {
        relax();
        std::uint32_t expected = free;
        if (state_.load(std::memory_order_relaxed) == free &&
            state_.compare_exchange_weak(expected, taken, std::memory_order_acquire,
                                         std::memory_order_relaxed))
            return;
    }
    // Whoever has slept takes it as awaited, since it does not know whether it was the only one.
    while (state_.exchange(awaited, std::memory_order_acquire) != free)
        state_.wait(awaited, std::memory_order_relaxed);
}

void light_mutex::wake_one() noexcept {
    state_.notify_one();
}

#ifdef CONATS_THREAD_SANITIZER
void light_mutex::note_locking() noexcept {
    __tsan_mutex_pre_lock(this, __tsan_mutex_linker_init);
}
void light_mutex::note_locked() noexcept {
    __tsan_mutex_post_lock(this, __tsan_mutex_linker_init, 0);
}
void light_mutex::note_unlocking() noexcept {
    __tsan_mutex_pre_unlock(this, 0);
}
void light_mutex::note_unlocked() noexcept {
    __tsan_mutex_post_unlock(this, 0);
}
#endif

} // namespace impl
} // namespace v0
} // namespace conats
