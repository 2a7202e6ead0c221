// SPDX-License-Identifier: Apache-2.0
// Subscriptions that end by themselves.
#include "engine/connection.hpp"
#include "support/reserve_one.hpp"

#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

void connection::start_deadlines(subscription_state& s) {
    if (!s.is_timed())
        return;
    s.start_deadlines(now());
    subscription_timers_.add(*s.timer(), s.next_deadline());
    arm(s.timer()->at);
}

void connection::hasten_deadline(subscription_state& s) {
    const lock_guard lock(mutex_);
    subscription_timer& timer = *s.timer();
    if (!timer.is_queued())
        return; // unregistered a moment ago
    subscription_timers_.remove(timer);
    subscription_timers_.add(timer, s.next_deadline());
    arm(timer.at);
}

void connection::take_overdue(clock::time_point now, std::vector<overdue_subscription>& overdue) {
    while (!subscription_timers_.empty() && subscription_timers_.top()->at <= now) {
        auto& timer = static_cast<subscription_timer&>(*subscription_timers_.top());
        subscription_state& s = timer.owner;
        const errc why = s.check_deadlines(now, !pause_.empty());
        if (why == errc{}) {
            subscription_timers_.remove(timer);
            subscription_timers_.add(timer, s.next_deadline()); // messages came meanwhile
            continue;
        }
        reserve_one(overdue);
        error reason = error(why).subject(std::string(s.subject()));
        overdue.push_back({subscriptions_.find_shared(s.sid()), std::move(reason)});
        note_ending(overdue.back().subscription);
        unregister(s, true);
        tell([&] {
            return event(event_kind::subscription_changed, overdue.back().reason)
                .subscription_state(subscription_status::closed)
                .status(status_);
        });
    }
}

} // namespace impl
} // namespace v0
} // namespace conats
