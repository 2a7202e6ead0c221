// SPDX-License-Identifier: Apache-2.0
// Between two sessions: which server is next, what outlives a lost connection and what does not,
// and what the next one begins with.
#include "engine/connection.hpp"
#include "engine/frame_cursor.hpp"
#include "protocol/encoder.hpp"
#include "protocol/header_codec.hpp"
#include "support/later.hpp"
#include "support/retry_for_memory.hpp"

#include <conats/stream.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

void connection::take_new_servers() {
    const lock_guard lock(mutex_);
    if (!new_servers_.empty())
        servers_.replace(std::exchange(new_servers_, {}));
}

run_step connection::next_step() {
    take_new_servers();
    run_step step = machine_.next(now(), info_);
    woken_list woken;
    {
        const lock_guard lock(mutex_);
        update_servers();
        if (step.action == run_action::dial)
            reconnect_forced_ = false;
        if (step.action == run_action::wait && logs(log_level::info))
            log_pause(step.until);
        if (!step.chooser_fault.empty())
            tell([&] {
                return event(event_kind::server_not_in_pool,
                             error(errc::invalid_argument, step.chooser_fault))
                    .status(status_);
            });
        if (step.action != run_action::give_up && machine_.first_round_failed() &&
            status_ == conats::status::connecting) {
            set_status(conats::status::reconnecting, loss_);
            connect_waiters_.take_all(wake::ready, woken);
        }
    }
    woken.post_all();
    return step;
}

void connection::on_dial_failed(error e) {
    if (stopping())
        return;
    machine_.on_failed(e);
    const lock_guard lock(mutex_);
    update_servers();
    loss_ = e;
    tell([&] { return event(event_kind::connect_failed, std::move(e)).status(status_); });
}

void connection::update_servers() {
    if (new_servers_.empty())
        server_states_ = servers_.states();
}

std::vector<server_state> connection::server_states() const {
    const lock_guard lock(mutex_);
    return server_states_;
}

error connection::replace_servers(std::vector<server_address> servers) {
    const lock_guard lock(mutex_);
    if (!is_open())
        return refusal("set_servers");
    std::vector<server_state> states;
    for (const server_address& a : servers) {
        server_state s;
        s.url(a.redacted());
        for (const server_state& known : server_states_)
            if (known.url() == s.url())
                s = known;
        states.push_back(s.is_discovered(false));
    }
    server_states_ = std::move(states);
    new_servers_ = std::move(servers);
    return error();
}

error connection::force_reconnect() {
    const lock_guard lock(mutex_);
    if (!is_open() || stop_requested_ || status_ == conats::status::connecting)
        return refusal("force_reconnect");
    if (is_online() && status_ != conats::status::connected)
        return error(errc::closed, "force_reconnect: the client is draining");
    if (!std::exchange(reconnect_forced_, true)) // else it is under way
        post_surely(strand_, [self = shared_from_this()] {
            retry_for_memory([&] { self->hurry(); }); // it was promised
        });
    return error();
}

void connection::hurry() {
    {
        const lock_guard lock(mutex_);
        if (!reconnect_forced_)
            return; // connected meanwhile
        if (is_online() && status_ != conats::status::connected)
            return; // it is draining or closing meanwhile, and what was accepted goes first
    }
    machine_.retry_now();
    if (control_ != nullptr)
        control_->hurry();
}

void connection::renew_at(clock::time_point t) {
    if (options_.max_reconnects() == 0)
        return; // it would be the end
    const lock_guard lock(mutex_);
    renewal_ = t;
    arm(next_deadline());
}

error connection::take_renewal(clock::time_point now) {
    if (now < renewal_)
        return error();
    renewal_ = clock::time_point::max();
    if (status_ != conats::status::connected)
        return error(); // it is draining, and ends soon enough
    return error(errc::disconnected, "the credentials are about to expire");
}

// --- A session ends

void connection::begin_session() {
    const lock_guard lock(mutex_);
    session_over_ = false;
    failing_ = false;
}

void connection::keep_unsent(outgoing out) {
    const lock_guard lock(mutex_);
    unsent_ = std::move(out);
}

bool connection::on_session_end(const error& cause) {
    woken_list woken;
    std::vector<ended_inbox> inboxes;
    std::vector<std::uint64_t> drained;
    {
        const lock_guard lock(mutex_);
        if (!alive_ || stop_requested_ || !is_open() ||
            drain_deadline_ != clock::time_point::max() || !machine_.on_lost(now()))
            return false;
        loss_ = cause;
        moving_ = moving::no;
        end_inboxes(inboxes);
        finish_requests(lost_error(), woken); // they ask how far the writer came
        keep_publications(inboxes);
        barriers_.take_all(wake::ended, woken);
        release_publishers(woken);
        subscriptions_.for_each([&](const auto& s) {
            if (s->draining)
                drained.push_back(s->sid());
        });
        set_status(conats::status::disconnected, cause); // while it is known from which server
        leave_server();
        set_status(conats::status::reconnecting, cause);
    }
    for (const ended_inbox& i : inboxes)
        i.subscription->end(i.why, false);
    for (const std::uint64_t sid : drained)
        end_subscription_drain(sid); // nothing more can come
    woken.post_all();
    return true;
}

