// SPDX-License-Identifier: Apache-2.0
// The way in, but for messages: what the server says of itself and of our doings, and the time.
#include "engine/connection.hpp"
#include "protocol/encoder.hpp"
#include "protocol/server_errors.hpp"
#include "support/duration_text.hpp"
#include "support/later.hpp"
#include "support/reserve_one.hpp"
#include "support/saturated_sum.hpp"

#include <algorithm>
#include <new>
#include <optional>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

bool connection::take_registrations(std::vector<registration>& out) {
    if (!has_registrations_.load(std::memory_order_acquire))
        return false;
    const lock_guard lock(mutex_);
    has_registrations_.store(false, std::memory_order_relaxed);
    out.swap(registrations_);
    return true;
}

void connection::on_messages(std::uint64_t messages, std::uint64_t bytes) {
    // Written here only, so no read-modify-write is needed.
    in_messages_.store(in_messages_.load(std::memory_order_relaxed) + messages,
                       std::memory_order_relaxed);
    in_bytes_.store(in_bytes_.load(std::memory_order_relaxed) + bytes, std::memory_order_relaxed);
}

void connection::on_info(const conats::server_info& info) {
    woken_list woken;
    {
        const lock_guard lock(mutex_);
        const bool announced = info.lame_duck_mode && !info_.lame_duck_mode;
        info_ = info;
        discover(info);
        if (announced) {
            tell([&] {
                return event(event_kind::lame_duck, error().server(connected_url_)).status(status_);
            });
            lame_duck_waiters_.take_all(wake::ready, woken);
        }
    }
    woken.post_all();
}

error connection::on_ping() {
    constexpr std::size_t flood = std::size_t{16} << 20U;
    woken_handler writer;
    {
        const lock_guard lock(mutex_);
        if (outbox_.size() > saturated_sum(flood, options_.high_water_mark()))
            return error(errc::protocol_error, "the server sends PING and reads no PONG");
        append_pong(outbox_.bytes());
        writer = take_writer();
    }
    writer.post();
    return error();
}

void connection::on_pong() {
    woken_list woken;
    std::optional<sent_ping> ping;
    bool has_left = false;
    {
        const lock_guard lock(mutex_);
        ping = pings_.pop();
        keep_alive_.on_pong();
        if (!ping)
            return;
        if (ping->kind == ping_kind::barrier)
            take_barriers(ping->id, woken);
        if (ping->kind == ping_kind::move && moving_ == moving::leaving) {
            moving_ = moving::left;
            has_left = true;
        }
        if (ping->kind == ping_kind::goodbye) {
            stop_requested_ = said_goodbye_ = true;
            farewell_deadline_ = later(now(), options_.close_timeout());
            arm(farewell_deadline_);
            post_stop(error());
        }
    }
    woken.post_all();
    if (has_left)
        stop_now(error(errc::disconnected, "the client has moved to another server"));
    if (ping->kind == ping_kind::subscription_drain)
        end_subscription_drain(ping->id);
    if (ping->kind == ping_kind::client_drain)
        end_client_drain();
}

// They wait in the order of their PINGs.
void connection::take_barriers(std::uint64_t ticket, wait_list& woken) {
    while (wait_node* const n = barriers_.front()) {
        if (n->ticket > ticket)
            return;
        if (latency_)
            latency_->flushes.record(now() - n->since);
        wait_list::take(*n, wake::ready, woken);
    }
}

error connection::on_server_error(std::string_view text) {
    const server_failure f = classify(text);
    error e(f.code, told_text(text));
    e.subject(std::string(f.subject));
    {
        const lock_guard lock(mutex_);
        e.server(connected_url_);
    }
    if (f.fatal)
        return e;
    if (f.about_subscription) {
        if (!refuse_inbox(f, e))
            refuse_subscription(f, e);
    } else if (!f.about_publish || !refuse_request(f, e))
        raise(event(f.about_publish ? event_kind::permission_denied : event_kind::server_error, e));
    return error();
}

