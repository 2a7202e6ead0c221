// SPDX-License-Identifier: Apache-2.0
// Subscriptions: registering, limiting, ending and draining them, and draining the client.
#include "engine/connection.hpp"
#include "protocol/encoder.hpp"
#include "protocol/server_errors.hpp"
#include "support/later.hpp"
#include "support/reserve_one.hpp"
#include "values/no_memory.hpp"
#include "values/subject_rules.hpp"

#include <algorithm>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

event subscription_event(const subscription_state& s, subscription_status what, error why) {
    why.subject(std::string(s.subject()));
    return event(event_kind::subscription_changed, std::move(why)).subscription_state(what);
}

error check_form(const subscription_state& s) {
    if (const auto fault = check_subscribe_subject(s.subject()); fault != subject_fault::none)
        return describe(fault, subject_role::subject, s.subject());
    if (const char* option = s.times().negative())
        return error(errc::invalid_argument, std::string(option) + " is negative");
    if (s.queue_group().empty())
        return error();
    const auto fault = check_queue_group(s.queue_group());
    return fault == subject_fault::none
               ? error()
               : describe(fault, subject_role::queue_group, s.queue_group());
}

} // namespace

error connection::add_subscription(const std::shared_ptr<subscription_state>& s,
                                   std::uint64_t max_messages) {
    if (error e = check_form(*s))
        return e;
    woken_handler writer;
    {
        const lock_guard lock(mutex_);
        // A request's own inbox goes as far as requests do.
        const bool allowed = s->is_own_inbox()
                                 ? takes_publications() && is_online()
                                 : is_open() && (status_ == conats::status::connected ||
                                                 status_ == conats::status::reconnecting);
        if (!allowed)
            return refusal_of_new("subscribe");
        const std::size_t line = subscribe_line_size(s->subject(), s->queue_group(), ~0ULL);
        if (line > options_.max_control_line())
            return error(errc::control_line_too_long,
                         "subject and queue group make a line of up to " + std::to_string(line) +
                             " bytes, the server takes " +
                             std::to_string(options_.max_control_line()));
        s->observer = weak_from_this();
        s->observed = observes_deliveries() && !s->is_own_inbox();
        if (max_messages != 0)
            s->limit_messages(max_messages);
        enter(s, max_messages);
        tell([&] {
            return subscription_event(*s, subscription_status::active, error()).status(status_);
        });
        writer = take_writer();
    }
    writer.post();
    return error();
}

// All of it, or nothing where there is no memory.
void connection::enter(const std::shared_ptr<subscription_state>& s, std::uint64_t max_messages) {
    reserve_one(registrations_);
    byte_buffer& bytes = outbox_.bytes();
    const std::size_t before = bytes.size();
    const std::uint64_t sid = subscriptions_.add(s);
    s->set_registered(sid);
    try {
        if (is_online()) { // else it is part of what the next session begins with
            append_subscribe(bytes, s->subject(), s->queue_group(), sid);
            if (max_messages != 0)
                append_unsubscribe(bytes, sid, max_messages);
        }
        start_deadlines(*s);
    } catch (...) {
        bytes.truncate(before);
        subscriptions_.erase(s->set_unregistered());
        throw;
    }
    note_registration({sid, s, false});
}

// Without a session there is no reader to be told: the next one begins with all that there are.
void connection::note_registration(registration r) {
    if (!is_online())
        return;
    registrations_.push_back(std::move(r));
    has_registrations_.store(true, std::memory_order_release);
}

void connection::unregister(subscription_state& s, bool tell_server) noexcept {
    if (s.sid() == 0)
        return;
    if (subscription_timer* const timer = s.timer())
        subscription_timers_.remove(*timer);
    const std::uint64_t sid = s.set_unregistered();
    try {
        withdraw(sid, tell_server);
    } catch (...) {
        any_leaving_ = true;
        arm(now());
    }
}

void connection::withdraw(std::uint64_t sid, bool tell_server) {
    reserve_one(registrations_);
    if (tell_server && is_online())
        append_unsubscribe(outbox_.bytes(), sid);
    note_registration({sid, nullptr, false});
    subscriptions_.erase(sid);
}

void connection::take_leaving() noexcept {
    if (!std::exchange(any_leaving_, false))
        return;
    subscriptions_.for_each_entry([&](std::uint64_t sid, const auto& s) {
        if (s == nullptr || s->sid() != 0 || any_leaving_)
            return;
        try {
            withdraw(sid, true); // it keeps its place, which is empty now
        } catch (...) {
            any_leaving_ = true;
        }
    });
}

void connection::note_ending(const std::shared_ptr<subscription_state>& s) noexcept {
    if (!s->has_handler)
        return; // nobody may ever read what it has
    if (ending_.size() >= ending_checked_) {
        std::erase_if(ending_, [](const auto& w) {
            const auto old = w.lock();
            return !old || old->finished();
        });
        ending_checked_ = 2 * ending_.size() + 16;
    }
    try {
        ending_.push_back(s);
    } catch (...) { // no memory: a drain does not wait for its handler
    }
}

