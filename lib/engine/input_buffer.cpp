// SPDX-License-Identifier: Apache-2.0
#include "engine/input_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

input_buffer::input_buffer(chunk_pool& pool, std::shared_ptr<void> owner) noexcept
    : pool_(pool),
      owner_(std::move(owner)) {}

input_buffer::~input_buffer() {
    if (current_ != nullptr)
        release_reference(current_);
}

input_buffer::space input_buffer::prepare(std::size_t needed) {
    const std::size_t unparsed = end_ - begin_;
    const std::size_t room_wanted =
        needed > unparsed ? needed - unparsed : least_room; // never 0: the rest is unparsed
    // Twofold where the end of a long line is not known, so that it is not copied at every read.
    const std::size_t growth = needed > unparsed ? 0 : unparsed;
    if (current_ == nullptr) {
        move_to_new_chunk(std::max(needed, chunk_pool::chunk_size));
    } else if (current_->capacity - end_ < room_wanted || unparsed == 0) {
        const bool alone = current_->references.load(std::memory_order_acquire) == 1;
        const bool oversized = current_->capacity != chunk_pool::chunk_size;
        if (alone && !oversized && unparsed + room_wanted <= current_->capacity)
            move_to_front();
        else if (oversized || current_->capacity - end_ < room_wanted)
            move_to_new_chunk(
                std::max(unparsed + std::max(room_wanted, growth), chunk_pool::chunk_size));
    }
    return {current_->data() + end_, current_->capacity - end_};
}

bool input_buffer::give_back() noexcept {
    if (current_ == nullptr)
        return true;
    // Where messages keep it, what comes next is read behind them, else each would keep a chunk.
    if (!is_empty() || current_->references.load(std::memory_order_acquire) != 1)
        return false;
    release_reference(std::exchange(current_, nullptr));
    begin_ = end_ = 0;
    return true;
}

void input_buffer::move_to_front() {
    std::memmove(current_->data(), current_->data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
}

void input_buffer::move_to_new_chunk(std::size_t capacity) {
    chunk* next = pool_.get(capacity, owner_);
    if (current_ != nullptr) {
        std::memcpy(next->data(), current_->data() + begin_, end_ - begin_);
        release_reference(current_);
    }
    current_ = next;
    end_ -= std::exchange(begin_, 0);
}

} // namespace impl
} // namespace v0
} // namespace conats
