// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/export.hpp>
#include <conats/fwd.hpp>
#include <conats/secret.hpp>
#include <conats/tls_options.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {

/// What a token provider is told about the attempt it is asked for.
class CONATS_EXPORT auth_request {
public:
    auth_request();
    auth_request(const auth_request&);
    auth_request(auth_request&&) noexcept;
    auth_request& operator=(const auth_request&);
    auth_request& operator=(auth_request&&) noexcept;
    ~auth_request();

    [[nodiscard]] const std::string& server() const noexcept { return server_; } ///< no userinfo
    [[nodiscard]] const std::string& nonce() const noexcept { return nonce_; }   ///< may be empty
    [[nodiscard]] std::uint64_t attempt() const noexcept { return attempt_; }    ///< from 1
    /// When the attempt ends and the provider is cancelled.
    [[nodiscard]] std::chrono::steady_clock::time_point deadline() const noexcept {
        return deadline_;
    }

    auth_request& server(std::string s) {
        server_ = std::move(s);
        return *this;
    }
    auth_request& nonce(std::string n) {
        nonce_ = std::move(n);
        return *this;
    }
    auth_request& attempt(std::uint64_t n) {
        attempt_ = n;
        return *this;
    }
    auth_request& deadline(std::chrono::steady_clock::time_point t) {
        deadline_ = t;
        return *this;
    }

private:
    std::string server_;
    std::string nonce_;
    std::uint64_t attempt_ = 1;
    std::chrono::steady_clock::time_point deadline_;
};

/// A coroutine that fetches the token for one attempt. Runs on the client's executor.
using token_provider_function = std::function<asio::awaitable<secret>(auth_request)>;

/// Resolves a host name to IP addresses in text form, instead of the system's resolver.
using resolver_function =
    std::function<asio::awaitable<std::vector<std::string>>(std::string host)>;

/// How to connect. A value, copied by `connect`: later changes have no effect. Each setter
/// returns `*this`; nothing is checked before `connect`, which reports `invalid_options` or
/// `invalid_address` before any I/O.
///
/// Printing it shows no secret.
class CONATS_EXPORT connect_options {
public:
    /// The default server, nats://127.0.0.1:4222.
    connect_options();
    /// One address or several, separated by commas, in any of these forms:
    /// `host`, `host:port`, `:port`, `port`, `[ipv6]:port`, `token@host`, `user:password@host`,
    /// each with or without `nats://` or `tls://` before it; special characters of the userinfo are
    /// percent-encoded.
    // NOLINTNEXTLINE(google-explicit-constructor): `connect(url)` takes it for options
    connect_options(std::string_view servers);
    // NOLINTNEXTLINE(google-explicit-constructor): `connect(url)` takes it for options
    connect_options(const char* servers);
    // NOLINTNEXTLINE(google-explicit-constructor): `connect(url)` takes it for options
    connect_options(const std::string& servers);
    connect_options(const connect_options&);
    connect_options(connect_options&&) noexcept;
    connect_options& operator=(const connect_options&);
    connect_options& operator=(connect_options&&) noexcept;
    ~connect_options();

    // --- Servers

    /// Replaces all servers by this address or comma-separated list.
    connect_options& servers(std::string_view list);
    /// Replaces all servers by these, each an address or a list.
    connect_options& servers(const std::vector<std::string>& list);
    /// Adds an address or a list.
    connect_options& add_server(std::string_view address);
    /// As given, each maybe with userinfo: secrets.
    [[nodiscard]] const std::vector<secret>& servers() const noexcept { return servers_; }

    /// Tries servers, and the addresses of a host, in the order given. Default: shuffled.
    connect_options& retain_order(bool on);
    [[nodiscard]] bool retain_order() const noexcept { return retain_order_; }

