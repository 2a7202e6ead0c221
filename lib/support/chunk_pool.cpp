// SPDX-License-Identifier: Apache-2.0
#include "support/chunk_pool.hpp"

#include <cstdlib>
#include <new>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

chunk* allocate(std::size_t capacity) {
    void* memory = std::malloc(sizeof(chunk) + capacity + chunk::padding);
    if (memory == nullptr)
        throw std::bad_alloc();
    auto* c = new (memory) chunk;
    c->capacity = static_cast<std::uint32_t>(capacity);
    return c;
}

void destroy(chunk* c) noexcept {
    c->~chunk();
    std::free(c);
}

} // namespace

chunk* make_chunk(std::size_t capacity, std::shared_ptr<void> owner) {
    chunk* c = allocate(capacity);
    c->owner = std::move(owner);
    return c;
}

void recycle(block* b) noexcept {
    chunk* c = as_chunk(b);
    // The last message may outlive its client: then the pool dies with `owner`, after `put`.
    const std::shared_ptr<void> owner = std::move(c->owner);
    if (c->pool != nullptr)
        c->pool->put(c);
    else
        destroy(c);
}

chunk_store::~chunk_store() {
    for (std::size_t i = 0; i != count_; ++i)
        destroy(kept_[i]);
}

chunk* chunk_store::take() noexcept {
    const std::lock_guard lock(mutex_);
    return count_ != 0 ? kept_[--count_] : nullptr;
}

bool chunk_store::keep(chunk* c) noexcept {
    const std::lock_guard lock(mutex_);
    if (count_ == max_kept)
        return false;
    kept_[count_++] = c;
    return true;
}

chunk* chunk_pool::get(std::size_t capacity, std::shared_ptr<void> owner) {
    chunk* c = nullptr;
    if (capacity <= chunk_size) {
        capacity = chunk_size;
        c = store_->take();
    }
    if (c == nullptr)
        c = allocate(capacity);
    c->references.store(1, std::memory_order_relaxed);
    c->owner = std::move(owner);
    c->pool = this;
    in_use_.fetch_add(c->capacity, std::memory_order_relaxed);
    return c;
}

void chunk_pool::put(chunk* c) noexcept {
    in_use_.fetch_sub(c->capacity, std::memory_order_relaxed);
    if (c->capacity != chunk_size || !store_->keep(c))
        destroy(c);
}

} // namespace impl
} // namespace v0
} // namespace conats
