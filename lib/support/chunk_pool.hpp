// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/light_mutex.hpp"

#include <conats/detail/block.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

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

/// Chunks that nobody uses, for the pools that share it: a few for all of them, since those of
/// idle connections use none. Kept for as long as the store is. Any thread may come.
class chunk_store {
public:
    static constexpr std::size_t max_kept = 32;

    chunk_store() = default;
    chunk_store(const chunk_store&) = delete;
    chunk_store& operator=(const chunk_store&) = delete;
    ~chunk_store();

    /// Null if there is none.
    [[nodiscard]] chunk* take() noexcept;
    /// False if there are enough.
    [[nodiscard]] bool keep(chunk* c) noexcept;

private:
    light_mutex mutex_;
    std::array<chunk*, max_kept> kept_{}; // the first `count_` of them
    std::size_t count_ = 0;
};

/// A connection's chunks of one size, used again and again. Any thread may return chunks.
class chunk_pool {
public:
    /// With its header and padding a chunk is just under 128 KiB.
    static constexpr std::size_t chunk_size = (std::size_t{128} << 10U) - 256;

    explicit chunk_pool(std::shared_ptr<chunk_store> store) noexcept : store_(std::move(store)) {}
    chunk_pool(const chunk_pool&) = delete;
    chunk_pool& operator=(const chunk_pool&) = delete;
    ~chunk_pool() = default;

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

    const std::shared_ptr<chunk_store> store_;
    std::atomic<std::size_t> in_use_{0};
};

} // namespace impl
} // namespace v0
} // namespace conats
