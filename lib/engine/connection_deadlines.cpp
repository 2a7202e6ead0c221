// SPDX-License-Identifier: Apache-2.0
// Subscriptions that end by themselves.
#include "engine/connection.hpp"

#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

void connection::start_deadlines(subscription_state& s) {
    if (!s.is_timed())
        return;
    s.start_deadlines(now());
    subscription_timers_.add(s.timer, s.next_deadline());
    arm(s.timer.at);
}

void connection::hasten_deadline(subscription_state& s) {
    const lock_guard lock(mutex_);
    if (!s.timer.is_queued())
        return; // unregistered a moment ago
    subscription_timers_.remove(s.timer);
    subscription_timers_.add(s.timer, s.next_deadline());
    arm(s.timer.at);
}

void connection::take_overdue(clock::time_point now, std::vector<overdue_subscription>& overdue) {
    while (deadline_node* due = subscription_timers_.pop_due(now)) {
        auto& timer = static_cast<subscription_timer&>(*due);
        subscription_state& s = timer.owner;
        const errc why = s.check_deadlines(now, !pause_.empty());
        if (why == errc{}) {
            subscription_timers_.add(timer, s.next_deadline()); // messages came meanwhile
            continue;
        }
        overdue.push_back({subscriptions_.find_shared(s.sid), error(why).subject(s.subject())});
        note_ending(overdue.back().subscription);
        unregister(s, true);
        tell([&] { return event(event_kind::subscription_changed, overdue.back().reason)
                 .subscription_state(subscription_status::closed)
                 .status(status_); });
    }
}

} // namespace impl
} // namespace v0
} // namespace conats