bool connection::is_handling(std::uint64_t ended_sid) const {
    return std::any_of(ending_.begin(), ending_.end(), [&](const auto& w) {
        const auto s = w.lock();
        return s && s->former_sid() == ended_sid && !s->finished();
    });
}

void connection::remove_subscription(subscription_state& s, const error& why) noexcept {
    woken_handler writer;
    std::shared_ptr<subscription_state> kept; // its last reference may be in the table
    {
        const lock_guard lock(mutex_);
        if (!alive_ || s.sid() == 0)
            return;
        kept = subscriptions_.find_shared(s.sid());
        unregister(s, true);
        tell([&] {
            return subscription_event(s, subscription_status::closed, why).status(status_);
        });
        writer = take_writer();
    }
    writer.post();
}

void connection::limit_subscription(subscription_state& s, std::uint64_t max_messages) {
    std::shared_ptr<subscription_state> reached;
    woken_handler writer;
    {
        const lock_guard lock(mutex_);
        if (!alive_ || s.sid() == 0)
            return;
        if (s.limit_messages(max_messages)) {
            reached = subscriptions_.find_shared(s.sid());
            note_ending(reached);
            unregister(s, true);
            tell([&] {
                return subscription_event(s, subscription_status::closed,
                                          errc::max_messages_reached)
                    .status(status_);
            });
        } else if (is_online()) {
            append_unsubscribe(outbox_.bytes(), s.sid(), max_messages);
        }
        writer = take_writer();
    }
    writer.post();
    if (reached)
        reached->end(errc::max_messages_reached, false);
}

void connection::on_committed(subscription_state& s, const commit_result& r) {
    if (r.dropped == 0 && !r.recovered && !r.full && !r.reached_max) [[likely]]
        return;
    std::shared_ptr<subscription_state> reached;
    woken_handler writer;
    {
        const lock_guard lock(mutex_);
        statistics_.dropped_messages += r.dropped;
        if (r.recovered)
            tell([&] {
                return subscription_event(s, subscription_status::active, error()).status(status_);
            });
        if (r.became_slow) {
            const error why = s.dropped_error();
            tell([&] { return event(event_kind::slow_consumer, why).status(status_); });
            tell([&] {
                return subscription_event(s, subscription_status::slow, why).status(status_);
            });
        }
        if (r.reached_max && s.sid() != 0) {
            reached = subscriptions_.find_shared(s.sid());
            note_ending(reached);
            // The server has done so as well, unless a 503 of its own was among the messages: it
            // does not count that.
            unregister(s, true);
            writer = take_writer();
            tell([&] {
                return subscription_event(s, subscription_status::closed,
                                          errc::max_messages_reached)
                    .status(status_);
            });
        }
    }
    writer.post();
    if (reached)
        reached->end(errc::max_messages_reached, false);
}

void connection::refuse_subscription(const server_failure& f, const error& e) {
    std::shared_ptr<subscription_state> refused;
    {
        const lock_guard lock(mutex_);
        if (f.sid != 0) {
            refused = subscriptions_.find_shared(f.sid);
        } else {
            subscriptions_.for_each([&](const auto& s) {
                if (!refused && s->subject() == f.subject && s->queue_group() == f.queue)
                    refused = s;
            });
        }
        const auto kind = f.code == errc::permission_denied ? event_kind::permission_denied
                                                            : event_kind::server_error;
        tell([&] { return event(kind, e).status(status_); });
        if (refused) {
            note_ending(refused);
            unregister(*refused, false);
            tell([&] {
                return subscription_event(*refused, subscription_status::closed, e).status(status_);
            });
        }
    }
    if (refused)
        refused->end(e, false);
}

// --- Draining

error connection::begin_subscription_drain(subscription_state& s, wait_node& n) {
    std::uint64_t sid = 0;
    woken_handler writer;
    {
        const lock_guard lock(mutex_);
        if (!alive_)
            return refusal("drain");
        if (s.sid() == 0) {
            const error why = s.end_reason();
            // Its handler may still be at work; `on_finished` tells.
            if (s.has_handler && s.former_sid() != 0 && !s.finished()) {
                n.ticket = s.former_sid();
                subscription_drains_.push(n);
                return error();
            }
            // Unregistered a moment ago, its end not told yet: there is nothing to drain either.
            return why ? why : error(errc::drained);
        }
        n.ticket = sid = s.sid();
        const std::size_t before = outbox_.bytes().size();
        if (is_online()) {
            pings_.reserve_one();
            append_unsubscribe(outbox_.bytes(), sid);
            try {
                append_ping(ping_kind::subscription_drain, sid);
            } catch (...) { // without the PING its UNSUB would leave it deaf
                outbox_.bytes().truncate(before);
                throw;
            }
            s.draining = true;
            sid = 0;
        }
        subscription_drains_.push(n);
        tell([&] {
            return subscription_event(s, subscription_status::draining, error()).status(status_);
        });
        writer = take_writer();
    }
    writer.post();
    if (sid != 0)
        end_subscription_drain(sid); // without a connection nothing more can come
    return error();
}

