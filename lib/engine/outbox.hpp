// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/byte_buffer.hpp"

#include <conats/payload.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// A piece of memory to be written.
struct segment {
    const char* data = nullptr;
    std::size_t size = 0;
};

/// What is being written: bytes with payloads of others between them. The writer's alone.
class outgoing {
public:
    [[nodiscard]] bool empty() const noexcept { return remaining_ == 0; }
    [[nodiscard]] std::size_t size() const noexcept { return remaining_; }

    /// The first pieces of what is left; returns how many of `out` were filled.
    std::size_t pieces(std::span<segment> out) const noexcept;
    /// `n` bytes were written.
    void consume(std::size_t n) noexcept;

    /// The position of the first byte, whether it was written or not.
    [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }

private:
    friend class outbox;
    friend class frame_cursor;
    struct insertion {
        std::size_t offset; // in bytes_: the payload stands before the byte there
        owned_payload payload;
    };

    byte_buffer bytes_;
    std::vector<insertion> insertions_;
    std::uint64_t begin_ = 0;
    std::size_t remaining_ = 0;
    std::size_t position_ = 0;       // in bytes_
    std::size_t insertion_ = 0;      // the next one
    std::size_t insertion_used_ = 0; // of it
};

/// What was accepted for sending and not yet handed to the writer: one of two buffers, of which
/// the writer has the other. Positions count bytes since the start. Pure.
class outbox {
public:
    /// Where frames are appended.
    [[nodiscard]] byte_buffer& bytes() noexcept { return current_.bytes_; }
    /// Sends `p` behind the bytes appended so far, from where it is.
    void insert(owned_payload p);

    [[nodiscard]] std::size_t size() const noexcept { return current_.bytes_.size() + inserted_; }
    [[nodiscard]] bool empty() const noexcept { return size() == 0; }
    /// The position of the first byte that was not handed to the writer.
    [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }
    /// The position behind the last byte appended.
    [[nodiscard]] std::uint64_t end() const noexcept { return begin_ + size(); }

    /// Swaps everything into `out`, which is of no use any more.
    void take(outgoing& out);
    /// What `take` would give.
    [[nodiscard]] const outgoing& contents() noexcept {
        current_.begin_ = begin_;
        return current_;
    }
    /// An empty one whose positions begin where those of this one end.
    [[nodiscard]] outbox successor() const {
        outbox next;
        next.begin_ = end();
        return next;
    }
    /// Drops everything.
    void clear() noexcept;

private:
    // Above this an emptied buffer is given back instead of kept.
    static constexpr std::size_t kept_capacity = std::size_t{1} << 20U;

    outgoing current_;
    std::size_t inserted_ = 0;
    std::uint64_t begin_ = 0;
};

} // namespace impl
} // namespace v0
} // namespace conats
