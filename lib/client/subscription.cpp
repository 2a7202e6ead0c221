// SPDX-License-Identifier: Apache-2.0
#include "client/subscribe.hpp"
#include "client/verbs.hpp"
#include "client/wait.hpp"
#include "support/duration_text.hpp"
#include "support/later.hpp"
#include "support/reserve_one.hpp"

#include <conats/client.hpp>
#include <conats/subscription.hpp>

#include <utility>

namespace conats {
inline namespace v0 {

namespace impl {
namespace {

using state_pointer = std::shared_ptr<subscription_state>;

error empty_subscription() {
    return error(errc::closed, "the subscription is empty: made by default, or moved from");
}

error already_waiting(const subscription_state& s) {
    return error(errc::already_waiting, "the subscription has a waiting consumer already")
        .subject(std::string(s.subject()));
}

/// Whether there are messages for the caller to take.
bool may_take(const state_pointer& s) noexcept {
    return s && !s->has_handler;
}

/// Why not.
error refuse_consumer(const state_pointer& s) {
    if (!s)
        return empty_subscription();
    return error(errc::already_waiting, "its handler takes the messages")
        .subject(std::string(s->subject()));
}

/// The consumer comes back: what it took before is handled.
void let_go(subscription_state& s) noexcept {
    if (s.observed && s.queue() != nullptr) [[unlikely]]
        s.queue()->deliveries.clear();
}

void keep_operation(subscription_state& s, const message& m) {
    const auto c = std::static_pointer_cast<connection>(s.observer.lock());
    if (auto operation = c ? c->begin_delivery(s, m) : nullptr)
        s.queue()->deliveries.push_back(std::move(operation));
}

/// A message is handed out.
inline void hand_out(subscription_state& s, const message& m) {
    if (s.observed) [[unlikely]]
        keep_operation(s, m);
}

/// One wait of a consumer, with its deadline if it has one.
class waiting {
public:
    waiting(const state_pointer& s, connection* c, std::chrono::nanoseconds timeout)
        : waiting(s, c) { // so that the destructor runs where the timer cannot be set
        if (refused_ || c == nullptr)
            return;
        timer_.emplace(s, wait.ticket);
        c->set_timer(*timer_, later(c->now(), timeout));
    }
    waiting(const waiting&) = delete;
    waiting& operator=(const waiting&) = delete;
    ~waiting() {
        if (timer_)
            connection_->forget(*timer_);
        if (!refused_)
            state_->end_wait();
    }

    /// Another consumer waits already.
    [[nodiscard]] bool refused() const noexcept { return refused_; }

    subscription_state::consumer_wait wait;

private:
    waiting(const state_pointer& s, connection* c)
        : state_(s),
          connection_(c),
          refused_(!s->begin_wait(wait)) {}

    const state_pointer& state_;
    connection* connection_;
    const bool refused_;
    std::optional<timed_wait> timer_;
};

connection::clock::time_point now_of(const std::shared_ptr<lease>& l) {
    return l ? l->get().now() : connection::clock::now();
}

asio::awaitable<std::optional<message>> next(state_pointer s) {
    if (!may_take(s)) [[unlikely]]
        report(refuse_consumer(s), nullptr);
    let_go(*s);
    if (turn_is_over(*s))
        co_await yield();
    record r;
    while (!s->take(r)) {
        if (s->at_end())
            co_return std::nullopt;
        waiting w(s, nullptr, {});
        if (w.refused())
            report(already_waiting(*s), nullptr);
        co_await park(s, w.wait);
        restart_turn(*s);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (is_cancelled(state))
            report(aborted(), nullptr);
    }
    if (!s->observed) [[likely]]
        co_return r; // made where the caller takes it from
    message m(r);
    keep_operation(*s, m);
    co_return std::move(m);
}

asio::awaitable<std::optional<message>> next_until(state_pointer s, std::shared_ptr<lease> l,
                                                   std::chrono::nanoseconds timeout, error* out) {
    std::optional<message> m;
    if (!may_take(s)) [[unlikely]] {
        report(refuse_consumer(s), out);
        co_return m;
    }
    let_go(*s);
    if (turn_is_over(*s))
        co_await yield();
    record r;
    const auto deadline = later(now_of(l), timeout);
    while (!s->take(r)) {
        if (s->at_end())
            co_return m;
        const auto left = deadline - now_of(l);
        wake outcome = wake::timeout;
        if (left.count() > 0) {
            waiting w(s, l ? &l->get() : nullptr, left);
            if (w.refused()) {
                report(already_waiting(*s), out);
                co_return m;
            }
            co_await park(s, w.wait);
            outcome = w.wait.outcome;
        } else {
            co_await yield(); // who asks again and again must not starve those who bring messages
        }
        restart_turn(*s);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (is_cancelled(state))
            report(aborted(), nullptr);
        if (outcome == wake::timeout && !s->peek() && !s->ended()) {
            report(error(errc::timeout, "no message within " + duration_text(timeout))
                       .subject(std::string(s->subject())),
                   out);
            co_return m;
        }
    }
    m.emplace(r);
    hand_out(*s, *m);
    co_return m;
}

asio::awaitable<std::size_t> next_batch(state_pointer s, std::vector<message>* out,
                                        std::size_t max) {
    if (!may_take(s)) [[unlikely]]
        report(refuse_consumer(s), nullptr);
    let_go(*s);
    if (turn_is_over(*s))
        co_await yield();
    while (max != 0 && !s->peek() && !s->at_end()) {
        waiting w(s, nullptr, {});
        if (w.refused())
            report(already_waiting(*s), nullptr);
        co_await park(s, w.wait);
        restart_turn(*s);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (is_cancelled(state))
            report(aborted(), nullptr);
    }
    std::size_t n = 0;
    for (record r; n != max; ++n) {
        reserve_one(*out); // before anything is taken, since there may be no memory
        if (!s->take(r))
            break;
        out->emplace_back(r);
        hand_out(*s, out->back());
    }
    if (n != 0)
        s->queue()->consumer_turn.add(n);
    co_return n;
}

asio::awaitable<void> drain(state_pointer s, std::shared_ptr<lease> l, error* out) {
    if (!s || !l) {
        report(empty_subscription(), out);
        co_return;
    }
    const std::shared_ptr<connection> c = l->shared();
    wait_node node;
    const node_guard guard(*c, node);
    error e = c->begin_subscription_drain(*s, node);
    if (!e) {
        c->set_timer(node, later(c->now(), c->options().drain_timeout()));
        co_await park(c, node);
        if (node.outcome == wake::cancelled)
            e = aborted();
        else if (node.outcome == wake::timeout)
            e = error(errc::timeout, "draining took longer than the drain timeout of " +
                                         duration_text(c->options().drain_timeout()))
                    .subject(std::string(s->subject()));
        else if (node.outcome == wake::ended)
            e = c->end_error();
    } else if (e.code() == errc::drained || e.code() == errc::max_messages_reached) {
        e = error(); // there is nothing left to drain
    }
    report(e, out);
}

asio::awaitable<void> ready(state_pointer s, std::shared_ptr<lease> l) {
    error e;
    if (!s || !l)
        e = empty_subscription();
    else
        e = s->end_reason();
    if (!e) {
        co_await flush(l->shared(), std::chrono::seconds(10), &e);
        // A refusal says more than how the barrier ended.
        if (error why = s->end_reason())
            e = std::move(why);
    }
    report(e, nullptr);
}

pending_limits limits_of(const subscribe_options& o) {
    pending_limits limits;
    limits.messages = o.pending_messages();
    limits.bytes = o.pending_bytes();
    limits.policy = o.on_overflow();
    limits.max_pause = o.max_pause();
    return limits;
}

subscription_times times_of(const subscribe_options& o) {
    subscription_times times;
    times.lifetime = o.lifetime();
    times.first_message = o.first_message_timeout();
    times.idle = o.idle_timeout();
    return times;
}

} // namespace

asio::awaitable<void> wait_for_any(state_pointer s) {
    while (!s->peek() && !s->ended()) {
        waiting w(s, nullptr, {});
        if (w.refused())
            report(already_waiting(*s), nullptr);
        co_await park(s, w.wait);
        restart_turn(*s);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (is_cancelled(state))
            report(aborted(), nullptr);
    }
}

state_pointer make_subscription(std::string_view subject, const subscribe_options& options) {
    return std::make_shared<subscription_state>(std::string(subject), options.queue_group(),
                                                limits_of(options), times_of(options));
}

void register_subscription(const std::shared_ptr<lease>& l, const state_pointer& s,
                           std::uint64_t max_messages) {
    error e;
    if (!l)
        e = empty_handle();
    else
        e = l->get().add_subscription(s, max_messages);
    if (e)
        s->end(e, false);
}

} // namespace impl

subscription::subscription() noexcept = default;

subscription::subscription(const client& nc, std::string_view subject,
                           const subscribe_options& options)
    : state_(impl::make_subscription(subject, options)),
      lease_(nc.lease_) {
    impl::register_subscription(lease_, state_, options.max_messages());
}

subscription::subscription(std::shared_ptr<impl::subscription_state> state,
                           std::shared_ptr<impl::lease> lease) noexcept
    : state_(std::move(state)),
      lease_(std::move(lease)) {}

subscription::subscription(subscription&&) noexcept = default;

subscription& subscription::operator=(subscription&& other) noexcept {
    if (this != &other) {
        if (lease_)
            unsubscribe();
        if (state_)
            impl::let_go(*state_);
        state_ = std::move(other.state_);
        lease_ = std::move(other.lease_);
    }
    return *this;
}

subscription::~subscription() {
    if (state_ && lease_)
        unsubscribe();
    if (state_)
        impl::let_go(*state_);
}

asio::awaitable<void> subscription::ready() const {
    return impl::ready(state_, lease_);
}

asio::awaitable<std::optional<message>> subscription::next() {
    return impl::next(state_);
}

asio::awaitable<std::optional<message>> subscription::next(time_limit timeout) {
    return impl::next_until(state_, lease_, timeout, nullptr);
}

asio::awaitable<std::optional<message>> subscription::next(time_limit timeout, error& e) {
    return impl::next_until(state_, lease_, timeout, &e);
}

asio::awaitable<void> subscription::wait() {
    if (!impl::may_take(state_))
        return impl::fail(impl::refuse_consumer(state_), nullptr);
    impl::let_go(*state_);
    return impl::wait_for_any(state_);
}

std::optional<message> subscription::try_next() {
    std::optional<message> m;
    impl::record r;
    if (!impl::may_take(state_))
        return m;
    impl::let_go(*state_);
    if (state_->take(r)) {
        m.emplace(r);
        impl::hand_out(*state_, *m);
    } else {
        state_->at_end(); // tells a drain that everything was read
    }
    return m;
}

asio::awaitable<std::size_t> subscription::next_batch(std::vector<message>& out, std::size_t max) {
    return impl::next_batch(state_, &out, max);
}

asio::awaitable<void> subscription::drain() {
    return impl::drain(state_, lease_, nullptr);
}

asio::awaitable<void> subscription::drain(error& e) {
    return impl::drain(state_, lease_, &e);
}

void subscription::unsubscribe() {
    if (!state_)
        return;
    if (lease_)
        lease_->get().remove_subscription(*state_);
    state_->end(errc::unsubscribed, true);
}

void subscription::auto_unsubscribe(std::uint64_t max) {
    if (state_ && lease_ && max != 0)
        lease_->get().limit_subscription(*state_, max);
}

void subscription::release() {
    if (state_)
        impl::let_go(*state_);
    state_.reset();
    lease_.reset();
}

std::string_view subscription::subject() const noexcept {
    return state_ ? std::string_view(state_->subject()) : std::string_view();
}

std::string_view subscription::queue_group() const noexcept {
    return state_ ? std::string_view(state_->queue_group()) : std::string_view();
}

bool subscription::active() const {
    return state_ && !state_->ended();
}

error subscription::end_reason() const {
    return state_ ? state_->end_reason() : impl::empty_subscription();
}

subscription_statistics subscription::statistics() const {
    return state_ ? state_->statistics(impl::now_of(lease_)) : subscription_statistics();
}

void subscription::reset_max_pending() {
    if (state_)
        state_->reset_max_pending();
}

void subscription::pending_limits(std::size_t messages, std::size_t bytes) {
    if (state_)
        state_->set_limits(messages, bytes);
}

} // namespace v0
} // namespace conats
