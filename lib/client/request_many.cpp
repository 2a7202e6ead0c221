// SPDX-License-Identifier: Apache-2.0
#include "client/observed.hpp"
#include "client/subscribe.hpp"
#include "client/verbs.hpp"
#include "client/wait.hpp"
#include "support/duration_text.hpp"

#include <conats/client.hpp>
#include <conats/reply_stream.hpp>

#include <array>
#include <ostream>
#include <utility>

namespace conats {
inline namespace v0 {

namespace impl {

/// The replies to one request, with an inbox of their own: its lifetime is the timeout, its
/// silence the stall.
struct reply_gathering {
    subscription replies;
    std::function<bool(const message&)> sentinel;
    std::uint64_t max_messages = 0;
    std::uint64_t delivered = 0;
    end_of_replies reason = end_of_replies::none;
    error failure;
    message status;           // the one that ended it
    kept_operation operation; // the publish hook's

    /// Whether a reply is to be delivered.
    bool admit(const message& m);
    /// What became of the inbox.
    void on_end(const error& why);
    void end(end_of_replies why);
    void refuse(error why);
};

bool reply_gathering::admit(const message& m) {
    if (m.status().code != 0) {
        status = m;
        end(end_of_replies::status);
        return false;
    }
    if (sentinel && sentinel(m)) {
        end(end_of_replies::sentinel);
        return false;
    }
    if (++delivered == max_messages)
        end(end_of_replies::max_messages);
    return true;
}

void reply_gathering::on_end(const error& why) {
    if (why.code() == errc::lifetime_reached)
        return end(end_of_replies::timeout);
    if (why.code() == errc::idle_timeout)
        return end(end_of_replies::stall);
    if (why.code() == errc::max_messages_reached)
        return end(end_of_replies::max_messages); // some of them were dropped
    if (why == condition::closed || why == condition::disconnected) {
        failure = why;
        end(why == condition::closed ? end_of_replies::closed : end_of_replies::disconnected);
    } else {
        refuse(why);
    }
}

void reply_gathering::end(end_of_replies why) {
    reason = why;
    replies.unsubscribe();
    operation.end(failure);
}

void reply_gathering::refuse(error why) {
    failure = std::move(why);
    end(end_of_replies::refused);
}

namespace {

asio::awaitable<std::optional<message>> next(std::shared_ptr<reply_gathering> g, error* out) {
    std::optional<message> m;
    error e;
    if (!g)
        e = empty_handle();
    else if (g->reason == end_of_replies::none) {
        try {
            m = co_await g->replies.next();
        } catch (const conats::system_error& thrown) { // a second consumer
            e = thrown.details();
        }
        if (m && !g->admit(*m))
            m.reset();
        else if (!m && !e)
            g->on_end(g->replies.end_reason());
    }
    if (g && g->reason == end_of_replies::refused)
        e = g->failure;
    report(e, out);
    co_return m;
}

/// The inbox of a request that gathers for `total`.
subscribe_options inbox_options(const request_many_options& o, std::chrono::nanoseconds total) {
    subscribe_options inbox;
    inbox.max_messages(o.max_messages());
    inbox.lifetime(total);
    if (o.stall() >= std::chrono::milliseconds(1) && o.stall() < total)
        inbox.first_message_timeout(total).idle_timeout(o.stall());
    return inbox;
}

/// Sends the request, with an inbox for its replies.
error begin_gathering(reply_gathering& g, const std::shared_ptr<lease>& l, publication p,
                      const request_many_options& o) {
    if (!l)
        return empty_handle();
    connection& c = l->get();
    const auto total = o.timeout().value_or(c.options().request_timeout());
    if (std::string fault = timeout_fault("request_many: the timeout", total); !fault.empty())
        return error(errc::invalid_argument, std::move(fault));
    const std::string reply = c.new_inbox();
    auto state = make_subscription(reply, inbox_options(o, total));
    state->set_own_inbox(std::string(p.subject));
    g.replies = subscription(state, l);
    register_subscription(l, state, o.max_messages());
    if (error e = state->end_reason())
        return e;
    p.reply = reply;
    p.operation = &g.operation.get();
    publish_result r = c.publish(p);
    c.note_own_request(*state, r.begin);
    return std::move(r.failure);
}

constexpr std::array end_names{"none",   "timeout", "stall",        "max_messages", "sentinel",
                               "status", "closed",  "disconnected", "refused"};

} // namespace
} // namespace impl

std::string_view to_string(end_of_replies e) noexcept {
    const auto index = static_cast<std::size_t>(e);
    return index < impl::end_names.size() ? impl::end_names[index] : "unknown";
}

std::ostream& operator<<(std::ostream& os, end_of_replies e) {
    return os << to_string(e);
}

request_many_options::request_many_options() = default;
request_many_options::request_many_options(const request_many_options&) = default;
request_many_options::request_many_options(request_many_options&&) noexcept = default;
request_many_options& request_many_options::operator=(const request_many_options&) = default;
request_many_options& request_many_options::operator=(request_many_options&&) noexcept = default;
request_many_options::~request_many_options() = default;

request_many_options& request_many_options::sentinel_is_empty() {
    return sentinel([](const message& m) { return m.text().empty(); });
}

reply_stream::reply_stream() noexcept = default;
reply_stream::reply_stream(std::shared_ptr<impl::reply_gathering> gathering) noexcept
    : gathering_(std::move(gathering)) {}
reply_stream::reply_stream(reply_stream&&) noexcept = default;

reply_stream& reply_stream::operator=(reply_stream&& other) noexcept {
    if (this != &other) {
        if (gathering_)
            gathering_->replies.unsubscribe();
        gathering_ = std::move(other.gathering_);
    }
    return *this;
}

reply_stream::~reply_stream() {
    if (gathering_) // a `next()` that waits has it as well
        gathering_->replies.unsubscribe();
}

asio::awaitable<std::optional<message>> reply_stream::next() {
    return impl::next(gathering_, nullptr);
}

asio::awaitable<std::optional<message>> reply_stream::next(error& e) {
    return impl::next(gathering_, &e);
}

end_of_replies reply_stream::end_reason() const noexcept {
    return gathering_ ? gathering_->reason : end_of_replies::closed;
}

error reply_stream::failure() const {
    return gathering_ ? gathering_->failure : impl::empty_handle();
}

message_status reply_stream::status() const noexcept {
    if (!gathering_ || !gathering_->status)
        return {};
    return gathering_->status.status();
}

reply_stream client::request_many(std::string_view subject, payload_view payload,
                                  const request_many_options& options) const {
    auto gathering = std::make_shared<impl::reply_gathering>();
    gathering->sentinel = options.sentinel();
    gathering->max_messages = options.max_messages();
    impl::publication p;
    p.subject = subject;
    p.payload = payload;
    if (!options.headers().empty())
        p.headers = &options.headers();
    if (error e = impl::begin_gathering(*gathering, lease_, p, options)) {
        if (e.subject().empty())
            e.subject(std::string(subject));
        gathering->refuse(std::move(e));
    }
    return reply_stream(std::move(gathering));
}

} // namespace v0
} // namespace conats
