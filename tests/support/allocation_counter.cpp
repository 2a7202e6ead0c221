// SPDX-License-Identifier: Apache-2.0

#include "support/allocation_counter.hpp"

#include <atomic>
#include <cerrno>
#include <cstddef>

#if defined(__has_feature)
#define CONATS_HAS_FEATURE(x) __has_feature(x)
#else
#define CONATS_HAS_FEATURE(x) 0
#endif

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !CONATS_HAS_FEATURE(address_sanitizer) && !CONATS_HAS_FEATURE(thread_sanitizer) &&       \
    !CONATS_HAS_FEATURE(memory_sanitizer)
#define CONATS_COUNTS_ALLOCATIONS 1
#else
#define CONATS_COUNTS_ALLOCATIONS 0
#endif

namespace conats::test {

namespace {

constinit std::atomic<std::uint64_t> process_count{0};
constinit std::atomic<std::uint64_t> process_bytes{0};
constinit std::atomic<std::int64_t> process_live{0};
constinit thread_local std::uint64_t thread_count = 0;
constinit thread_local std::uint64_t thread_bytes = 0;
constinit thread_local std::int64_t thread_live = 0;
constinit thread_local int ignored = 0;
constinit thread_local std::uint64_t until_failure = 0; // 0: none fails
constinit thread_local std::uint64_t to_fail = 0;
constinit thread_local std::uint64_t failed = 0;
constinit thread_local std::uint64_t fallible = 0;
constinit thread_local std::size_t spared[2] = {0, 0};

[[maybe_unused]] void count(std::size_t size) noexcept {
    if (ignored > 0)
        return;
    ++thread_count;
    thread_bytes += size;
    process_count.fetch_add(1, std::memory_order_relaxed);
    process_bytes.fetch_add(size, std::memory_order_relaxed);
}

[[maybe_unused]] void* alive(void* block) noexcept {
    if (block != nullptr) {
        process_live.fetch_add(1, std::memory_order_relaxed);
        ++thread_live;
    }
    return block;
}

[[maybe_unused]] void dead() noexcept {
    process_live.fetch_sub(1, std::memory_order_relaxed);
    --thread_live;
}

std::uint64_t counted(allocation_counter::scope what) noexcept {
    return what == allocation_counter::scope::thread ? thread_count : process_count.load();
}

std::uint64_t counted_bytes(allocation_counter::scope what) noexcept {
    return what == allocation_counter::scope::thread ? thread_bytes : process_bytes.load();
}

} // namespace

allocation_counter::allocation_counter(scope what) noexcept : scope_(what) {
    restart();
}

bool allocation_counter::available() noexcept {
    return CONATS_COUNTS_ALLOCATIONS != 0;
}

std::uint64_t allocation_counter::count() const noexcept {
    return counted(scope_) - count_;
}

std::uint64_t allocation_counter::bytes() const noexcept {
    return counted_bytes(scope_) - bytes_;
}

void allocation_counter::restart() noexcept {
    count_ = counted(scope_);
    bytes_ = counted_bytes(scope_);
}

std::int64_t live_blocks(allocation_counter::scope what) noexcept {
    return what == allocation_counter::scope::thread ? thread_live
                                                     : process_live.load(std::memory_order_relaxed);
}

void fail_allocation(std::uint64_t n, std::uint64_t times) noexcept {
    until_failure = n;
    to_fail = times;
    failed = 0;
    fallible = 0;
}

void spare_allocations_of(std::size_t size, std::size_t other) noexcept {
    spared[0] = size;
    spared[1] = other;
}

std::uint64_t fallible_allocations() noexcept {
    return fallible;
}

std::uint64_t failed_allocations() noexcept {
    return failed;
}

std::uint64_t stop_failing() noexcept {
    until_failure = 0;
    spared[0] = spared[1] = 0;
    return failed;
}

bool allocation_fails(std::size_t size) noexcept {
    if (until_failure == 0 || size == spared[0] || size == spared[1]) [[likely]]
        return false;
    ++fallible;
    if (until_failure-- > 1)
        return false;
    until_failure = to_fail > 1 ? 1 : 0;
    --to_fail;
    ++failed;
    return true;
}

allocation_pause::allocation_pause() noexcept {
    ++ignored;
}
allocation_pause::~allocation_pause() {
    --ignored;
}

void ignore_thread_allocations() noexcept {
    ++ignored;
}

} // namespace conats::test

#if CONATS_COUNTS_ALLOCATIONS

// glibc's own names for what is replaced here.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the names are glibc's
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* block);
}

// The libraries of the process have to find these, although symbols are hidden by default.
#define CONATS_REPLACES extern "C" [[gnu::visibility("default")]] [[gnu::used]]

CONATS_REPLACES void* malloc(std::size_t size) noexcept {
    conats::test::count(size);
    if (conats::test::allocation_fails(size))
        return nullptr;
    return conats::test::alive(__libc_malloc(size));
}

CONATS_REPLACES void* calloc(std::size_t number, std::size_t size) noexcept {
    conats::test::count(number * size);
    if (conats::test::allocation_fails(number * size))
        return nullptr;
    return conats::test::alive(__libc_calloc(number, size));
}

CONATS_REPLACES void* realloc(void* block, std::size_t size) noexcept {
    conats::test::count(size);
    if (size != 0 && conats::test::allocation_fails(size))
        return nullptr;
    void* const moved = __libc_realloc(block, size);
    if (block == nullptr)
        return conats::test::alive(moved);
    if (size == 0)
        conats::test::dead();
    return moved;
}

CONATS_REPLACES void free(void* block) noexcept {
    if (block != nullptr)
        conats::test::dead();
    __libc_free(block);
}

CONATS_REPLACES void* memalign(std::size_t alignment, std::size_t size) noexcept {
    conats::test::count(size);
    if (conats::test::allocation_fails(size))
        return nullptr;
    return conats::test::alive(__libc_memalign(alignment, size));
}

CONATS_REPLACES void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    conats::test::count(size);
    if (conats::test::allocation_fails(size))
        return nullptr;
    return conats::test::alive(__libc_memalign(alignment, size));
}

CONATS_REPLACES int posix_memalign(void** result, std::size_t alignment,
                                   std::size_t size) noexcept {
    const bool is_power = alignment != 0 && (alignment & (alignment - 1)) == 0;
    if (!is_power || alignment % sizeof(void*) != 0)
        return EINVAL;
    conats::test::count(size);
    if (conats::test::allocation_fails(size))
        return ENOMEM;
    void* const block = conats::test::alive(__libc_memalign(alignment, size));
    if (block == nullptr)
        return ENOMEM;
    *result = block;
    return 0;
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

#endif
