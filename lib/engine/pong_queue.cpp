// SPDX-License-Identifier: Apache-2.0
#include "engine/pong_queue.hpp"

#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

void pong_queue::reserve_one() {
    if (size_ == ring_.size()) {
        grow();
    }
}

void pong_queue::push(ping_kind kind, std::uint64_t id) {
    reserve_one();
    ring_[(head_ + size_) & (ring_.size() - 1)] = sent_ping{kind, id};
    ++size_;
}

std::optional<sent_ping> pong_queue::pop() noexcept {
    if (size_ == 0) {
        return std::nullopt;
    }
    const sent_ping first = ring_[head_];
    head_ = (head_ + 1) & (ring_.size() - 1);
    --size_;
    return first;
}

void pong_queue::clear() noexcept {
    head_ = 0;
    size_ = 0;
}

void pong_queue::grow() {
    std::vector<sent_ping> bigger(ring_.empty() ? 8 : 2 * ring_.size());
    for (std::size_t i = 0; i != size_; ++i) {
        bigger[i] = ring_[(head_ + i) & (ring_.size() - 1)];
    }
    ring_ = std::move(bigger);
    head_ = 0;
}

} // namespace impl
} // namespace v0
} // namespace conats
