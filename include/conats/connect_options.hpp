// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/auth.hpp>
#include <conats/error.hpp>
#include <conats/export.hpp>
#include <conats/fwd.hpp>
#include <conats/secret.hpp>

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
    /// each with or without `nats://` before it; special characters of the userinfo are
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

    /// Bounds each server's whole handshake: resolving, all its addresses, INFO, CONNECT, PONG.
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

    // --- Authentication, in one of these ways. Any of them wins over userinfo in addresses.

    /// A token, the same for all servers. Empty: not set, as everywhere below.
    connect_options& token(secret t);
    [[nodiscard]] const secret& token() const noexcept { return token_; }
    /// Asked for the token on every attempt.
    connect_options& token_provider(token_provider_function f);
    [[nodiscard]] const token_provider_function& token_provider() const noexcept {
        return token_provider_;
    }
    /// A user; goes with `password`.
    connect_options& user(secret name);
    [[nodiscard]] const secret& user() const noexcept { return user_; }
    connect_options& password(secret p);
    [[nodiscard]] const secret& password() const noexcept { return password_; }
    /// Asked for user and password on every attempt.
    connect_options& user_provider(user_provider_function f);
    [[nodiscard]] const user_provider_function& user_provider() const noexcept {
        return user_provider_;
    }

    // With an NKey the server's nonce is signed; a server that gives none is
    // `nkeys_not_supported`, and nothing is sent to it.

    /// The seed of a user's NKey, "SU…".
    connect_options& nkey_seed(secret seed);
    [[nodiscard]] const secret& nkey_seed() const noexcept { return nkey_seed_; }
    /// A file with the seed, alone or in a section USER NKEY SEED. Read on every attempt, where a
    /// failure is `credentials_unreadable`.
    connect_options& nkey_file(std::string_view path);
    [[nodiscard]] const std::string& nkey_file() const noexcept { return nkey_file_; }
    /// The public key of a user's NKey, "U…", and who signs in its name: the private key stays
    /// out of this process, or out of conats.
    connect_options& nkey(std::string_view public_key, nkey_signer_function signer);
    [[nodiscard]] const std::string& nkey() const noexcept { return nkey_; }
    [[nodiscard]] const nkey_signer_function& nkey_signer() const noexcept { return nkey_signer_; }

    // A JWT is sent with the nonce's signature, if there are a nonce and a seed or signer.

    /// A user's JWT with its seed; without, a bearer JWT.
    connect_options& jwt(secret token, secret seed = secret());
    /// The same, maybe with a signer.
    connect_options& jwt(user_jwt token);
    [[nodiscard]] const user_jwt& jwt() const noexcept { return jwt_; }
    /// Asked for a JWT and its seed or signer on every attempt.
    connect_options& jwt_provider(jwt_provider_function f);
    [[nodiscard]] const jwt_provider_function& jwt_provider() const noexcept {
        return jwt_provider_;
    }
    /// A credentials file as `nsc` makes it, with JWT and seed. Read on every attempt, so that a
    /// new one takes effect at the next reconnect; a failure is `credentials_unreadable`.
    connect_options& credentials_file(std::string_view path);
    [[nodiscard]] const std::string& credentials_file() const noexcept { return credentials_file_; }
    /// The same from two files: the JWT of the first and the seed of the second.
    connect_options& credentials_files(std::string_view jwt_path, std::string_view seed_path);
    [[nodiscard]] const std::string& seed_file() const noexcept { return seed_file_; }
    /// The text of a credentials file.
    connect_options& credentials(secret text);
    [[nodiscard]] const secret& credentials() const noexcept { return credentials_; }

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
    secret nkey_seed_;
    secret credentials_;
    user_jwt jwt_;
    token_provider_function token_provider_;
    user_provider_function user_provider_;
    jwt_provider_function jwt_provider_;
    nkey_signer_function nkey_signer_;
    std::string nkey_;
    std::string nkey_file_;
    std::string credentials_file_;
    std::string seed_file_;
    resolver_function resolver_;
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