bool connection::refuse_request(const server_failure& f, const error& e) {
    error failure = e;
    failure.was_written(true);
    if (options_.unique_inboxes())
        return refuse_own_inbox(f, failure);
    woken_list woken;
    bool found = false;
    {
        const lock_guard lock(mutex_);
        request_slot* s =
            f.reply.empty() ? requests_.find_by_subject(f.subject) : requests_.find(f.reply);
        found = s != nullptr;
        if (found) {
            s->failure = failure;
            wait_list::take(s->node, wake::ended, woken);
        }
    }
    woken.post_all();
    return found || refuse_own_inbox(f, failure); // one that gathers replies
}

bool connection::refuse_inbox(const server_failure& f, const error& e) {
    woken_list woken;
    {
        const lock_guard lock(mutex_);
        if (inbox_sid_ == 0 ||
            (f.sid != 0 ? f.sid != inbox_sid_ : f.subject != requests_.prefix() + '*'))
            return false;
        // No reply can come, for these requests and all to come.
        inbox_refusal_ = e;
        tell([&] { return event(event_kind::permission_denied, e).status(status_); });
        requests_.for_each_pending([&](request_slot& s) {
            s.failure = e;
            s.failure.was_written(true);
            timers_.remove(s.node.timer);
            wait_list::take(s.node, wake::ended, woken);
        });
    }
    woken.post_all();
    return true;
}

bool connection::refuse_own_inbox(const server_failure& f, const error& e) {
    std::shared_ptr<subscription_state> inbox;
    woken_handler writer;
    {
        const lock_guard lock(mutex_);
        subscriptions_.for_each([&](const auto& s) {
            if (!s->is_own_inbox())
                return;
            const bool hit =
                f.reply.empty() ? s->asked_subject() == f.subject : s->subject() == f.reply;
            // Of several requests to one subject any will do: each gets its own refusal.
            if (hit && !inbox)
                inbox = s;
        });
        if (!inbox)
            return false;
        unregister(*inbox, true);
        writer = take_writer();
    }
    writer.post();
    inbox->end(e, false);
    return true;
}

void connection::on_malformed_headers(std::string_view subject) {
    raise(event(event_kind::malformed_headers,
                error(errc::malformed_headers, "the header block is malformed; the message "
                                               "is delivered without headers")
                    .subject(std::string(subject))));
}

// --- Overflow policy `wait`

bool connection::begin_pause(wait_node& n, subscription_state& s, clock::time_point until) {
    const lock_guard lock(mutex_);
    if (!alive_ || session_over_ || stop_requested_)
        return false;
    // Entered before the queue is asked, so that the consumer's word is not missed.
    n.outcome = wake::pending;
    pause_.push(n);
    if (s.has_room_or_watch()) {
        wait_list::unlink(n);
        return false;
    }
    keep_alive_.pause();
    timers_.add(n.timer, until);
    arm(until);
    return true;
}

void connection::end_pause() {
    const lock_guard lock(mutex_);
    if (session_over_)
        return;
    keep_alive_.resume(now());
    arm(keep_alive_.deadline()); // the loop that keeps the time did not reckon with it
}

void connection::on_room() {
    woken_list woken;
    {
        const lock_guard lock(mutex_);
        pause_.take_all(wake::ready, woken);
    }
    woken.post_all();
}

// --- Time

connection::clock::time_point connection::on_tick() {
    const clock::time_point now = this->now();
    woken_list woken;
    std::vector<expired_wait> expired;
    std::vector<overdue_subscription> overdue;
    clock::time_point next;
    woken_handler writer;
    error failure;
    bool renews = false;
    {
        const lock_guard lock(mutex_);
        take_leaving();
        take_all_due(now, woken, expired, overdue);
        if (log_)
            log_due(now);
        if (!session_over_ && !failing_)
            failure = check_health(now);
        if (!session_over_ && !failing_ && !failure) {
            failure = take_renewal(now);
            renews = static_cast<bool>(failure);
        }
        if (now >= farewell_deadline_) {
            farewell_deadline_ = clock::time_point::max();
            failure = error(errc::closed);
        }
        failing_ = failing_ || failure;
        if (!outbox_.empty())
            writer = take_writer();
        next = next_deadline();
        armed_ = next;
    }
    writer.post();
    woken.post_all();
    for (const expired_wait& e : expired)
        e.consumer->expire(e.ticket);
    for (const overdue_subscription& o : overdue)
        o.subscription->end(o.reason, false);
    if (renews)
        machine_.retry_now(); // nothing is wrong with the server
    if (failure)
        stop_now(failure);
    return next;
}