void connection::leave_server() {
    renewal_ = clock::time_point::max();
    pings_.clear();
    writing_ = false;
    keep_alive_.pause();
    connected_url_.clear();
    local_address_.clear();
    remote_address_.clear();
    inbox_refusal_ = error();
    update_servers();
}

// Requests with an inbox of their own: nobody can answer them any more.
void connection::end_inboxes(std::vector<ended_inbox>& out) {
    subscriptions_.for_each([&](const auto& s) {
        if (!s->is_own_inbox())
            return;
        error why = lost_error();
        why.was_written(written_ > s->request_begin());
        out.push_back({s, std::move(why)});
    });
    for (const ended_inbox& i : out)
        unregister(*i.subscription, false);
}

// A command of which the kernel has taken any byte is never sent again: the server may have it.
// All others but publications are made anew for the next session, or have ended with this one.
void connection::keep_publications(const std::vector<ended_inbox>& inboxes) {
    const auto is_request = [&](std::string_view reply) {
        if (!requests_.prefix().empty() && reply.starts_with(requests_.prefix()))
            return true;
        return std::any_of(inboxes.begin(), inboxes.end(), [&](const ended_inbox& i) {
            return i.subscription->subject() == reply;
        });
    };
    keep_frames([&](const frame_cursor& f) { return f.is_publish() && !is_request(f.reply()); });
}

void connection::keep_frames(const std::function<bool(const frame_cursor&)>& f) {
    outbox kept = outbox_.successor();
    const std::array<const outgoing*, 3> all{&unsent_, &last_words_, &outbox_.contents()};
    for (const outgoing* from : all)
        for (frame_cursor c(*from); c.next();)
            if (c.begin() >= written_ && f(c))
                c.append_to(kept);
    outbox_ = std::move(kept);
    unsent_ = outgoing();
    last_words_ = outgoing();
    written_ = outbox_.begin();
}

// What they wait to see sent is kept; only with the policy `wait` do they go on waiting.
void connection::release_publishers(wait_list& woken) {
    if (options_.when_offline() != offline_policy::wait) {
        publishers_.take_all(wake::ready, woken);
        return;
    }
    const auto until = later(now(), options_.offline_timeout());
    for (wait_node* n = publishers_.front(); n != nullptr; n = n->next)
        if (!n->timer.is_queued()) // else it has a deadline of its own
            timers_.add(n->timer, until);
    arm(until);
}

error connection::lost_error() const {
    return error(errc::disconnected,
                 loss_.code() == errc::disconnected ? loss_.text() : loss_.what());
}

// --- A session begins

void connection::on_connected(const conats::server_info& info, const server_address& server,
                              const conats::stream& stream, std::uint64_t inbox_sid) {
    woken_list woken;
    const bool again = !machine_.is_first_connect();
    {
        const lock_guard lock(mutex_);
        note_tls(stream.tls(), server);
        machine_.on_connected(now(), tls_info_ != nullptr);
        info_ = info;
        has_info_ = true;
        discover(info);
        replay(inbox_sid);
        connected_url_ = server.redacted();
        local_address_ = stream.local_address();
        remote_address_ = stream.remote_address();
        keep_alive_.start(now());
        write_progress_ = now();
        reconnect_forced_ = false;
        ++statistics_.connects;
        statistics_.reconnects += again ? 1 : 0;
        set_status(conats::status::connected, error());
        arm(next_deadline());
        connect_waiters_.take_all(wake::ready, woken);
        offline_publishers_.take_all(wake::ready, woken);
        moving_ = moving::no;
        if (std::exchange(close_after_move_, false))
            start_closing();
        else if (std::exchange(drain_after_move_, false))
            start_draining();
    }
    woken.post_all();
}