    /// Bounds each server's whole handshake: resolving, all its addresses, TLS, INFO, CONNECT,
    /// PONG.
    /// Default 2 s.
    template <class Rep, class Period>
    connect_options& connect_timeout(std::chrono::duration<Rep, Period> t) {
        connect_timeout_ = std::chrono::duration_cast<std::chrono::nanoseconds>(t);
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds connect_timeout() const noexcept {
        return connect_timeout_;
    }

    /// Replaces the system's resolver. Runs on the client's executor; what it throws is
    /// `host_not_found`. Default: none; `localhost` and IP addresses are never looked up.
    connect_options& resolver(resolver_function f);
    [[nodiscard]] const resolver_function& resolver() const noexcept { return resolver_; }

    // --- Authentication. Any of these wins over userinfo in addresses.

    /// A token, the same for all servers. Empty: not set.
    connect_options& token(secret t);
    [[nodiscard]] const secret& token() const noexcept { return token_; }
    /// A coroutine asked for the token on every attempt. Excludes `token`.
    connect_options& token_provider(token_provider_function f);
    [[nodiscard]] const token_provider_function& token_provider() const noexcept {
        return token_provider_;
    }
    /// A user; goes with `password`. Excludes `token` and `token_provider`. Empty: not set.
    connect_options& user(secret name);
    [[nodiscard]] const secret& user() const noexcept { return user_; }
    connect_options& password(secret p);
    [[nodiscard]] const secret& password() const noexcept { return password_; }

    // --- Encryption

    /// Demands TLS from every server, in this way; where a server does not offer it, the attempt
    /// ends before CONNECT. Without it, servers of `tls://` addresses and those that demand TLS
    /// themselves are connected to as with `tls_options()`; those that only offer it, in plain.
    connect_options& tls(tls_options o);
    /// Empty unless set.
    [[nodiscard]] const std::optional<tls_options>& tls() const noexcept { return tls_; }

    // --- What the server is told

    /// The connection's name in the server's monitoring. Default: empty.
    connect_options& name(std::string_view n);
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// The server sends this client's own messages back to it. Default: on.
    connect_options& echo(bool on);
    [[nodiscard]] bool echo() const noexcept { return echo_; }
    /// The server answers each command with +OK. Default: off.
    connect_options& verbose(bool on);
    [[nodiscard]] bool verbose() const noexcept { return verbose_; }
    /// The server checks subjects strictly. Default: off.
    connect_options& pedantic(bool on);
    [[nodiscard]] bool pedantic() const noexcept { return pedantic_; }
    /// Requests that nobody answers end at once with `no_responders`. Default: on.
    connect_options& no_responders(bool on);
    [[nodiscard]] bool no_responders() const noexcept { return no_responders_; }

    // --- Publishing

    /// `publish` suspends above this many buffered bytes. Default 256 KiB, least 32 KiB.
    /// Nothing more is accepted 8 MiB above it.
    connect_options& high_water_mark(std::size_t bytes);
    [[nodiscard]] std::size_t high_water_mark() const noexcept { return high_water_mark_; }
    /// The connection counts as lost when the server takes no byte for so long. Default 60 s.
    template <class Rep, class Period>
    connect_options& write_timeout(std::chrono::duration<Rep, Period> t) {
        write_timeout_ = std::chrono::duration_cast<std::chrono::nanoseconds>(t);
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds write_timeout() const noexcept { return write_timeout_; }
    /// Accepts `a..b`, `.a` and `a.` in publish subjects, which the server drops silently.
    /// Default: off.
    connect_options& allow_empty_tokens(bool on);
    [[nodiscard]] bool allow_empty_tokens() const noexcept { return allow_empty_tokens_; }
    /// The longest protocol line the server accepts. Default 4 096 bytes, as the server's.
    connect_options& max_control_line(std::size_t bytes);
    [[nodiscard]] std::size_t max_control_line() const noexcept { return max_control_line_; }

    // --- Receiving

    /// A larger inbound message is a protocol error. Default 64 MiB.
    connect_options& max_inbound_payload(std::size_t bytes);
    [[nodiscard]] std::size_t max_inbound_payload() const noexcept { return max_inbound_payload_; }

    // --- Requests

    /// The start of reply subjects, without wildcards and final dot. Default "_INBOX".
    connect_options& inbox_prefix(std::string_view prefix);
    [[nodiscard]] const std::string& inbox_prefix() const noexcept { return inbox_prefix_; }
    /// The timeout of requests that give none. Default 5 s.
    template <class Rep, class Period>
    connect_options& request_timeout(std::chrono::duration<Rep, Period> t) {
        request_timeout_ = std::chrono::duration_cast<std::chrono::nanoseconds>(t);
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds request_timeout() const noexcept {
        return request_timeout_;
    }
    /// Each request subscribes to an inbox of its own instead of sharing one. Default: off.
    connect_options& unique_inboxes(bool on);
    [[nodiscard]] bool unique_inboxes() const noexcept { return unique_inboxes_; }

    // --- Keeping and ending the connection

    /// A PING is sent this often. Default 2 min; zero: never.
    template <class Rep, class Period>
    connect_options& ping_interval(std::chrono::duration<Rep, Period> t) {
        ping_interval_ = std::chrono::duration_cast<std::chrono::nanoseconds>(t);
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds ping_interval() const noexcept { return ping_interval_; }
    /// The connection counts as lost after this many unanswered PINGs. Default 2.
    connect_options& max_pings_outstanding(std::size_t n);
    [[nodiscard]] std::size_t max_pings_outstanding() const noexcept {
        return max_pings_outstanding_;
    }
    /// How long `client::drain` may take before it closes anyway. Default 30 s.
    template <class Rep, class Period>
    connect_options& drain_timeout(std::chrono::duration<Rep, Period> t) {
        drain_timeout_ = std::chrono::duration_cast<std::chrono::nanoseconds>(t);
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds drain_timeout() const noexcept { return drain_timeout_; }
    /// How long closing may wait for accepted messages to be sent. Default 1 s.
    template <class Rep, class Period>
    connect_options& close_timeout(std::chrono::duration<Rep, Period> t) {
        close_timeout_ = std::chrono::duration_cast<std::chrono::nanoseconds>(t);
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds close_timeout() const noexcept { return close_timeout_; }

    /// What contradicts or is out of range, naming the options; no error if nothing. `connect`
    /// calls it, addresses are checked there.
    [[nodiscard]] error validate() const;

private:
    std::vector<secret> servers_;
    secret token_;
    secret user_;
    secret password_;
    token_provider_function token_provider_;
    resolver_function resolver_;
    std::optional<tls_options> tls_;
    std::string name_;
    std::string inbox_prefix_ = "_INBOX";
    std::chrono::nanoseconds connect_timeout_ = std::chrono::seconds(2);
    std::chrono::nanoseconds request_timeout_ = std::chrono::seconds(5);
    std::chrono::nanoseconds write_timeout_ = std::chrono::seconds(60);
    std::chrono::nanoseconds ping_interval_ = std::chrono::minutes(2);
    std::chrono::nanoseconds drain_timeout_ = std::chrono::seconds(30);
    std::chrono::nanoseconds close_timeout_ = std::chrono::seconds(1);
    std::size_t high_water_mark_ = std::size_t{256} << 10;
    std::size_t max_control_line_ = 4096;
    std::size_t max_inbound_payload_ = std::size_t{64} << 20;
    std::size_t max_pings_outstanding_ = 2;
    bool retain_order_ = false;
    bool echo_ = true;
    bool verbose_ = false;
    bool pedantic_ = false;
    bool no_responders_ = true;
    bool unique_inboxes_ = false;
    bool allow_empty_tokens_ = false;
};

CONATS_EXPORT std::ostream& operator<<(std::ostream& os, const connect_options& options);

} // namespace v0
} // namespace conats
