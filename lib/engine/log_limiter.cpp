// SPDX-License-Identifier: Apache-2.0
#include "engine/log_limiter.hpp"

#include <algorithm>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

bool log_limiter::admit(std::string_view event, log_level level, time_point now) {
    entry& e = find(event);
    if (now >= e.end) {
        e.end = now + window;
        e.admitted = 0;
    }
    if (e.admitted == burst) {
        ++e.left_out;
        e.level = level;
        return false;
    }
    ++e.admitted;
    return true;
}

std::optional<log_limiter::summary> log_limiter::take_due(time_point now) {
    for (entry& e : entries_)
        if (e.left_out != 0 && now >= e.end)
            return summary{e.event, e.level, std::exchange(e.left_out, 0)};
    return std::nullopt;
}

log_limiter::time_point log_limiter::next_due() const noexcept {
    auto next = time_point::max();
    for (const entry& e : entries_)
        if (e.left_out != 0)
            next = std::min(next, e.end);
    return next;
}

log_limiter::entry& log_limiter::find(std::string_view event) {
    const auto known = std::find_if(entries_.begin(), entries_.end(),
                                    [event](const entry& e) { return e.event == event; });
    if (known != entries_.end())
        return *known;
    entries_.emplace_back().event = event;
    return entries_.back();
}

} // namespace impl
} // namespace v0
} // namespace conats
