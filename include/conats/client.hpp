// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/event.hpp>
#include <conats/export.hpp>
#include <conats/fwd.hpp>
#include <conats/latency.hpp>
#include <conats/message.hpp>
#include <conats/payload.hpp>
#include <conats/publish_options.hpp>
#include <conats/reconnect.hpp>
#include <conats/reply_stream.hpp>
#include <conats/request_many_options.hpp>
#include <conats/request_options.hpp>
#include <conats/server_info.hpp>
#include <conats/statistics.hpp>
#include <conats/status.hpp>
#include <conats/subscribe_options.hpp>
#include <conats/subscription.hpp>
#include <conats/time_limit.hpp>
#include <conats/tls_info.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace conats {
inline namespace v0 {

namespace impl {

/// A handler in the form the library keeps: exactly one of the two is set.
class message_handler {
public:
    // By reference to a message that lives until the handler is done, so that an awaiting one may
    // take `const message&` as well.
    std::function<void(message&)> plain;
    std::function<asio::awaitable<void>(message&)> awaiting;

    message_handler() = default;
    template <class H>
        requires std::invocable<H&, message>
    explicit message_handler(H&& h) {
        // Shared, so that handlers may be move-only although std::function copies.
        auto f = std::make_shared<std::decay_t<H>>(std::forward<H>(h));
        using result = std::invoke_result_t<std::decay_t<H>&, message>;
        if constexpr (std::is_void_v<result>)
            plain = [f](message& m) { (*f)(std::move(m)); };
        else
            awaiting = [f](message& m) { return (*f)(std::move(m)); };
    }
};

} // namespace impl

/// What may be given to `client::on`: called with a `message`, returns nothing or an
/// `asio::awaitable<void>`.
template <class H>
concept handler_of_messages =
    std::invocable<std::decay_t<H>&, message> &&
    (std::is_void_v<std::invoke_result_t<std::decay_t<H>&, message>> ||
     std::same_as<std::invoke_result_t<std::decay_t<H>&, message>, asio::awaitable<void>>);

/// A connection to NATS. Made by `conats::connect`.
///
/// A copyable handle: copies share one connection, which lives as long as a client, or a
/// subscription that was not `release()`d, exists. When the last of them goes, what was
/// accepted is sent (for at most `close_timeout`, while the context runs), then the connection
/// closes; use `drain()` for an orderly end. While it lives, `io_context::run()` does not
/// return. A connection that is lost is made anew, as `connect_options` says: subscriptions live
/// on, and requests and flushes under way end with `disconnected`. If that is given up, the client
/// closes: loops over messages end, handlers are just not called any more. `events()` tells of
/// both, and `close_reason()` why.
///
/// Thread safety: distinct copies freely, and one object concurrently through its verbs.
/// Assigning, moving or destroying an object while another thread uses it is a race.
/// Every awaitable resumes on the executor of the coroutine that awaits it. Coroutines that
/// cancel (by `||` or a slot) must run on one thread or a strand, as Asio demands.
/// Errors are thrown as `conats::system_error`; the overloads with a last parameter `error& e`
/// (which must outlive the awaitable) put them there instead, except a cancellation, which is
/// always thrown as Asio's `operation_aborted`.
///
/// Memory: where there is none, a call throws `std::bad_alloc` and the client is as it was; of a
/// request the message may have been sent. A connection that needs it is lost and made again, or
/// the client closes with `not_enough_memory` (generic category) as its `close_reason()`. Who waits
/// is always resumed; the thread that resumes waits for the memory that this takes, up to ten
/// seconds, and ends the process then. What Asio finds no memory for leaves `io_context::run()`
/// as `std::bad_alloc`: call `run()` again, so that everything comes to its end. No event is kept
/// for which there is no memory: `events_dropped` counts them.
class CONATS_EXPORT client {
public:
    /// An empty handle: its verbs report `closed`.
    client() noexcept;
    /// For the library.
    explicit client(std::shared_ptr<impl::lease> lease) noexcept;
    client(const client&) noexcept;
    client(client&&) noexcept;
    client& operator=(const client&) noexcept;
    client& operator=(client&&) noexcept;
    ~client();

    // --- Publishing

    /// Publishes a message.
    ///
    /// 1. In the call: checks subject, size and headers and appends the message to the
    ///    outbox, in call order. `subject` and `payload` are copied; they need not outlive the
    ///    call. An `owned_payload` of 16 KiB or more is kept and sent without a copy.
    /// 2. When awaited: completes at once, or, above the high-water mark, when the buffer that
    ///    holds the message has been handed to the socket or there is room again.
    ///
    /// While the client reconnects it does what `connect_options::when_offline` says: keeps the
    /// message for the next connection and completes at once (`buffer`), refuses it (`fail`), or
    /// keeps it and waits for the connection (`wait`).
    /// Dropping or cancelling the awaitable does not take the message back. Completion does
    /// not mean that the server has it: `flush()` does.
    /// Without a connection, sizes are checked against what the last server took, before the first
    /// one against nothing. What the next server does not take is then not sent to it, and told of
    /// by an event `publish_dropped`; the connection goes on.
    /// Errors: `invalid_subject`, `payload_too_large`, `control_line_too_long`,
    /// `invalid_header`, `headers_not_supported`, `outbox_full`, `disconnected`, `draining`,
    /// `closed` (nothing is sent); `timeout`: above the mark, if the options set one (the message
    /// stays accepted); under `wait` after that, or else `offline_timeout` (it is taken back).
    /// Thread safety: any thread, at once with all other verbs; the order is that of the calls.
    /// Source: https://docs.nats.io/reference/reference-protocols/nats-protocol#pub
    [[nodiscard]] asio::awaitable<void> publish(std::string_view subject,
                                                payload_view payload) const;
    [[nodiscard]] asio::awaitable<void> publish(std::string_view subject, payload_view payload,
                                                const publish_options& options) const;
    [[nodiscard]] asio::awaitable<void> publish(std::string_view subject,
                                                owned_payload payload) const;
    [[nodiscard]] asio::awaitable<void> publish(std::string_view subject, owned_payload payload,
                                                const publish_options& options) const;
    [[nodiscard]] asio::awaitable<void> publish(std::string_view subject, payload_view payload,
                                                error& e) const;
    [[nodiscard]] asio::awaitable<void> publish(std::string_view subject, payload_view payload,
                                                const publish_options& options, error& e) const;
    [[nodiscard]] asio::awaitable<void> publish(std::string_view subject, owned_payload payload,
                                                error& e) const;
    [[nodiscard]] asio::awaitable<void> publish(std::string_view subject, owned_payload payload,
                                                const publish_options& options, error& e) const;

    /// As `publish`, never waits, returns the error; for hot loops and plain functions. Above
    /// the high-water mark it still accepts up to 8 MiB, then reports `outbox_full`; under
    /// `offline_policy::wait` it does as under `buffer`. A timeout in the options has no effect.
    error try_publish(std::string_view subject, payload_view payload) const;
    error try_publish(std::string_view subject, payload_view payload,
                      const publish_options& options) const;
    error try_publish(std::string_view subject, owned_payload payload,
                      const publish_options& options) const;

    // --- Requesting

    /// Sends a request and waits for the first reply.
    ///
    /// 1. In the call: checks the arguments as `publish`, takes a slot of the one shared inbox
    ///    and appends the request; the timeout counts from here. Arguments are copied.
    /// 2. When awaited: waits for the reply, which is returned. What a service says in a reply
    ///    is never an error here, even if it means one: look at its headers.
    ///
    /// timeout: `request("time", "", 500ms)` or that of the options; default: the client's
    /// `request_timeout` (5 s). Where nobody is subscribed, `no_responders` comes at once.
    /// Dropping the awaitable frees the slot; the request is not taken back.
    /// Cancellation ends the waiting; a late reply is dropped.
    /// Errors: as `publish`; `no_responders`, `timeout`, `permission_denied`, `closed`,
    /// `disconnected` (with `was_written()`); `invalid_argument` for a timeout that is not
    /// positive.
    /// Source: https://docs.nats.io/nats-concepts/core-nats/reqreply
    [[nodiscard]] asio::awaitable<message> request(
        std::string_view subject, payload_view payload,
        const request_options& options = request_options()) const;
    /// As above; after an error the returned message is empty.
    [[nodiscard]] asio::awaitable<message> request(std::string_view subject, payload_view payload,
                                                   const request_options& options, error& e) const;
    [[nodiscard]] asio::awaitable<message> request(std::string_view subject, payload_view payload,
                                                   error& e) const;

    /// Sends a request and gathers the replies of all who answer, until the first of: the
    /// timeout, a silence (`stall`), a number of replies, a reply that says it is the last
    /// (`sentinel`), a status (503: nobody is subscribed), the end of the connection. The
    /// stream's `end_reason()` tells which.
    ///
    /// A plain function: checks the arguments as `publish`, subscribes to an inbox of its own
    /// and appends the request; the timeout counts from here. Arguments are copied. Replies are
    /// gathered whether or not somebody waits for them.
    /// Errors, thrown by the stream's `next()`: as `publish`; `permission_denied`; `closed` where
    /// the client was; `invalid_argument` for a timeout that is not positive.
    /// Source: ADR-47. With g++ 12, do not write a capturing lambda inside a statement that
    /// awaits. This function awaits nothing, so here it is fine.
    [[nodiscard]] reply_stream request_many(
        std::string_view subject, payload_view payload,
        const request_many_options& options = request_many_options()) const;

    /// A subject nobody else uses, for replies: the inbox prefix and a unique token.
    [[nodiscard]] std::string new_inbox() const;

    // --- Subscribing

    /// Subscribes to `subject`. Keep the result: dropping it unsubscribes.
    ///
    /// Nothing happens before it is awaited, unlike `on` and the constructor of `subscription`;
    /// arguments are copied in the call. It returns when the command is in the outbox, or, with
    /// `confirm`, when the server has processed it, at most 10 s later. While the client
    /// reconnects the subscription is part of what the next connection begins with.
    /// Cancellation: with `confirm`, the subscription ends with it.
    /// Errors: `invalid_subject`, `invalid_queue_group`, `invalid_argument` (a negative time),
    /// `control_line_too_long`, `draining`, `closed`; with `confirm` also `permission_denied`,
    /// `timeout`, `disconnected`.
    /// Source: https://docs.nats.io/reference/reference-protocols/nats-protocol#sub
    [[nodiscard]] asio::awaitable<subscription> subscribe(
        std::string_view subject, const subscribe_options& options = subscribe_options()) const;
    [[nodiscard]] asio::awaitable<subscription> subscribe(std::string_view subject,
                                                          const subscribe_options& options,
                                                          error& e) const;
    [[nodiscard]] asio::awaitable<subscription> subscribe(std::string_view subject, error& e) const;

    /// Subscribes with a handler; a plain function, that appends the command and returns.
    ///
    /// The handler takes a `message` by value or by reference to const; also an awaiting one's
    /// reference is good until it has returned. It gets one message at a time, in order, on the
    /// client's executor (or the options' one). An awaitable one is awaited before the next
    /// message, unless `max_concurrent` allows more at once. One that throws raises an event, and
    /// the subscription goes on; who asked gets no reply. What is wrong with the arguments is the
    /// result's `end_reason()`.
    ///
    /// A handler may use the client and its subscriptions freely: answer (`try_respond` in a
    /// plain one), publish, request, subscribe, unsubscribe. It must neither block the thread
    /// nor await the drain of its own subscription or client, which waits for the handler. It is
    /// kept, with its captures, until it has returned for the last time.
    /// The handler is the consumer of the result: `next`, `wait` and the like are not for it.
    /// Destroying it unsubscribes and does not wait, also inside its own handler.
    /// With g++ 12, do not write a capturing lambda inside a statement that awaits: that
    /// compiler destroys it twice. This function awaits nothing, so here it is fine.
    template <handler_of_messages Handler>
    [[nodiscard]] subscription on(std::string_view subject, Handler&& handler,
                                  const subscribe_options& options = subscribe_options()) const {
        return subscribe_handler(subject, impl::message_handler(std::forward<Handler>(handler)),
                                 options);
    }

    // --- The connection

    /// Waits until the server has processed all that was published before (PING/PONG). Any number
    /// may wait at once. A lost connection ends it, also where another one is made.
    ///
    /// timeout: default 10 s. Cancellation: stops the waiting alone.
    /// Errors: `timeout`, `closed`, `disconnected`; `invalid_argument` for a timeout that is not
    /// positive.
    [[nodiscard]] asio::awaitable<void> flush(time_limit timeout = std::chrono::seconds(10)) const;
    [[nodiscard]] asio::awaitable<void> flush(time_limit timeout, error& e) const;
    /// The time one PING/PONG takes, outbox included. Timeout 10 s, errors as `flush`.
    [[nodiscard]] asio::awaitable<std::chrono::nanoseconds> rtt() const;

    /// Waits until all messages that wait in the queues of this client's subscriptions, when it
    /// is awaited, are handled; later ones are not waited for. `co_await nc.flush()` before it
    /// adds what the server had still to send.
    ///
    /// A message is handled when its handler has ended (of several at once: its own and those
    /// before); one that was taken, when who took it comes back for the next, or its
    /// subscription ends. Replies to requests do not count, nor what was unsubscribed. So a
    /// handler, or a loop over `next()`, that awaits it while it has a message waits for itself
    /// and times out.
    ///
    /// timeout: default 30 s. A lost connection does not end it: messages are handled all the
    /// same. Cancellation stops the waiting alone.
    /// Errors: `timeout`, with the subject of a subscription that still has messages;
    /// `closed` or `disconnected` if the client closes meanwhile or has closed;
    /// `invalid_argument` for a timeout that is not positive.
    [[nodiscard]] asio::awaitable<void> barrier(
        time_limit timeout = std::chrono::seconds(30)) const;
    [[nodiscard]] asio::awaitable<void> barrier(time_limit timeout, error& e) const;

    /// Ends in order: every subscription is drained (its messages are handled, their replies
    /// sent), then publishing is refused and flushed, then the connection closes.
    ///
    /// Waits until handlers have returned from their last message and, of other subscriptions with
    /// messages left, until whoever reads them has come to the end: it takes the last one and asks
    /// once more. At most `drain_timeout` (30 s), then closes anyway and throws `timeout`. One
    /// whose queue is empty while nobody waits for it is not waited for: a loop that works on its
    /// last message then has to answer before, or use a handler. Cancelling stops the waiting; the
    /// drain goes on. Legal inside handlers if not awaited there: a handler
    /// that awaits it waits for itself and times out. Errors: `timeout`; `closed` or `disconnected`
    /// if the connection ends or has ended otherwise.
    [[nodiscard]] asio::awaitable<void> drain() const;
    [[nodiscard]] asio::awaitable<void> drain(error& e) const;

    /// Closes now: sends what was accepted (at most `close_timeout`), ends every waiting
    /// operation with `closed` and returns when the connection is gone. Idempotent. Queued
    /// messages can still be taken from subscriptions. Legal inside handlers. Cancellation: stops
    /// the waiting; the closing goes on. Reports no error.
    [[nodiscard]] asio::awaitable<void> close() const;

    /// Drops the connection and makes it anew at once: on another server if one is known, else on
    /// the same. While reconnecting it ends the pause before the next attempt. Calls while one is
    /// under way have no further effect. Returns at once; `closed` after closing or while draining.
    error force_reconnect() const;
    /// Replaces the servers to connect to, as `connect_options::servers`, from the next attempt
    /// on; the connection there is stays. What is known of servers that stay is kept. Errors:
    /// `invalid_address`, `invalid_options`, `transport_unavailable` as `connect`, `closed`.
    [[nodiscard]] error set_servers(std::string_view list) const;
    /// The servers known, in the order of trying.
    [[nodiscard]] std::vector<server_state> servers() const;

    /// Where it is in its life; from any thread.
    [[nodiscard]] conats::status status() const noexcept;
    /// Why it closed; no error while it has not.
    [[nodiscard]] error close_reason() const;
    /// The latest INFO.
    [[nodiscard]] conats::server_info server_info() const;
    /// The connected server as `scheme://host:port`, without userinfo; empty if none.
    [[nodiscard]] std::string connected_url() const;
    /// The socket's addresses as `ip:port`; empty if not connected.
    [[nodiscard]] std::string local_address() const;
    [[nodiscard]] std::string remote_address() const; ///< the other end, or the proxy
    /// The connection's encryption and the server's certificate; empty if there is none.
    [[nodiscard]] conats::tls_info tls_info() const;
    [[nodiscard]] conats::statistics statistics() const; ///< its counters, taken at once
    /// How long requests and flushes took so far; nothing without
    /// `connect_options::record_latency`. A copy, of 18 KiB.
    [[nodiscard]] latency_statistics latency() const;
    /// How the last attempt to connect went: the one that made the connection, or the last failed
    /// one while reconnecting (<conats/connect_attempt.hpp>). Its `number()` is 0 for an empty
    /// handle.
    [[nodiscard]] connect_attempt last_attempt() const;
    /// Events from now on; the first is the current status, see `event_stream` for what else is
    /// told of the present; the last that it has closed:
    /// `while (co_await stream.next()) {}` waits for the end of the connection.
    [[nodiscard]] event_stream events() const;
    /// Where handlers and providers run. Empty after the connection has closed.
    [[nodiscard]] asio::any_io_executor get_executor() const;

    /// False for an empty or moved-from handle.
    [[nodiscard]] explicit operator bool() const noexcept { return lease_ != nullptr; }
    /// Whether two handles share a connection.
    friend bool operator==(const client& a, const client& b) noexcept {
        return a.lease_ == b.lease_;
    }

private:
    friend class subscription;
    subscription subscribe_handler(std::string_view subject, impl::message_handler handler,
                                   const subscribe_options& options) const;

    std::shared_ptr<impl::lease> lease_;
};

} // namespace v0
} // namespace conats
