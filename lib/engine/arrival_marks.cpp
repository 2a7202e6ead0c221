// SPDX-License-Identifier: Apache-2.0
#include "engine/arrival_marks.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace impl {

void arrival_marks::add(std::uint64_t first, time_point now, std::uint64_t oldest) noexcept {
    if (oldest == first) {
        only_ = {first, now};
        marks_.clear();
    } else if (make_room(oldest)) {
        marks_.push_back({first, now});
    }
}

bool arrival_marks::make_room(std::uint64_t oldest) noexcept {
    if (marks_.empty()) {
        try {
            marks_.reserve(kept);
        } catch (...) { // no memory
            return false;
        }
        marks_.push_back(only_);
    }
    if (marks_.size() == kept)
        forget_before(oldest);
    if (marks_.size() == kept)
        join();
    return true;
}

arrival_marks::time_point arrival_marks::at(std::uint64_t position) const noexcept {
    const auto behind = std::find_if(marks_.begin(), marks_.end(),
                                     [position](const mark& m) { return m.first > position; });
    if (marks_.empty())
        return only_.when;
    return behind == marks_.begin() ? behind->when : (behind - 1)->when;
}

// Those whose messages have all been taken.
void arrival_marks::forget_before(std::uint64_t oldest) noexcept {
    auto first = marks_.begin();
    while (first + 1 != marks_.end() && (first + 1)->first <= oldest)
        ++first;
    marks_.erase(marks_.begin(), first);
}

// Of the 15 gaps two neighbours together take a seventh of the whole time at most.
void arrival_marks::join() noexcept {
    auto least = marks_.begin() + 1;
    const auto gap = [](auto m) { return (m + 1)->when - (m - 1)->when; };
    for (auto m = least + 1; m + 1 != marks_.end(); ++m)
        if (gap(m) < gap(least))
            least = m;
    marks_.erase(least);
}

} // namespace impl
} // namespace v0
} // namespace conats
