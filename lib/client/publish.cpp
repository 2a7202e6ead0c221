// SPDX-License-Identifier: Apache-2.0
#include "client/verbs.hpp"
#include "client/wait.hpp"
#include "support/later.hpp"
#include "support/retry_for_memory.hpp"

#include <conats/client.hpp>
#include <conats/message.hpp>

#include <new>
#include <utility>

namespace conats {
inline namespace v0 {

namespace impl {
namespace {

asio::awaitable<void> done() {
    co_return;
}

asio::awaitable<void> wait_for_room(std::shared_ptr<connection> c, std::uint64_t generation,
                                    connection::clock::time_point deadline, error* out) {
    wait_node node;
    const node_guard guard(*c, node);
    if (!c->begin_room_wait(node, generation))
        co_return;
    if (deadline != connection::clock::time_point::max())
        c->set_timer(node, deadline);
    co_await park(c, node);
    error e;
    if (node.outcome == wake::cancelled)
        e = aborted();
    else if (node.outcome == wake::timeout)
        e = error(errc::timeout, "the message is accepted, but there is no room yet");
    else if (node.outcome == wake::ended)
        e = c->end_error();
    report(e, out);
}

asio::awaitable<void> wait_for_connection(std::shared_ptr<connection> c, std::uint64_t begin,
                                          std::chrono::nanoseconds timeout, error* out) {
    wait_node node;
    const node_guard guard(*c, node);
    if (!c->begin_offline_wait(node, begin))
        co_return;
    c->set_timer(node, later(c->now(), timeout));
    co_await park(c, node);
    error e;
    if (node.outcome == wake::cancelled)
        e = aborted();
    else if (node.outcome == wake::timeout && c->withdraw(node.ticket))
        e = error(errc::timeout, "there is still no connection; the message is not sent");
    else if (node.outcome == wake::ended)
        e = c->end_error();
    report(e, out);
}

publication make_publication(std::string_view subject, payload_view payload,
                             const publish_options* options) {
    publication p;
    p.subject = subject;
    p.payload = payload;
    if (options != nullptr) {
        p.reply = options->reply();
        if (!options->headers().empty())
            p.headers = &options->headers();
    }
    return p;
}

publication make_publication(std::string_view subject, const owned_payload& payload,
                             const publish_options* options) {
    publication p =
        make_publication(subject, payload_view(payload.data(), payload.size()), options);
    p.owned = &payload;
    return p;
}

std::chrono::nanoseconds timeout_of(const publish_options* o) {
    return o == nullptr ? std::chrono::nanoseconds(0) : o->timeout();
}

template <class Payload>
asio::awaitable<void> publish_by(const std::shared_ptr<lease>& l, std::string_view subject,
                                 const Payload& payload, const publish_options* options,
                                 error* out) {
    return impl::publish(connection_of(l), make_publication(subject, payload, options),
                         timeout_of(options), out);
}

template <class Payload>
error try_publish(const std::shared_ptr<lease>& l, std::string_view subject, const Payload& payload,
                  const publish_options* options) {
    if (!l)
        return empty_handle();
    return l->get().publish(make_publication(subject, payload, options)).failure;
}

/// Through whom a message is answered; null for an empty one.
std::shared_ptr<connection> answerer(const record& r) {
    if (r.memory == nullptr)
        return nullptr;
    return std::static_pointer_cast<connection>(as_chunk(r.memory)->owner);
}

error check_reply_subject(const message& m) {
    if (!m)
        return empty_handle();
    if (m.reply().empty())
        return error(errc::no_reply_subject, "the message has no reply subject")
            .subject(std::string(m.subject()));
    return error();
}

/// What is accepted must not fail for want of memory.
asio::awaitable<void> done_surely() {
    return retry_for_memory([] { return done(); });
}

bool waits_for_connection(const connection& c, const publish_result& r) {
    return r.is_offline && c.options().when_offline() == offline_policy::wait;
}

bool has_to_wait(const connection& c, const publish_result& r) {
    return r.must_wait || r.must_yield || waits_for_connection(c, r);
}

asio::awaitable<void> wait_as_needed(std::shared_ptr<connection> c, const publish_result& r,
                                     std::chrono::nanoseconds timeout, error* out) {
    if (waits_for_connection(*c, r)) {
        if (timeout.count() <= 0)
            timeout = c->options().offline_timeout();
        return wait_for_connection(std::move(c), r.begin, timeout, out);
    }
    if (r.must_wait) {
        const auto deadline =
            timeout.count() > 0 ? later(c->now(), timeout) : connection::clock::time_point::max();
        return wait_for_room(std::move(c), r.generation, deadline, out);
    }
    return yield();
}

[[gnu::always_inline]] inline asio::awaitable<void> publish_to(const std::shared_ptr<connection>& c,
                                                               const publication& p,
                                                               std::chrono::nanoseconds timeout,
                                                               error* out) {
    auto accepted = done(); // first, so that nothing that is accepted can fail for want of memory
    publish_result r = c->publish(p);
    if (r.failure) [[unlikely]]
        return fail(std::move(r.failure), out);
    if (!has_to_wait(*c, r)) [[likely]]
        return accepted;
    { // Its memory serves the wait. (Assigning to an awaitable leaks its frame in Boost 1.81.)
        const auto unused = std::move(accepted);
    }
    try {
        return wait_as_needed(c, r, timeout, out);
    } catch (const std::bad_alloc&) { // then it does not wait
        return done_surely();
    }
}

/// The hook may destroy the client, and with it what the caller's pointer is part of.
[[gnu::noinline, gnu::cold]] asio::awaitable<void> publish_with_hook(
    std::shared_ptr<connection> c, const publication& p, std::chrono::nanoseconds timeout,
    error* out) {
    return publish_to(c, p, timeout, out);
}

} // namespace

asio::awaitable<void> publish(const std::shared_ptr<connection>& c, const publication& p,
                              std::chrono::nanoseconds timeout, error* out) {
    if (!c)
        return fail(empty_handle(), out);
    if (c->options().publish_hook()) [[unlikely]]
        return publish_with_hook(c, p, timeout, out);
    return publish_to(c, p, timeout, out);
}

} // namespace impl

asio::awaitable<void> client::publish(std::string_view subject, payload_view payload) const {
    return impl::publish_by(lease_, subject, payload, nullptr, nullptr);
}

asio::awaitable<void> client::publish(std::string_view subject, payload_view payload,
                                      const publish_options& options) const {
    return impl::publish_by(lease_, subject, payload, &options, nullptr);
}

asio::awaitable<void> client::publish(std::string_view subject, owned_payload payload) const {
    return impl::publish_by(lease_, subject, payload, nullptr, nullptr);
}

asio::awaitable<void> client::publish(std::string_view subject, owned_payload payload,
                                      const publish_options& options) const {
    return impl::publish_by(lease_, subject, payload, &options, nullptr);
}

asio::awaitable<void> client::publish(std::string_view subject, payload_view payload,
                                      error& e) const {
    return impl::publish_by(lease_, subject, payload, nullptr, &e);
}

asio::awaitable<void> client::publish(std::string_view subject, payload_view payload,
                                      const publish_options& options, error& e) const {
    return impl::publish_by(lease_, subject, payload, &options, &e);
}

asio::awaitable<void> client::publish(std::string_view subject, owned_payload payload,
                                      error& e) const {
    return impl::publish_by(lease_, subject, payload, nullptr, &e);
}

asio::awaitable<void> client::publish(std::string_view subject, owned_payload payload,
                                      const publish_options& options, error& e) const {
    return impl::publish_by(lease_, subject, payload, &options, &e);
}

error client::try_publish(std::string_view subject, payload_view payload) const {
    return impl::try_publish(lease_, subject, payload, nullptr);
}

error client::try_publish(std::string_view subject, payload_view payload,
                          const publish_options& options) const {
    return impl::try_publish(lease_, subject, payload, &options);
}

error client::try_publish(std::string_view subject, owned_payload payload,
                          const publish_options& options) const {
    return impl::try_publish(lease_, subject, payload, &options);
}

// --- Answering

namespace impl {
namespace {

template <class Payload>
asio::awaitable<void> respond(const message& m, const record& r, const Payload& payload,
                              const publish_options* options, error* out) {
    if (error e = check_reply_subject(m))
        return fail(std::move(e), out);
    return impl::publish(answerer(r), make_publication(m.reply(), payload, options),
                         timeout_of(options), out);
}

template <class Payload>
error try_respond(const message& m, const record& r, const Payload& payload,
                  const publish_options* options) {
    if (error e = check_reply_subject(m))
        return e;
    return answerer(r)->publish(make_publication(m.reply(), payload, options)).failure;
}

} // namespace
} // namespace impl

asio::awaitable<void> message::respond(payload_view payload) const {
    return impl::respond(*this, record_, payload, nullptr, nullptr);
}

asio::awaitable<void> message::respond(payload_view payload, const publish_options& options) const {
    return impl::respond(*this, record_, payload, &options, nullptr);
}

asio::awaitable<void> message::respond(owned_payload payload) const {
    return impl::respond(*this, record_, payload, nullptr, nullptr);
}

asio::awaitable<void> message::respond(owned_payload payload,
                                       const publish_options& options) const {
    return impl::respond(*this, record_, payload, &options, nullptr);
}

asio::awaitable<void> message::respond(payload_view payload, error& e) const {
    return impl::respond(*this, record_, payload, nullptr, &e);
}

asio::awaitable<void> message::respond(payload_view payload, const publish_options& options,
                                       error& e) const {
    return impl::respond(*this, record_, payload, &options, &e);
}

error message::try_respond(payload_view payload) const {
    return impl::try_respond(*this, record_, payload, nullptr);
}

error message::try_respond(payload_view payload, const publish_options& options) const {
    return impl::try_respond(*this, record_, payload, &options);
}

error message::try_respond(owned_payload payload) const {
    return impl::try_respond(*this, record_, payload, nullptr);
}

error message::try_respond(owned_payload payload, const publish_options& options) const {
    return impl::try_respond(*this, record_, payload, &options);
}

} // namespace v0
} // namespace conats
