// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/light_mutex.hpp"

#include <conats/detail/block.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>

namespace conats {
inline namespace v0 {
namespace impl {

class chunk_pool;

/// A block that sockets are read into: a header, `capacity` bytes, and padding that may be
/// read but means nothing.
struct chunk : block {
    static constexpr std::size_t padding = 64;

    [[nodiscard]] char* data() noexcept { return reinterpret_cast<char*>(this + 1); }

    /// Keeps the pool, and whom a message answers through, while the chunk is in use. Not set
    /// while the chunk lies in the pool, else both would keep each other.
    std::shared_ptr<void> owner;
    chunk_pool* pool = nullptr; // of `owner`; null: not from a pool
};

/// A chunk outside any pool, for copies of single messages.
chunk* make_chunk(std::size_t capacity, std::shared_ptr<void> owner);

inline chunk* as_chunk(block* b) noexcept {
    return static_cast<chunk*>(b);
}

/// Chunks of one size, used again and again. Any thread may return chunks.
class chunk_pool {
public:
    /// With its header and padding a chunk is just under 128 KiB.
    static constexpr std::size_t chunk_size = (std::size_t{128} << 10U) - 256;
    static constexpr std::size_t max_kept = 8;

    chunk_pool() = default;
    chunk_pool(const chunk_pool&) = delete;
    chunk_pool& operator=(const chunk_pool&) = delete;
    ~chunk_pool();

    /// A chunk of at least `capacity` bytes with one reference; larger ones than `chunk_size`
    /// are made for the occasion.
    chunk* get(std::size_t capacity, std::shared_ptr<void> owner);

    /// Bytes of all chunks handed out and not returned.
    [[nodiscard]] std::size_t bytes_in_use() const noexcept {
        return in_use_.load(std::memory_order_relaxed);
    }

private:
    friend void recycle(block* b) noexcept;
    void put(chunk* c) noexcept;

    light_mutex mutex_;
    std::array<chunk*, max_kept> kept_{}; // the first `kept_count_` of them
    std::size_t kept_count_ = 0;
    std::atomic<std::size_t> in_use_{0};
};

} // namespace impl
} // namespace v0
} // namespace conats
