// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace conats::test {

/// Counts heap allocations (malloc, calloc, realloc, aligned_alloc, posix_memalign, memalign, and
/// so operator new) since its construction. Only in programs that link `conats_allocation_counter`,
/// and never under a sanitizer: there available() is false and every count 0.
///
///     if (!allocation_counter::available())
///         skip_test("allocations cannot be counted here");
///     allocation_counter counter;
///     ... 10 000 messages ...
///     CHECK(counter.count() == 0);
class allocation_counter {
public:
    enum class scope {
        process, ///< of all threads, but for those that called ignore_thread()
        thread,  ///< of the calling thread alone
    };

    explicit allocation_counter(scope what = scope::process) noexcept;

    [[nodiscard]] static bool available() noexcept;
    [[nodiscard]] std::uint64_t count() const noexcept;
    [[nodiscard]] std::uint64_t bytes() const noexcept;
    void restart() noexcept;

private:
    scope scope_;
    std::uint64_t count_ = 0;
    std::uint64_t bytes_ = 0;
};

/// Blocks of the process that are allocated and not freed, or those that this thread has allocated
/// less those that it has freed; 0 where available() is false. The pauses below change nothing
/// about it.
[[nodiscard]] std::int64_t live_blocks(
    allocation_counter::scope what = allocation_counter::scope::process) noexcept;

/// Makes the `n`-th allocation of this thread from now on, and the `times - 1` after it, fail; `n`
/// counts from 1. Under a sanitizer only those by `operator new`, and only in a program that has
/// failing_new.cpp.
void fail_allocation(std::uint64_t n, std::uint64_t times = 1) noexcept;
/// Allocations of these sizes do not fail, nor count toward `n`, until stop_failing().
void spare_allocations_of(std::size_t size, std::size_t other) noexcept;
/// How many allocations of this thread since fail_allocation() and before stop_failing() could have
/// failed, those included that did.
[[nodiscard]] std::uint64_t fallible_allocations() noexcept;
/// How many have failed since fail_allocation().
[[nodiscard]] std::uint64_t failed_allocations() noexcept;
/// Nothing fails any more. Returns how many allocations have failed.
std::uint64_t stop_failing() noexcept;
/// Of the allocation that is being made: whether it is to fail.
[[nodiscard]] bool allocation_fails(std::size_t size) noexcept;

/// Allocations of this thread are not counted while an object of this class lives.
class allocation_pause {
public:
    allocation_pause() noexcept;
    allocation_pause(const allocation_pause&) = delete;
    allocation_pause& operator=(const allocation_pause&) = delete;
    ~allocation_pause();
};

/// Allocations of this thread do not count from now on. The threads of scripted_peer and
/// sniffing_proxy call it; it does nothing where the counter is not linked.
void ignore_thread_allocations() noexcept;

} // namespace conats::test
