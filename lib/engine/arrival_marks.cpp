// SPDX-License-Identifier: Apache-2.0
#include "engine/arrival_marks.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace impl {

void arrival_marks::add(std::uint64_t first, time_point now, std::uint64_t oldest) noexcept {
    if (oldest == first) { // the usual case: the consumer keeps up
        marks_[0] = {first, now};
        size_ = 1;
        return;
    }
    if (size_ == kept)
        forget_before(oldest);
    if (size_ == kept)
        join();
    marks_[size_++] = {first, now};
}

arrival_marks::time_point arrival_marks::at(std::uint64_t position) const noexcept {
    const auto* const end = marks_.data() + size_;
    const auto* const behind =
        std::find_if(marks_.data(), end, [position](const mark& m) { return m.first > position; });
    return behind == marks_.data() ? marks_[0].when : (behind - 1)->when;
}

void arrival_marks::forget_before(std::uint64_t oldest) noexcept {
    std::size_t gone = 0; // marks whose messages have all been taken
    while (gone + 1 < size_ && marks_[gone + 1].first <= oldest)
        ++gone;
    std::copy(marks_.begin() + static_cast<std::ptrdiff_t>(gone),
              marks_.begin() + static_cast<std::ptrdiff_t>(size_), marks_.begin());
    size_ -= gone;
}

// Of the 15 gaps two neighbours together take a seventh of the whole time at most.
void arrival_marks::join() noexcept {
    std::size_t least = 1;
    for (std::size_t i = 2; i + 1 < size_; ++i)
        if (marks_[i + 1].when - marks_[i - 1].when <
            marks_[least + 1].when - marks_[least - 1].when)
            least = i;
    const auto gone = marks_.begin() + static_cast<std::ptrdiff_t>(least);
    std::copy(gone + 1, marks_.begin() + static_cast<std::ptrdiff_t>(size_), gone);
    --size_;
}

} // namespace impl
} // namespace v0
} // namespace conats
