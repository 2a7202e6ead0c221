// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define CONATS_KNOWS_SINGLE_THREAD
#endif

#if defined(__SANITIZE_THREAD__)
#define CONATS_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CONATS_THREAD_SANITIZER
#endif
#endif

namespace conats {
inline namespace v0 {
namespace impl {

/// A mutex of one word for sections that are nearly always of a few dozen instructions. Taking and
/// releasing a free one is two atomic operations in line, where `std::mutex` on glibc is two calls
/// of 45 instructions together, of 376 for a whole publication, and 40 bytes in each subscription.
///
/// While the program has one thread they are plain ones, as glibc's: two atomic ones would be 8 of
/// 28 ns of a publication. A thread that finds it taken tries for about as long as such a section
/// takes, then sleeps. Not recursive, not fair. For `std::lock_guard`.
class light_mutex {
public:
    light_mutex() = default;
    light_mutex(const light_mutex&) = delete;
    light_mutex& operator=(const light_mutex&) = delete;

    [[gnu::always_inline]] void lock() noexcept {
        note_locking();
        std::uint32_t expected = free;
        if (is_alone()) // so it is free
            state_.store(taken, std::memory_order_relaxed);
        else if (!state_.compare_exchange_strong(expected, taken, std::memory_order_acquire,
                                                 std::memory_order_relaxed)) [[unlikely]]
            wait_and_lock();
        note_locked();
    }
    [[gnu::always_inline]] void unlock() noexcept {
        note_unlocking();
        if (is_alone()) // so nobody waits
            state_.store(free, std::memory_order_relaxed);
        else if (state_.exchange(free, std::memory_order_release) == awaited) [[unlikely]]
            wake_one();
        note_unlocked();
    }

    /// Whether a thread sleeps until it is released, or is about to.
    [[nodiscard]] bool is_awaited() const noexcept {
        return state_.load(std::memory_order_relaxed) == awaited;
    }

private:
    enum : std::uint32_t { free, taken, awaited };

    /// Whether there is no other thread. A thread that begins sees what was stored before.
    static bool is_alone() noexcept {
#ifdef CONATS_KNOWS_SINGLE_THREAD
        return __libc_single_threaded != 0;
#else
        return false;
#endif
    }

    void wait_and_lock() noexcept;
    // The next owner may have destroyed the mutex before this: only its address is used.
    void wake_one() noexcept;

    // For ThreadSanitizer, which finds locks that are taken in changing order.
#ifdef CONATS_THREAD_SANITIZER
    void note_locking() noexcept;
    void note_locked() noexcept;
    void note_unlocking() noexcept;
    void note_unlocked() noexcept;
#else
    void note_locking() noexcept {}
    void note_locked() noexcept {}
    void note_unlocking() noexcept {}
    void note_unlocked() noexcept {}
#endif

    std::atomic<std::uint32_t> state_{free};
};

} // namespace impl
} // namespace v0
} // namespace conats
