// SPDX-License-Identifier: Apache-2.0
#include "engine/connection.hpp"

#include "engine/run.hpp"
#include "engine/shared_chunks.hpp"
#include "engine/strand.hpp"
#include "support/later.hpp"
#include "transport/timer.hpp"
#include "values/no_memory.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/query.hpp>

#include <algorithm>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

std::uint64_t draw(void* random) {
    return (*static_cast<random_numbers*>(random))();
}

run_options to_run_options(const connect_options& o) {
    run_options r;
    r.max_reconnects = o.max_reconnects() < 0 ? run_options::unlimited
                                              : static_cast<std::uint32_t>(o.max_reconnects());
    r.wait = o.reconnect_wait();
    r.jitter = o.reconnect_jitter();
    r.jitter_tls = o.reconnect_jitter_tls();
    r.is_tls = o.tls().has_value();
    r.retry_first_connect = o.retry_on_failed_connect();
    // A provider may have something better next time.
    r.ignore_auth_errors =
        o.ignore_auth_errors() || o.token_provider() || o.user_provider() || o.jwt_provider();
    r.delay = o.reconnect_delay();
    r.chooser = o.server_chooser();
    return r;
}

std::unique_ptr<logger> make_logger(const connect_options& o) {
    if (o.log_threshold() == log_level::off)
        return nullptr;
    return std::make_unique<logger>(o.log_threshold(), o.log_sink());
}

/// One for all connections.
const error& no_responders_error() {
    static const error e(errc::no_responders, "nobody is subscribed to the subject");
    return e;
}

/// Of a connection whose loops were destroyed.
error abandoned_error(bool context_lives) noexcept {
    if (context_lives)
        return no_memory();
    try {
        return {errc::closed, "the execution context was destroyed"};
    } catch (...) { // it is not as important as the rest
        return errc::closed;
    }
}

/// One copy of each secret is enough.
auth_options take_secrets(connect_options& o) {
    o.servers(std::vector<std::string>());
    return take_authentication(o);
}

} // namespace

connection::connection(asio::any_io_executor user_executor, connect_options options,
                       std::vector<server_address> servers)
    : options_(std::move(options)),
      auth_(take_secrets(options_)),
      pool_(shared_chunks(user_executor)),
      time_(time_of(user_executor)),
      random_(user_executor),
      servers_(std::move(servers),
               options_.retain_order() ? pool_order::as_given : pool_order::shuffled,
               [this] { return random_(); }),
      machine_(servers_, to_run_options(options_), [this] { return random_(); }),
      user_executor_(std::move(user_executor)),
      keep_alive_(options_.ping_interval(),
                  static_cast<std::uint32_t>(std::min<std::size_t>(
                      options_.max_pings_outstanding(), ping_tracker::most_outstanding))),
      no_responders_(no_responders_error()),
      nuid_(draw, &random_),
      latency_(options_.record_latency() ? std::make_unique<latency_statistics>() : nullptr),
      log_(make_logger(options_)) {
    server_states_ = servers_.states();
}

connection::~connection() = default;

void connection::start() {
    strand_ = make_engine_strand(user_executor_);
    context_ = &asio::query(user_executor_, asio::execution::context);
    alive_ = true;
    asio::co_spawn(strand_, run(shared_from_this()), asio::detached);
}

void connection::release_handle() noexcept {
    begin_close(nullptr);
}

// --- Waiting

void connection::park(wait_node& n, parked_handler h) {
    {
        const lock_guard lock(mutex_);
        if (n.outcome == wake::pending) {
            n.handler = std::move(h);
            return;
        }
    }
    h.post();
}

void connection::cancel(wait_node& n) {
    woken_list woken;
    {
        const lock_guard lock(mutex_);
        if (n.outcome != wake::pending)
            return;
        if (writer_ == &n)
            writer_ = nullptr;
        wait_list::take(n, wake::cancelled, woken);
    }
    woken.post_all();
}

void connection::forget(wait_node& n) noexcept {
    const lock_guard lock(mutex_);
    wait_list::unlink(n);
    timers_.remove(n.timer);
    if (writer_ == &n)
        writer_ = nullptr;
}

void connection::set_timer(wait_node& n, clock::time_point at) {
    set_timer(n.timer, at);
}

void connection::set_timer(timed_wait& t, clock::time_point at) {
    const lock_guard lock(mutex_);
    if (!alive_)
        return; // nobody watches the time any more, and everything has ended
    timers_.add(t, at);
    arm(at);
}

void connection::forget(timed_wait& t) noexcept {
    const lock_guard lock(mutex_);
    timers_.remove(t);
}