// The subscriptions come first, so that requests among the publications can be answered.
void connection::replay(std::uint64_t inbox_sid) {
    outbox next = outbox_.successor();
    registrations_.clear(); // the new session's reader knows none
    subscriptions_.for_each_entry([&](std::uint64_t sid, const auto& s) {
        if (s != nullptr && s->sid() == 0)
            return; // it has ended
        registrations_.push_back({sid, s, s == nullptr});
        if (s == nullptr) {
            if (sid != inbox_sid)
                append_subscribe(next.bytes(), requests_.prefix() + '*', "", sid);
            return;
        }
        append_subscribe(next.bytes(), s->subject(), s->queue_group(), sid);
        if (const std::uint64_t left = s->messages_left(); left != 0)
            append_unsubscribe(next.bytes(), sid, left);
    });
    has_registrations_.store(true, std::memory_order_release);
    for (frame_cursor f(outbox_.contents()); f.next();) {
        if (std::binary_search(withdrawn_.begin(), withdrawn_.end(), f.begin()))
            continue;
        // Sent, it would cost the new connection as well, for ever.
        if (const error e = check_replay(f)) {
            ++statistics_.dropped_publications;
            tell([&] { return event(event_kind::publish_dropped, e).status(status_); });
        } else {
            note_place(f.reply(), next.end());
            f.append_to(next);
        }
    }
    withdrawn_.clear();
    written_ = next.begin();
    outbox_ = std::move(next);
    // Only after a move somebody waits: whose PING came behind the last words to the old server.
    for (const wait_node* n = barriers_.front(); n != nullptr; n = n->next)
        append_ping(ping_kind::barrier, n->ticket);
}

void connection::note_place(std::string_view reply, std::uint64_t begin) {
    if (reply.empty())
        return;
    if (request_slot* const s = requests_.find(reply)) {
        s->begin = begin;
        return;
    }
    if (!reply.starts_with(options_.inbox_prefix()))
        return;
    subscriptions_.for_each([&](const auto& s) {
        if (s->is_own_inbox() && s->subject() == reply)
            s->set_request_begin(begin);
    });
}

error connection::check_replay(const frame_cursor& f) const {
    if (f.has_headers() && !info_.headers)
        return error(errc::headers_not_supported,
                     "the message has headers, and the server does not support them")
            .subject(std::string(f.subject()));
    if (info_.max_payload != 0 && f.body_size() > info_.max_payload)
        return error(errc::payload_too_large,
                     std::to_string(f.body_size()) +
                         " bytes of headers and payload, the server takes " +
                         std::to_string(info_.max_payload))
            .subject(std::string(f.subject()));
    return error();
}

void connection::discover(const conats::server_info& info) {
    // To a client on WebSocket these are the servers' WebSocket ports.
    const std::size_t added =
        options_.ignore_discovered_servers() ? 0 : servers_.discover(info.connect_urls);
    update_servers();
    if (added != 0)
        tell([&] {
            return event(event_kind::servers_discovered, error()).count(added).status(status_);
        });
}

// --- Publishing without a connection

error connection::check_offline(const publication& p) const {
    if (options_.when_offline() == offline_policy::fail || options_.reconnect_buffer() == 0)
        return refusal("publish");
    const std::size_t frame =
        publish_frame_size(p.subject, p.reply, headers_of(p), p.payload.size());
    if (outbox_.size() + frame > options_.reconnect_buffer())
        return error(errc::outbox_full, "reconnect_buffer: " + std::to_string(outbox_.size()) +
                                            " bytes wait for a connection, " +
                                            std::to_string(frame) + " more do not fit")
            .subject(std::string(p.subject));
    return error();
}

bool connection::begin_offline_wait(wait_node& n, std::uint64_t begin) {
    const lock_guard lock(mutex_);
    n.ticket = begin;
    if (!alive_) {
        n.outcome = wake::ended;
        return true;
    }
    if (status_ != conats::status::reconnecting)
        return false;
    offline_publishers_.push(n);
    return true;
}

bool connection::withdraw(std::uint64_t begin) {
    const lock_guard lock(mutex_);
    if (!alive_)
        return true;
    if (begin < outbox_.begin() || status_ != conats::status::reconnecting)
        return false;
    withdrawn_.insert(std::lower_bound(withdrawn_.begin(), withdrawn_.end(), begin), begin);
    return true;
}

// What stays moves to positions that none had: who waits for it is told. One that does not wait
// yet, or whose time is over in this moment, no longer finds its message, which then stays as well.
bool connection::drop_withdrawn() {
    if (withdrawn_.empty())
        return false;
    using place = std::pair<wait_node*, std::uint64_t>;
    std::vector<place> waiting;
    for (wait_node* n = offline_publishers_.front(); n != nullptr; n = n->next)
        waiting.emplace_back(n, n->ticket);
    std::sort(waiting.begin(), waiting.end(),
              [](const place& a, const place& b) { return a.second < b.second; });
    auto next_waiting = waiting.begin();
    outbox next = outbox_.successor();
    for (frame_cursor f(outbox_.contents()); f.next();) {
        if (std::binary_search(withdrawn_.begin(), withdrawn_.end(), f.begin()))
            continue;
        while (next_waiting != waiting.end() && next_waiting->second < f.begin())
            ++next_waiting;
        if (next_waiting != waiting.end() && next_waiting->second == f.begin())
            (next_waiting++)->second = next.end();
        f.append_to(next);
    }
    for (const auto& [node, position] : waiting)
        node->ticket = position;
    withdrawn_.clear();
    written_ = next.begin();
    outbox_ = std::move(next);
    return true;
}

} // namespace impl
} // namespace v0
} // namespace conats
