// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>

#include <atomic>
#include <cstdint>

namespace conats {
inline namespace v0 {
namespace impl {

/// The start of a reference-counted piece of memory that holds received bytes.
struct block {
    std::atomic<std::uint32_t> references{1};
    std::uint32_t capacity = 0; // bytes that follow, without the padding
};

/// Gives the block back to its pool, or frees it. Called by whoever drops the last reference.
CONATS_EXPORT void recycle(block* b) noexcept;

inline void add_reference(block* b, std::uint32_t n = 1) noexcept {
    b->references.fetch_add(n, std::memory_order_relaxed);
}

inline void release_reference(block* b, std::uint32_t n = 1) noexcept {
    if (b->references.fetch_sub(n, std::memory_order_acq_rel) == n)
        recycle(b);
}

/// Where a received message lies in its block. Trivial, so that queues move it freely; whoever
/// holds it owns one reference to the block.
struct record {
    block* memory = nullptr;
    const char* subject = nullptr;
    std::uint16_t subject_size = 0;
    std::uint16_t reply_offset = 0; // from `subject`
    std::uint16_t reply_size = 0;
    bool malformed_headers = false;
    std::uint32_t body_offset = 0; // from `subject`: headers, then payload
    std::uint32_t header_size = 0;
    std::uint32_t payload_size = 0;
};

} // namespace impl
} // namespace v0
} // namespace conats
