// SPDX-License-Identifier: Apache-2.0

// Timers of a broker: authentication, PINGs, lame duck mode.

#include "testing/broker_state.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace testing {

namespace {
using std::chrono::nanoseconds;

/// nats-server measures the round trip to a new client so soon.
constexpr nanoseconds first_ping_interval = std::chrono::seconds(2);
/// ... and closes one client a second at the slowest.
constexpr nanoseconds longest_lame_duck_step = std::chrono::seconds(1);
} // namespace

std::uint64_t broker_core::state::below(std::uint64_t limit) {
    return limit == 0 ? 0 : random() % limit;
}

void broker_core::state::arm(connection& c) {
    const time_point due = std::min(c.auth_deadline, c.ping_at);
    if (c.end == broker_end::open && due != c.deadline) {
        c.deadline = due;
        if (due != time_point::max()) {
            timers_.emplace(due, c.id);
        }
    }
}

void broker_core::state::arm_at_open(connection& c, time_point at) {
    if (c.awaits_auth) {
        c.auth_deadline = at + options.auth_timeout();
    }
    if (options.ping_interval().count() > 0) {
        c.ping_at = at + options.ping_interval();
    }
    arm(c);
}

void broker_core::state::arm_at_connect(connection& c, time_point at) {
    c.auth_deadline = time_point::max();
    if (options.ping_interval().count() > 0) {
        const nanoseconds wait = std::min(options.ping_interval(), first_ping_interval);
        const std::uint64_t spread = below(static_cast<std::uint64_t>(wait.count()) / 5);
        c.ping_at = at + wait + nanoseconds(spread);
    }
    arm(c);
}

void broker_core::state::drop_stale_timers() {
    while (!timers_.empty()) {
        const connection* const c = find(timers_.top().second);
        if (c != nullptr && c->deadline == timers_.top().first) {
            return;
        }
        timers_.pop();
    }
}

broker_core::time_point broker_core::state::next_deadline() {
    drop_stale_timers();
    time_point next = timers_.empty() ? time_point::max() : timers_.top().first;
    if (!lame_duck_plan_.empty()) {
        next = std::min(next, lame_duck_plan_.back().first);
    }
    return next;
}

void broker_core::state::advance(time_point at) {
    now = at;
    for (drop_stale_timers(); !timers_.empty() && timers_.top().first <= now; drop_stale_timers()) {
        connection& c = *find(timers_.top().second);
        timers_.pop();
        c.deadline = time_point::max();
        on_deadline(c);
    }
    while (!lame_duck_plan_.empty() && lame_duck_plan_.back().first <= now) {
        connection* const c = find(lame_duck_plan_.back().second);
        lame_duck_plan_.pop_back();
        if (c != nullptr) {
            end(*c, broker_end::after_output);
        }
        if (lame_duck_plan_.empty()) {
            shut_down();
        }
    }
}

void broker_core::state::on_deadline(connection& c) {
    if (c.auth_deadline <= now) {
        end_with_error(c, "Authentication Timeout");
        return;
    }
    if (c.ping_at <= now) {
        on_ping_time(c);
    }
    arm(c);
}

void broker_core::state::on_ping_time(connection& c) {
    if (c.ping_needed || now - c.last_activity >= options.ping_interval()) {
        if (c.pings_out + 1 > options.max_pings_out()) {
            end_with_error(c, "Stale Connection");
            return;
        }
        c.ping_needed = false;
        ++c.pings_out;
        write(c, "PING\r\n");
    }
    c.ping_at = now + std::max(options.ping_interval(), nanoseconds(1));
}

void broker_core::state::lame_duck(time_point at) {
    now = at;
    if (!accepting) {
        return;
    }
    accepting = false;
    lame = true;
    if (open_connections == 0) {
        shut_down();
        return;
    }
    tell_all(impl::info_kind::lame_duck);
    plan_lame_duck();
}

void broker_core::state::plan_lame_duck() {
    std::vector<connection_id> ids;
    each_open([&ids](connection& c) { ids.push_back(c.id); });
    for (std::size_t i = ids.size(); i > 1; --i) {
        std::swap(ids[i - 1], ids[below(i)]);
    }
    const nanoseconds closing = std::max<nanoseconds>(
        options.lame_duck_duration() - options.lame_duck_grace(), std::chrono::seconds(0));
    const nanoseconds step =
        std::min(closing / static_cast<std::int64_t>(ids.size()), longest_lame_duck_step);
    time_point when = now + options.lame_duck_grace();
    for (const connection_id id : ids) {
        lame_duck_plan_.emplace_back(when, id);
        when += step;
    }
    std::reverse(lame_duck_plan_.begin(), lame_duck_plan_.end());
}

void broker_core::state::shut_down() {
    accepting = false;
    lame_duck_plan_.clear();
    each_open([this](connection& c) { end(c, broker_end::after_output); });
}

void broker_core::state::start() {
    lame_duck_plan_.clear();
    lame = false;
    accepting = true;
}

} // namespace testing
} // namespace v0
} // namespace conats