void connection::end_subscription_drain(std::uint64_t sid) {
    std::shared_ptr<subscription_state> s;
    woken_list woken;
    {
        const lock_guard lock(mutex_);
        s = subscriptions_.find_shared(sid);
        // With a handler, those who wait are resumed after its last message.
        if (s ? !s->has_handler : !is_handling(sid))
            take_tickets(subscription_drains_, sid, woken);
        if (s) {
            note_ending(s);
            unregister(*s, false);
            tell([&] {
                return subscription_event(*s, subscription_status::closed, errc::drained)
                    .status(status_);
            });
        }
    }
    if (s)
        s->end(errc::drained, false);
    woken.post_all();
}

void connection::take_tickets(wait_list& from, std::uint64_t ticket, wait_list& woken) {
    for (wait_node* n = from.front(); n != nullptr;) {
        wait_node* const next = n->next;
        if (n->ticket == ticket)
            wait_list::take(*n, wake::ready, woken);
        n = next;
    }
}

error connection::begin_drain(wait_node& n) {
    woken_handler writer;
    {
        const lock_guard lock(mutex_);
        if (!is_open())
            return refusal("drain");
        if (!is_online()) {
            close_reason_ = refusal(""); // which `drain_result` tells
            stop_requested_ = true;
            drain_waiters_.push(n);
            post_stop(close_reason_);
            return error();
        }
        drain_waiters_.push(n);
        if (drain_deadline_ != clock::time_point::max())
            return error(); // under way
        if (moving_ == moving::left)
            drain_after_move_ = true; // which is the very next that happens
        else
            start_draining();
        writer = take_writer();
    }
    writer.post();
    return error();
}

void connection::start_draining() {
    append_farewell(ping_kind::client_drain);
    cancel_move();
    set_status(conats::status::draining_subs, error());
    drain_deadline_ = later(now(), options_.drain_timeout());
    arm(drain_deadline_);
    subscriptions_.for_each([&](const auto& s) {
        if (!s->is_own_inbox())
            tell([&] {
                return subscription_event(*s, subscription_status::draining, error())
                    .status(status_);
            });
    });
}

void connection::end_client_drain() {
    std::vector<std::shared_ptr<subscription_state>> all;
    {
        const lock_guard lock(mutex_);
        subscriptions_.for_each([&](const auto& s) {
            if (!s->is_own_inbox())
                all.push_back(s);
        });
        // One more than there are subscriptions, so that the count ends below and not above.
        drains_pending_ = all.size() + 1;
        for (const auto& w : std::exchange(ending_, {})) {
            const auto s = w.lock();
            if (s && !s->finished()) {
                s->drain_counted = true;
                ++drains_pending_;
                note_ending(s); // a drain of its own may still ask for it
            }
        }
        for (const auto& s : all) {
            s->drain_counted = true;
            note_ending(s);
            unregister(*s, false);
            tell([&] {
                return subscription_event(*s, subscription_status::closed, errc::drained)
                    .status(status_);
            });
        }
    }
    for (const auto& s : all)
        s->end(errc::drained, false);
    woken_handler writer;
    {
        const lock_guard lock(mutex_);
        if (--drains_pending_ == 0)
            enter_draining_pubs();
        writer = take_writer();
    }
    writer.post();
}

void connection::on_finished(subscription_state& s) {
    woken_list woken;
    woken_handler writer;
    {
        const lock_guard lock(mutex_);
        take_tickets(subscription_drains_, s.former_sid(), woken);
        if (std::exchange(s.drain_counted, false) && --drains_pending_ == 0)
            enter_draining_pubs();
        writer = take_writer();
    }
    woken.post_all();
    writer.post();
}

void connection::enter_draining_pubs() noexcept {
    if (!alive_)
        return;
    set_status(conats::status::draining_pubs, error());
    try {
        if (inbox_sid_ != 0)
            append_unsubscribe(outbox_.bytes(), inbox_sid_);
        append_ping(ping_kind::goodbye);
        if (!close_reason_)
            close_reason_ = error(errc::drained);
    } catch (...) {
        if (!close_reason_)
            close_reason_ = no_memory();
        end_without_goodbye();
    }
}

error connection::drain_result() const {
    const lock_guard lock(mutex_);
    if (drain_failure_)
        return drain_failure_;
    if (close_reason_.code() == errc::drained)
        return error();
    return refusal("drain");
}

} // namespace impl
} // namespace v0
} // namespace conats