void connection::arm(clock::time_point at) noexcept {
    if (at >= armed_ || !alive_)
        return;
    post_surely(strand_, [self = shared_from_this()] {
        if (self->timekeeper_ != nullptr)
            self->timekeeper_->wake_timer();
    });
    armed_ = at; // one post is enough until the loop has looked
}

void connection::post_stop(error why) noexcept {
    if (!alive_)
        return;
    post_surely(strand_, [self = shared_from_this(), e = std::move(why)] { self->stop_now(e); });
}

void connection::stop_now(const error& why) {
    if (control_ != nullptr)
        control_->stop(why);
}

// --- What is known of it

conats::status connection::status() const {
    const lock_guard lock(mutex_);
    return status_;
}

error connection::close_reason() const {
    const lock_guard lock(mutex_);
    return close_reason_;
}

conats::server_info connection::server_info() const {
    const lock_guard lock(mutex_);
    return info_;
}

std::string connection::connected_url() const {
    const lock_guard lock(mutex_);
    return connected_url_;
}

std::string connection::local_address() const {
    const lock_guard lock(mutex_);
    return local_address_;
}

std::string connection::remote_address() const {
    const lock_guard lock(mutex_);
    return remote_address_;
}

conats::tls_info connection::tls_info() const {
    const lock_guard lock(mutex_);
    return tls_info_ ? *tls_info_ : conats::tls_info();
}

asio::any_io_executor connection::user_executor() const {
    const lock_guard lock(mutex_);
    return user_executor_;
}

conats::statistics connection::statistics() const {
    const lock_guard lock(mutex_);
    conats::statistics s = statistics_;
    s.in_messages = in_messages_.load(std::memory_order_relaxed);
    s.in_bytes = in_bytes_.load(std::memory_order_relaxed);
    s.compacted_messages = compacted_.load(std::memory_order_relaxed);
    s.reads = reads_.load(std::memory_order_relaxed);
    s.socket_bytes_in = read_bytes_.load(std::memory_order_relaxed);
    s.socket_bytes_out += handshake_written_.load(std::memory_order_relaxed);
    s.pings_outstanding = pings_.size();
    if (alive_ && writing_)
        s.write_stall = now() - write_progress_;
    s.pinned_bytes = pool_.bytes_in_use();
    s.outbox_bytes = outbox_.end() - written_;
    s.pending_requests = requests_.size();
    s.subscriptions = subscriptions_.size();
    return s;
}

latency_statistics connection::latency() const {
    const lock_guard lock(mutex_);
    return latency_ ? *latency_ : latency_statistics();
}

void connection::record_request(clock::time_point since) {
    const lock_guard lock(mutex_);
    latency_->requests.record(now() - since);
}

asio::any_io_executor connection::strand() const {
    const lock_guard lock(mutex_);
    return strand_;
}

bool connection::stopping() const {
    const lock_guard lock(mutex_);
    return stop_requested_;
}

// --- Events

std::shared_ptr<event_queue> connection::open_events() {
    auto queue = std::make_shared<event_queue>();
    const lock_guard lock(mutex_);
    std::erase_if(events_, [](const auto& w) { return w.expired(); });
    queue->push(event(event_kind::status_changed, close_reason_).status(status_));
    if (userinfo_ignored_ && !std::exchange(userinfo_ignored_told_, true))
        queue->push(event(event_kind::userinfo_ignored, userinfo_ignored_).status(status_));
    push_state(*queue);
    if (status_ == conats::status::closed)
        queue->close();
    else
        events_.push_back(queue);
    return queue;
}

// What was told once and still holds.
void connection::push_state(event_queue& to) const {
    if (is_online() && tls_not_verified_)
        to.push(event(event_kind::tls_not_verified, tls_not_verified_).status(status_));
    if (is_online() && info_.lame_duck_mode)
        to.push(event(event_kind::lame_duck, error().server(connected_url_)).status(status_));
    subscriptions_.for_each([&](const auto& s) {
        if (!s->is_slow())
            return;
        to.push(event(event_kind::subscription_changed, s->dropped_error())
                    .subscription_state(subscription_status::slow)
                    .status(status_));
    });
}

void connection::raise(event e) {
    const lock_guard lock(mutex_);
    tell([&] { return e.status(status_); });
}

void connection::raise_userinfo_ignored(const server_address& server) {
    const lock_guard lock(mutex_);
    if (userinfo_ignored_)
        return;
    // Nobody can listen yet: it is kept for the first stream of events.
    userinfo_ignored_ = error(errc::userinfo_ignored, "an authentication option is set: the "
                                                      "userinfo of the address is not used")
                            .server(server.redacted());
    userinfo_ignored_told_ = !events_.empty();
    tell([&] { return event(event_kind::userinfo_ignored, userinfo_ignored_).status(status_); });
}

