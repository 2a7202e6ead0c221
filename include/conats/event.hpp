// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/export.hpp>
#include <conats/fwd.hpp>
#include <conats/status.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string_view>

namespace conats {
inline namespace v0 {

/// What an event tells of.
enum class event_kind : std::uint8_t {
    status_changed,       ///< the client's status; `what()` says why it closed
    server_error,         ///< an -ERR that belongs to no operation
    permission_denied,    ///< a publish or subscription was refused
    slow_consumer,        ///< a subscription began to drop; once per episode
    subscription_changed, ///< a subscription's state, see `subscription_state()`
    handler_failed,       ///< a message handler threw; the subscription goes on
    malformed_headers,    ///< a message came with a malformed header block
    userinfo_ignored,     ///< an authentication option won over an address's userinfo
    tls_not_verified,     ///< a connection was made without a look at the server's certificate
    lame_duck,            ///< the server announced its shutdown; once per connection
    connect_failed,       ///< an attempt to connect failed; `what()` says why, and at which server
    servers_discovered,   ///< the cluster has `count()` servers that were not known
    server_not_in_pool,   ///< the server chooser named no server
    publish_dropped,      ///< a buffered message is not to be had by the server connected to now
    events_dropped        ///< `count()` events were dropped because nobody took them
};

/// A subscription's state in an event.
enum class subscription_status : std::uint8_t {
    active,   ///< messages arrive
    slow,     ///< a pending limit is exceeded
    draining, ///< nothing new arrives; what is there is being delivered
    closed    ///< it has ended
};

CONATS_EXPORT std::string_view to_string(event_kind k) noexcept;
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, event_kind k);
CONATS_EXPORT std::string_view to_string(subscription_status s) noexcept;
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, subscription_status s);

/// Something that happened to a client outside of any call. A value.
class CONATS_EXPORT event {
public:
    event();
    explicit event(event_kind kind, error what = error());
    event(const event&);
    event(event&&) noexcept;
    event& operator=(const event&);
    event& operator=(event&&) noexcept;
    ~event();

    [[nodiscard]] event_kind kind() const noexcept { return kind_; } ///< what it tells of
    /// The client's status after a `status_changed`, else its status at the time.
    [[nodiscard]] conats::status status() const noexcept { return status_; }
    /// The cause, with the subject it is about; no error for a change without a cause.
    [[nodiscard]] const error& what() const noexcept { return what_; }
    /// The subscription's state after a `subscription_changed`.
    [[nodiscard]] subscription_status subscription_state() const noexcept { return subscription_; }
    /// How many equal events in a row this one stands for.
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

    event& status(conats::status s) {
        status_ = s;
        return *this;
    }
    event& subscription_state(subscription_status s) {
        subscription_ = s;
        return *this;
    }
    event& count(std::uint64_t n) {
        count_ = n;
        return *this;
    }

private:
    error what_;
    std::uint64_t count_ = 1;
    event_kind kind_ = event_kind::status_changed;
    conats::status status_ = conats::status::disconnected;
    subscription_status subscription_ = subscription_status::active;
};

/// One line: kind, state, cause and, where it stands for several, their number.
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, const event& e);

/// The events of a client from the moment of `client::events()` on. First it tells the state of
/// that moment: the client's status and, where it is so, that nobody looked at the server's
/// certificate (`tls_not_verified`), that it has announced its shutdown (`lame_duck`) and which
/// subscriptions are slow. Move-only; destroying it stops the collection.
///
/// Status changes are never dropped. Equal consecutive errors are merged with a count. At most
/// 1 024 other events wait; then the oldest goes and an `events_dropped` tells how many.
/// It does not keep the connection.
class CONATS_EXPORT event_stream {
public:
    event_stream() noexcept;
    explicit event_stream(std::shared_ptr<impl::event_queue> queue) noexcept;
    event_stream(event_stream&&) noexcept;
    event_stream& operator=(event_stream&&) noexcept;
    event_stream(const event_stream&) = delete;
    event_stream& operator=(const event_stream&) = delete;
    ~event_stream();

    /// Waits for the next event; empty after the one that told of `closed`.
    /// Resumes on the caller's executor. Cancelling takes nothing. One caller at a time: a
    /// second gets `already_waiting`. On an empty stream it throws `closed`.
    [[nodiscard]] asio::awaitable<std::optional<event>> next();
    /// The next event if there is one already. Never waits; the same caller as `next`.
    [[nodiscard]] std::optional<event> try_next();

private:
    std::shared_ptr<impl::event_queue> queue_;
};

} // namespace v0
} // namespace conats
