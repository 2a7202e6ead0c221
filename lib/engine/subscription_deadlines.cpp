// SPDX-License-Identifier: Apache-2.0
#include "engine/subscription_deadlines.hpp"

#include "support/later.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace impl {

const char* subscription_times::negative() const noexcept {
    if (lifetime.count() < 0)
        return "lifetime";
    if (first_message.count() < 0)
        return "first_message_timeout";
    return idle.count() < 0 ? "idle_timeout" : nullptr;
}

void subscription_deadlines::start(time_point now) noexcept {
    if (times_.lifetime.count() != 0)
        end_ = later(now, times_.lifetime);
    if (times_.first_message.count() != 0)
        silence_ = later(now, times_.first_message);
    else if (times_.idle.count() != 0)
        silence_ = later(now, times_.idle);
}

bool subscription_deadlines::on_messages(time_point now) noexcept {
    const time_point before = next();
    any_message_ = true;
    silence_ = times_.idle.count() != 0 ? later(now, times_.idle) : time_point::max();
    return next() < before;
}

void subscription_deadlines::excuse(time_point now) noexcept {
    if (any_message_)
        on_messages(now);
}

errc subscription_deadlines::check(time_point now) const noexcept {
    if (now >= end_)
        return errc::lifetime_reached;
    if (now < silence_)
        return errc{};
    const bool first = !any_message_ && times_.first_message.count() != 0;
    return first ? errc::first_message_timeout : errc::idle_timeout;
}

subscription_deadlines::time_point subscription_deadlines::next() const noexcept {
    return std::min(end_, silence_);
}

} // namespace impl
} // namespace v0
} // namespace conats