void connection::note_tls(conats::tls_info tls, const server_address& server) {
    tls_info_.reset();
    if (tls)
        tls_info_ = std::make_unique<const conats::tls_info>(std::move(tls));
    tls_not_verified_ = error();
    if (!tls_info_ || tls_info_->verified)
        return;
    tls_not_verified_ =
        error(errc::tls_not_verified, "insecure_skip_verify: anybody may be the server")
            .server(server.redacted());
    tell([&] { return event(event_kind::tls_not_verified, tls_not_verified_).status(status_); });
}

void connection::emit(const event& e) {
    for (const auto& w : events_)
        if (const auto queue = w.lock())
            queue->push(e);
    if (log_ && log_->wants(level_of(e)))
        add_to_log(to_record(e, connected_url_));
}

void connection::count_lost_event() noexcept {
    for (const auto& w : events_)
        if (const auto queue = w.lock())
            queue->lose();
}

void connection::set_status(conats::status s, const error& why) noexcept {
    status_ = s;
    tell([&] { return event(event_kind::status_changed, why).status(s); });
}

// --- Connecting and ending

bool connection::begin_connect_wait(wait_node& n) {
    const lock_guard lock(mutex_);
    if (status_ != conats::status::connecting)
        return false;
    connect_waiters_.push(n);
    return true;
}

bool connection::begin_close(wait_node* n) {
    woken_handler writer;
    {
        const lock_guard lock(mutex_);
        if (!alive_)
            return false;
        if (n != nullptr)
            close_waiters_.push(*n);
        if (status_ == conats::status::connecting || status_ == conats::status::reconnecting) {
            stop_requested_ = true;
            if (!close_reason_)
                close_reason_ = error(errc::closed);
            post_stop(close_reason_);
        } else if (moving_ == moving::left) {
            close_after_move_ = true; // which is the very next that happens
        } else if (close_deadline_ == clock::time_point::max()) {
            start_closing();
            writer = take_writer();
        }
    }
    writer.post();
    return true;
}

void connection::start_closing() noexcept {
    if (!close_reason_)
        close_reason_ = error(errc::closed);
    close_deadline_ = later(now(), options_.close_timeout());
    cancel_move();
    if (status_ != conats::status::draining_pubs)
        set_status(conats::status::draining_pubs, error());
    try {
        append_ping(ping_kind::goodbye);
        arm(close_deadline_);
    } catch (...) {
        end_without_goodbye();
    }
}

void connection::end_without_goodbye() noexcept {
    close_deadline_ = now();
    arm(close_deadline_);
}

void connection::finish(const error& reason) {
    woken_list woken;
    subscription_table subscriptions;
    std::vector<std::weak_ptr<event_queue>> streams;
    asio::any_io_executor strand;
    asio::any_io_executor user_executor;
    error told;
    {
        const lock_guard lock(mutex_);
        if (!alive_) { // a loop was destroyed
            strand = std::exchange(strand_, {});
            user_executor = std::exchange(user_executor_, {});
            return;
        }
        // First what may throw: then nobody who waits was taken, and `abandon` finds them all.
        if (!close_reason_ || (close_reason_.code() == errc::drained && !said_goodbye_))
            close_reason_ = reason;
        if (is_online())
            set_status(conats::status::disconnected, close_reason_);
        if (!events_.empty() || logs(log_level::debug))
            subscriptions_.for_each([&](const auto& s) {
                tell([&] {
                    const error why = refusal("").subject(std::string(s->subject()));
                    return event(event_kind::subscription_changed, why)
                        .subscription_state(subscription_status::closed)
                        .status(status_);
                });
            });
        set_status(conats::status::closed, close_reason_);
        if (log_)
            log_due(clock::time_point::max());
        told = refusal("");
        finish_requests(refusal("the request got no reply"), woken);
        alive_ = false;
        take_waits(woken);
        outbox_.clear();
        pings_.clear();
        subscriptions = take_subscriptions();
        unsent_ = outgoing();
        last_words_ = outgoing();
        connected_url_.clear();
        local_address_.clear();
        remote_address_.clear();
        tls_info_.reset();
        streams = std::exchange(events_, {});
        strand = std::exchange(strand_, {});
        user_executor = std::exchange(user_executor_, {});
    }
    subscriptions.for_each([&](const auto& s) {
        error why = told;
        if (s->is_own_inbox())
            why.was_written(was_written(s->request_begin()));
        s->end(why, false);
    });
    for (const auto& w : streams)
        if (const auto queue = w.lock())
            queue->close();
    woken.post_all();
}

