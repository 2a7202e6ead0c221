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
///
/// Of 32 bytes without padding: copied as two words of 16, each of which is read again as a whole.
/// With padding at the end the last word was written in parts, and waiting for them cost 4 of 35 ns
/// a message.
struct record {
    block* memory = nullptr;
    std::uint32_t subject_offset = 0; // from `memory`
    std::uint32_t body_offset = 0;    // from the subject: headers, then payload
    std::uint32_t header_size = 0;
    std::uint32_t payload_size = 0;
    std::uint16_t subject_size = 0;
    std::uint16_t reply_offset = 0; // from the subject
    std::uint16_t reply_size = 0;
    bool malformed_headers = false;
    bool unused = false;

    [[nodiscard]] const char* subject() const noexcept {
        return reinterpret_cast<const char*>(memory) + subject_offset;
    }
    [[nodiscard]] const char* reply() const noexcept { return subject() + reply_offset; }
    [[nodiscard]] const char* header() const noexcept { return subject() + body_offset; }
    [[nodiscard]] const char* payload() const noexcept { return header() + header_size; }
    void subject(const char* at) noexcept {
        subject_offset = static_cast<std::uint32_t>(at - reinterpret_cast<const char*>(memory));
    }
};
static_assert(sizeof(record) == 24 + sizeof(block*));

struct record_access;

} // namespace impl
} // namespace v0
} // namespace conats