// Without memory for all, the rest stays due: the next tick is at once.
void connection::take_all_due(clock::time_point now, wait_list& woken,
                              std::vector<expired_wait>& expired,
                              std::vector<overdue_subscription>& overdue) noexcept {
    try {
        take_due(now, woken, expired);
        take_overdue(now, overdue);
    } catch (const std::bad_alloc&) { // again
    }
}

void connection::take_due(clock::time_point now, wait_list& woken,
                          std::vector<expired_wait>& expired) {
    while (!timers_.empty() && timers_.top()->at <= now) {
        if (static_cast<timed_wait&>(*timers_.top()).node == nullptr)
            reserve_one(expired); // before it leaves the queue: nobody would look at it again
        auto& t = static_cast<timed_wait&>(*timers_.pop_due(now));
        if (t.node == nullptr)
            expired.push_back({t.consumer, t.ticket});
        else if (t.node->outcome == wake::pending)
            wait_list::take(*t.node, wake::timeout, woken);
    }
}

error connection::check_health(clock::time_point now) {
    // Bytes from the server show that it is alive, even if its PONG stands behind many.
    const auto reads = reads_.load(std::memory_order_relaxed);
    const bool has_read = std::exchange(reads_seen_, reads) != reads;
    if (has_read)
        keep_alive_.on_pong();
    if (moving_ == moving::leaving &&
        (has_read || writing_ || !last_words_.empty() || !pause_.empty()))
        set_move_deadline(now);
    if (now >= close_deadline_)
        return close_reason_;
    if (now >= drain_deadline_) {
        drain_failure_ = error(errc::timeout, "draining took longer than the drain timeout of " +
                                                  duration_text(options_.drain_timeout()));
        close_reason_ = drain_failure_;
        return drain_failure_;
    }
    // Publications are held meanwhile, and another server is ready to take them.
    if (moving_ == moving::leaving && now >= move_deadline_)
        return error(errc::disconnected,
                     "the server is shutting down and answered nothing on the way to another");
    if (writing_ && now >= later(write_progress_, options_.write_timeout()))
        return error(errc::disconnected, "the server took no byte within the write timeout of " +
                                             duration_text(options_.write_timeout()));
    switch (keep_alive_.on_tick(now)) {
    case ping_action::stale:
        return error(errc::disconnected,
                     "the server answered no PING: " + std::to_string(keep_alive_.outstanding()) +
                         " sent, " + duration_text(options_.ping_interval()) + " apart");
    case ping_action::send_ping: append_ping(ping_kind::keep_alive); break;
    case ping_action::none: break;
    }
    return error();
}

connection::clock::time_point connection::next_deadline() const {
    const auto always = std::min(
        {any_leaving_ ? later(now(), std::chrono::milliseconds(10)) : clock::time_point::max(),
         timers_.next_deadline(), subscription_timers_.next_deadline(), farewell_deadline_,
         log_ ? log_->next_due() : clock::time_point::max()});
    if (!is_online() || failing_)
        return always;
    return std::min(
        {always, keep_alive_.deadline(), close_deadline_, drain_deadline_, renewal_,
         moving_ == moving::leaving ? move_deadline_ : clock::time_point::max(),
         writing_ ? later(write_progress_, options_.write_timeout()) : clock::time_point::max()});
}

} // namespace impl
} // namespace v0
} // namespace conats