void connection::finish_requests(const error& why, wait_list& woken) {
    requests_.for_each_pending([&](request_slot& s) {
        s.failure = why;
        s.failure.was_written(written_ > s.begin);
    });
    requests_.for_each_pending([&](request_slot& s) {
        timers_.remove(s.node.timer);
        wait_list::take(s.node, wake::ended, woken);
    });
}

void connection::take_waits(wait_list& to) noexcept {
    for (wait_list* l :
         {&publishers_, &offline_publishers_, &barriers_, &connect_waiters_, &close_waiters_,
          &drain_waiters_, &subscription_drains_, &handled_waiters_, &pause_, &lame_duck_waiters_})
        l->take_all(wake::ended, to);
}

subscription_table connection::take_subscriptions() noexcept {
    subscriptions_.for_each([&](const auto& s) {
        if (subscription_timer* const timer = s->timer())
            subscription_timers_.remove(*timer);
        s->set_unregistered();
    });
    registrations_.clear();
    return std::exchange(subscriptions_, subscription_table());
}

void connection::abandon() noexcept {
    wait_list all;
    subscription_table subscriptions;
    std::vector<std::weak_ptr<event_queue>> streams;
    asio::any_io_executor strand;
    asio::any_io_executor user_executor;
    // Who waits in a context that lives is told, and what is left of the loops ends.
    bool lives = false;
    error why;
    {
        const lock_guard lock(mutex_);
        if (!alive_) {
            strand = std::exchange(strand_, {}); // another loop went before, see below
            user_executor = std::exchange(user_executor_, {});
            return;
        }
        lives = is_run_here(user_executor_);
        why = abandoned_error(lives);
        if (!close_reason_)
            close_reason_ = why;
        if (lives && status_ != conats::status::closed)
            set_status(conats::status::closed, close_reason_);
        alive_ = false;
        stop_requested_ = true;
        status_ = conats::status::closed;
        if (writer_ != nullptr)
            wait_list::take(*std::exchange(writer_, nullptr), wake::ended, all);
        finish_requests(why, all);
        take_waits(all);
        subscriptions = take_subscriptions();
        streams = std::exchange(events_, {});
        if (!lives) { // else what is left of the loops still needs them
            strand = std::exchange(strand_, {});
            user_executor = std::exchange(user_executor_, {});
        }
    }
    const auto end_wait = [&](parked_handler h) {
        if (!lives && h.context() == context_)
            h.destroy();
        else
            h.post();
    };
    // Destroying a coroutine may come back here through the handles in its frame: no lock is
    // held, and there is nothing left to do.
    subscriptions.for_each([&](const auto& s) {
        parked_handler consumer = s->abandon();
        s->end(why, false);
        end_wait(std::move(consumer));
    });
    for (const auto& w : streams)
        if (const auto queue = w.lock())
            end_wait(queue->abandon());
    if (!lives)
        return all.abandon_all(context_);
    all.post_all();
    if (timekeeper_ != nullptr)
        timekeeper_->wake_timer();
    stop_now(why);
}

bool connection::is_over() const {
    const lock_guard lock(mutex_);
    return !alive_;
}

error connection::end_error() const {
    const lock_guard lock(mutex_);
    return alive_ && !close_reason_ ? lost_error() : refusal("");
}

error connection::refusal(std::string_view what) const {
    if (alive_ && !close_reason_ && status_ == conats::status::reconnecting) {
        std::string text(what);
        text += text.empty() ? "the client is reconnecting: " : ": the client is reconnecting: ";
        return error(errc::disconnected, text + lost_error().text());
    }
    const bool by_us = !close_reason_ || close_reason_.code() == errc::closed ||
                       close_reason_.code() == errc::drained ||
                       close_reason_.code() == errc::timeout;
    std::string why = close_reason_.text();
    if (!by_us && close_reason_.code() != errc::disconnected)
        why = close_reason_.what();
    else if (why.empty() && !what.empty())
        why = is_open() && status_ != conats::status::closed ? "the client is not connected"
                                                             : "the client is closed";
    std::string text(what);
    if (!text.empty() && !why.empty())
        text += ": ";
    return error(by_us ? errc::closed : errc::disconnected, text + why);
}

error connection::refusal_of_new(std::string_view what) const {
    if (is_open() && drain_deadline_ != clock::time_point::max())
        return error(errc::draining, std::string(what) + ": the client is draining");
    return refusal(what);
}

bool connection::is_online() const noexcept {
    return status_ == conats::status::connected || status_ == conats::status::draining_subs ||
           status_ == conats::status::draining_pubs;
}

bool connection::takes_publications() const noexcept {
    return is_open() && status_ != conats::status::draining_pubs &&
           status_ != conats::status::connecting;
}

} // namespace impl
} // namespace v0
} // namespace conats
