// SPDX-License-Identifier: Apache-2.0
#include "client/subscribe.hpp"
#include "client/verbs.hpp"
#include "client/wait.hpp"

#include <conats/client.hpp>

#include <utility>

namespace conats {
inline namespace v0 {

namespace impl {
namespace {

/// A request's slot, freed with the coroutine that waits on it, awaited or not.
class held_slot {
public:
    held_slot(std::shared_ptr<connection> c, request_slot* s) noexcept
        : connection_(std::move(c)),
          slot_(s) {}
    held_slot(held_slot&& other) noexcept
        : connection_(std::move(other.connection_)),
          slot_(std::exchange(other.slot_, nullptr)) {}
    held_slot& operator=(held_slot&&) = delete;
    ~held_slot() {
        if (slot_ != nullptr)
            connection_->release_request(*slot_);
    }

    [[nodiscard]] const std::shared_ptr<connection>& owner() const noexcept { return connection_; }
    [[nodiscard]] request_slot& get() const noexcept { return *slot_; }

private:
    std::shared_ptr<connection> connection_;
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
    report(e, out);
    co_return m;
}

/// The old style: an inbox for this request alone, unsubscribed by the first reply.
asio::awaitable<message> request_by_own_inbox(subscription replies,
                                              std::chrono::nanoseconds timeout, error* out) {
    error e = replies.end_reason();
    std::optional<message> reply;
    if (!e)
        reply = co_await replies.next(timeout, e);
    if (!e && !reply)
        e = replies.end_reason();
    if (!e && reply->status().code == 503 && reply->text().empty())
        e = error(errc::no_responders, "nobody is subscribed to the subject");
    report(e, out);
    message m;
    if (!e)
        m = std::move(*reply);
    co_return m;
}

asio::awaitable<message> request(const std::shared_ptr<lease>& l, std::string_view subject,
                                 payload_view payload, const request_options& options, error* out) {
    if (!l)
        return no_message(empty_handle(), out);
    connection& c = l->get();
    const auto timeout = options.timeout().value_or(c.options().request_timeout());
    if (timeout.count() <= 0)
        return no_message(error(errc::invalid_argument, "the timeout is not positive"), out);
    publication p;
    p.subject = subject;
    p.payload = payload;
    if (!options.headers().empty())
        p.headers = &options.headers();
    error e;
    if (c.options().unique_inboxes()) {
        const std::string inbox = c.new_inbox();
        auto state = make_subscription(inbox, subscribe_options());
        state->asked_subject = subject;
        register_subscription(l, state, 1);
        subscription replies(std::move(state), l);
        p.reply = inbox;
        e = replies.end_reason();
        if (!e)
            e = c.publish(p).failure;
        if (e)
            return no_message(std::move(e), out);
        return request_by_own_inbox(std::move(replies), timeout, out);
    }
    request_slot* slot = c.begin_request(p, connection::clock::now() + timeout, e);
    if (slot == nullptr)
        return no_message(std::move(e), out);
    return wait_for_reply(held_slot(l->shared(), slot), out);
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
