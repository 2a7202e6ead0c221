// SPDX-License-Identifier: Apache-2.0
#include "engine/outbox.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace impl {

std::size_t outgoing::pieces(std::span<segment> out) const noexcept {
    std::size_t filled = 0;
    std::size_t position = position_;
    std::size_t used = insertion_used_;
    for (std::size_t i = insertion_; filled != out.size(); ++i) {
        const bool last = i == insertions_.size();
        const std::size_t end = last ? bytes_.size() : insertions_[i].offset;
        if (end != position)
            out[filled++] = {bytes_.data() + position, end - position};
        if (last || filled == out.size())
            break;
        const owned_payload& p = insertions_[i].payload;
        out[filled++] = {p.data() + used, p.size() - used};
        position = end;
        used = 0;
    }
    return filled;
}

void outgoing::consume(std::size_t n) noexcept {
    remaining_ -= n;
    while (n != 0) {
        const bool last = insertion_ == insertions_.size();
        const std::size_t end = last ? bytes_.size() : insertions_[insertion_].offset;
        const std::size_t here = std::min(n, end - position_);
        position_ += here;
        n -= here;
        if (last || position_ != end)
            return;
        owned_payload& p = insertions_[insertion_].payload;
        const std::size_t of_it = std::min(n, p.size() - insertion_used_);
        insertion_used_ += of_it;
        n -= of_it;
        if (insertion_used_ != p.size())
            return;
        p = owned_payload();
        ++insertion_;
        insertion_used_ = 0;
    }
}

void outbox::insert(owned_payload p) {
    const std::size_t size = p.size();
    current_.insertions_.push_back({current_.bytes_.size(), std::move(p)});
    inserted_ += size;
}

void outbox::take(outgoing& out) {
    out.bytes_.clear();
    out.insertions_.clear();
    if (out.bytes_.capacity() > kept_capacity)
        out.bytes_.shrink();
    out.position_ = out.insertion_ = out.insertion_used_ = 0;
    const std::size_t size = this->size();
    std::swap(out, current_);
    out.remaining_ = size;
    out.begin_ = begin_;
    begin_ += size;
    inserted_ = 0;
}

void outbox::clear() noexcept {
    current_.bytes_.clear();
    current_.insertions_.clear();
    inserted_ = 0;
}

} // namespace impl
} // namespace v0
} // namespace conats
