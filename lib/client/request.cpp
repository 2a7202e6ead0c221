// SPDX-License-Identifier: Apache-2.0
#include "client/observed.hpp"
#include "client/subscribe.hpp"
#include "client/verbs.hpp"
#include "client/wait.hpp"
#include "support/duration_text.hpp"
#include "support/later.hpp"

#include <conats/client.hpp>

#include <memory>
#include <utility>

namespace conats {
inline namespace v0 {

namespace impl {
namespace {

/// A request's slot, freed with the coroutine that waits on it, awaited or not.
class held_slot {
public:
    held_slot(std::shared_ptr<connection> c, request_slot* s, operation_pointer o) noexcept
        : connection_(std::move(c)),
          operation_(std::move(o)),
          slot_(s) {}
    held_slot(held_slot&& other) noexcept
        : connection_(std::move(other.connection_)),
          operation_(std::move(other.operation_)),
          slot_(std::exchange(other.slot_, nullptr)) {}
    held_slot& operator=(held_slot&&) = delete;
    ~held_slot() {
        if (slot_ != nullptr)
            connection_->release_request(*slot_);
    }

    [[nodiscard]] const std::shared_ptr<connection>& owner() const noexcept { return connection_; }
    [[nodiscard]] request_slot& get() const noexcept { return *slot_; }
    void end_operation(const error& e) { operation_.end(e); }

private:
    std::shared_ptr<connection> connection_;
    kept_operation operation_; // the publish hook's
    request_slot* slot_;
};

asio::awaitable<message> no_message(error e, error* out) {
    report(e, out);
    co_return message();
}

asio::awaitable<message> wait_for_reply(held_slot slot, error* out) {
    co_await park(slot.owner(), slot.get().node);
    const auto state = co_await asio::this_coro::cancellation_state;
    error e;
    record reply;
    if (is_cancelled(state))
        e = aborted();
    else
        e = slot.owner()->finish_request(slot.get(), reply);
    message m(reply);
    slot.end_operation(e);
    report(e, out);
    co_return m;
}

/// A request with an inbox for itself alone, which goes with it.
struct own_inbox {
    own_inbox(std::shared_ptr<lease> l, std::shared_ptr<subscription_state> s)
        : owner(l),
          replies(std::move(s), std::move(l)) {}
    std::shared_ptr<lease> owner;
    subscription replies;
    std::chrono::nanoseconds timeout{0};
    connection::clock::time_point deadline;
    connection::clock::time_point since; // where latency is recorded
    std::uint64_t begin = 0;             // of the request in the outbox
    kept_operation operation;            // the publish hook's
};

asio::awaitable<message> wait_for_reply(std::unique_ptr<own_inbox> inbox, std::string subject,
                                        error* out) {
    error e;
    // Also where the inbox has ended: it does so with the reply.
    const auto left = inbox->deadline - inbox->owner->get().now();
    std::optional<message> reply = co_await inbox->replies.next(left, e);
    if (!e && !reply)
        e = inbox->replies.end_reason();
    if (!e && reply->status().code == 503 && reply->text().empty())
        e = error(errc::no_responders, "nobody is subscribed to the subject").was_written(true);
    if (e == errc::timeout)
        e.text("no reply within " + duration_text(inbox->timeout)); // the inbox speaks of messages
    if (e) {
        // After the connection is lost its positions mean nothing any more.
        const bool is_lost = e == condition::disconnected || e == condition::closed;
        const bool written =
            e.was_written() || (!is_lost && inbox->owner->get().was_written(inbox->begin));
        e.subject(std::move(subject)).was_written(written);
    }
    inbox->operation.end(e);
    report(e, out);
    message m;
    if (!e) {
        m = std::move(*reply);
        if (inbox->owner->get().records_latency())
            inbox->owner->get().record_request(inbox->since);
    }
    co_return m;
}

asio::awaitable<message> request_by_own_inbox(const std::shared_ptr<lease>& l, publication p,
                                              std::chrono::nanoseconds timeout, error* out) {
    const std::string reply = l->get().new_inbox();
    auto state = make_subscription(reply, subscribe_options());
    state->set_own_inbox(std::string(p.subject));
    auto inbox = std::make_unique<own_inbox>(l, state);
    register_subscription(l, state, 1);
    inbox->timeout = timeout;
    inbox->deadline = later(l->get().now(), timeout);
    if (l->get().records_latency())
        inbox->since = l->get().now();
    p.reply = reply;
    p.operation = &inbox->operation.get();
    error e = inbox->replies.end_reason();
    if (!e) {
        publish_result r = l->get().publish(p);
        inbox->begin = r.begin;
        e = std::move(r.failure);
        l->get().note_own_request(*state, r.begin);
    }
    if (e)
        return no_message(std::move(e), out);
    return wait_for_reply(std::move(inbox), std::string(p.subject), out);
}

asio::awaitable<message> request(const std::shared_ptr<lease>& l, std::string_view subject,
                                 payload_view payload, const request_options& options, error* out) {
    if (!l)
        return no_message(empty_handle(), out);
    connection& c = l->get();
    const auto timeout = options.timeout().value_or(c.options().request_timeout());
    if (std::string fault = timeout_fault("request: the timeout", timeout); !fault.empty())
        return no_message(error(errc::invalid_argument, std::move(fault)), out);
    publication p;
    p.subject = subject;
    p.payload = payload;
    if (!options.headers().empty())
        p.headers = &options.headers();
    if (c.options().unique_inboxes())
        return request_by_own_inbox(l, p, timeout, out);
    error e;
    operation_pointer operation;
    p.operation = &operation;
    request_slot* slot = c.begin_request(p, later(c.now(), timeout), e);
    if (slot == nullptr)
        return no_message(std::move(e), out);
    slot->timeout = timeout;
    return wait_for_reply(held_slot(l->shared(), slot, std::move(operation)), out);
}

} // namespace
} // namespace impl

asio::awaitable<message> client::request(std::string_view subject, payload_view payload,
                                         const request_options& options) const {
    return impl::request(lease_, subject, payload, options, nullptr);
}

asio::awaitable<message> client::request(std::string_view subject, payload_view payload,
                                         const request_options& options, error& e) const {
    return impl::request(lease_, subject, payload, options, &e);
}

asio::awaitable<message> client::request(std::string_view subject, payload_view payload,
                                         error& e) const {
    return impl::request(lease_, subject, payload, request_options(), &e);
}

std::string client::new_inbox() const {
    return lease_ ? lease_->get().new_inbox() : std::string();
}

} // namespace v0
} // namespace conats
