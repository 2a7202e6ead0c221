// SPDX-License-Identifier: Apache-2.0
#include "engine/ping_tracker.hpp"

namespace conats {
inline namespace v0 {
namespace impl {

ping_tracker::ping_tracker(clock::duration interval, std::uint32_t max_outstanding) noexcept
    : interval_(interval),
      max_outstanding_(max_outstanding) {}

void ping_tracker::start(clock::time_point now) noexcept {
    const auto never = clock::time_point::max();
    const bool ticks = interval_ > clock::duration::zero() && interval_ < never - now;
    outstanding_ = 0;
    deadline_ = ticks ? now + interval_ : never;
}

ping_action ping_tracker::on_tick(clock::time_point now) noexcept {
    if (now < deadline_) {
        return ping_action::none;
    }
    if (outstanding_ >= max_outstanding_) {
        deadline_ = clock::time_point::max();
        return ping_action::stale;
    }
    ++outstanding_;
    // Counted from now: after a suspended machine wakes up the server gets its whole interval.
    deadline_ = now + interval_;
    return ping_action::send_ping;
}

void ping_tracker::pause() noexcept {
    deadline_ = clock::time_point::max();
}

} // namespace impl
} // namespace v0
} // namespace conats
