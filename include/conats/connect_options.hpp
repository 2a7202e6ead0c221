// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/auth.hpp>
#include <conats/error.hpp>
#include <conats/export.hpp>
#include <conats/fwd.hpp>
#include <conats/reconnect.hpp>
#include <conats/secret.hpp>
#include <conats/time_limit.hpp>
#include <conats/tls_options.hpp>
#include <conats/transport.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>
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

/// Called with the native handle of a connected TCP socket.
using socket_hook_function = std::function<void(int native_handle)>;

/// Where log records go, see `connect_options::log`.
using log_sink = std::function<void(const log_record&)>;

/// Called with how an attempt to connect went, see `connect_options::on_attempt`.
using attempt_hook_function = std::function<void(const connect_attempt&)>;

/// Called with each operation on its way in or out, see `connect_options::wire_trace`.
using wire_trace_function = std::function<void(const wire_operation&)>;

/// Called with each message before it is sent, see `connect_options::publish_hook`.
using publish_hook_function = std::function<std::shared_ptr<observed_operation>(outgoing_message&)>;

/// Called with each message that is handed out, see `connect_options::delivery_hook`.
using delivery_hook_function = std::function<std::shared_ptr<observed_operation>(const delivery&)>;

/// How to connect. A value, copied by `connect`: later changes have no effect. Each setter
/// returns `*this`; nothing is checked before `connect`, which reports `invalid_options`,
/// `invalid_address`, `invalid_inbox_prefix` or `transport_unavailable` before any I/O: also where
/// two options exclude each other, naming both. All timeouts have to be positive, but for
/// `reconnect_wait`, `reconnect_jitter` and `ping_interval`, which may be zero.
///
/// Printing it shows no secret.
class CONATS_EXPORT connect_options {
public:
    /// The default server, nats://127.0.0.1:4222.
    connect_options();
    /// One address or several, separated by commas, in any of these forms:
    /// `host`, `host:port`, `:port`, `port`, `[ipv6]:port`, `token@host`, `user:password@host`,
    /// each with or without `nats://`, `tls://`, `ws://` or `wss://` before it; special characters
    /// of the userinfo are percent-encoded.
    // NOLINTNEXTLINE(google-explicit-constructor): `connect(url)` takes it for options
    connect_options(std::string_view servers);
    // NOLINTNEXTLINE(google-explicit-constructor): `connect(url)` takes it for options
    connect_options(const char* servers); ///< the same, from a C string
    // NOLINTNEXTLINE(google-explicit-constructor): `connect(url)` takes it for options
    connect_options(const std::string& servers); ///< the same, from a string
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
    connect_options& connect_timeout(time_limit t) {
        connect_timeout_ = t;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds connect_timeout() const noexcept {
        return connect_timeout_;
    }

    /// Replaces the system's resolver. Runs on the client's executor; what it throws is
    /// `host_not_found`. Default: none; `localhost` and IP addresses are never looked up.
    connect_options& resolver(resolver_function f);
    [[nodiscard]] const resolver_function& resolver() const noexcept { return resolver_; }

    /// Which addresses of a host are tried, and in which order; among those of a family the order
    /// is as `retain_order` says. Default: any.
    connect_options& ip_order(conats::ip_order order);
    [[nodiscard]] conats::ip_order ip_order() const noexcept { return ip_order_; }

    // --- The socket. None of this applies to a transport that makes its own streams.

    /// Connects from this address of the machine: `127.0.0.9`, or `127.0.0.9:5000` for a port of
    /// its own, IPv6 with a port in brackets. Only servers' addresses of its family are tried
    /// then. Default: empty, as the system chooses.
    connect_options& local_address(std::string_view address);
    [[nodiscard]] const std::string& local_address() const noexcept { return local_address_; }
    /// TCP_NODELAY: small writes leave at once; the library gathers them itself. Default: on.
    connect_options& no_delay(bool on);
    [[nodiscard]] bool no_delay() const noexcept { return no_delay_; }
    /// TCP keep-alive, beside the protocol's own PINGs. Default: off.
    connect_options& keep_alive(bool on);
    [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
    /// The kernel's buffers, in bytes; at most 1 GiB. Default: 0, as the system has them.
    connect_options& send_buffer_size(std::size_t bytes);
    [[nodiscard]] std::size_t send_buffer_size() const noexcept { return send_buffer_size_; }
    connect_options& receive_buffer_size(std::size_t bytes); ///< as `send_buffer_size`
    [[nodiscard]] std::size_t receive_buffer_size() const noexcept { return receive_buffer_size_; }
    /// Called with each TCP socket once it is connected (to the proxy, if there is one), to set
    /// what these options do not. It runs on the engine's strand: it must not wait, and not close
    /// the socket. What it throws is `connection_failed` with its words. Default: none.
    connect_options& socket_hook(socket_hook_function f);
    [[nodiscard]] const socket_hook_function& socket_hook() const noexcept { return socket_hook_; }

    /// Connects through a proxy: `socks5://[user:password@]host[:1080]`, or
    /// `http://[user:password@]host[:3128]` for HTTP's CONNECT. The proxy resolves the servers'
    /// names; what is said to it counts towards `connect_timeout`; its refusal is `proxy_failed`
    /// with its words, which the proxy's password is no part of. Excludes a transport that makes
    /// its own streams. Default: empty, none.
    connect_options& proxy(secret url);
    [[nodiscard]] const secret& proxy() const noexcept { return proxy_; }

    // --- The transport

    /// What carries the bytes, instead of TCP: a factory of streams. Default: TCP.
    connect_options& transport(conats::transport t);
    [[nodiscard]] const conats::transport& transport() const noexcept { return transport_; }

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
    connect_options& password(secret p); ///< goes with `user`
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
    /// Who signs in the name of `nkey()`.
    [[nodiscard]] const nkey_signer_function& nkey_signer() const noexcept { return nkey_signer_; }

    // A JWT is sent with the nonce's signature, if there are a nonce and a seed or signer.

    /// A user's JWT with its seed; without, a bearer JWT.
    connect_options& jwt(secret token, secret seed = secret());
    /// The same, maybe with a signer.
    connect_options& jwt(user_jwt token);
    [[nodiscard]] const user_jwt& jwt() const noexcept { return jwt_; }
    /// Asked for a JWT and its seed or signer on every attempt. Before a JWT expires the connection
    /// is made anew, as by `client::force_reconnect`: when a tenth of its time is left, at most a
    /// minute.
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
    /// The second of `credentials_files`.
    [[nodiscard]] const std::string& seed_file() const noexcept { return seed_file_; }
    /// The text of a credentials file.
    connect_options& credentials(secret text);
    [[nodiscard]] const secret& credentials() const noexcept { return credentials_; }

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
    /// Sends each message, request and PING in the call that makes it, where nothing else waits to
    /// be sent, instead of with all others of the executor's turn: one system call each, in the
    /// caller's thread. For few messages that must not wait for others on the executor, or come
    /// from other threads (that takes half of the time); several times slower for many. Plain TCP
    /// only; no effect under TLS and WebSocket. Default: off.
    connect_options& send_now(bool on);
    [[nodiscard]] bool send_now() const noexcept { return send_now_; }
    /// The connection counts as lost when the server takes no byte for so long. Default 60 s.
    connect_options& write_timeout(time_limit t) {
        write_timeout_ = t;
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
    connect_options& request_timeout(time_limit t) {
        request_timeout_ = t;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds request_timeout() const noexcept {
        return request_timeout_;
    }
    /// Records how long requests and flushes take, for `client::latency()`. Default: off.
    connect_options& record_latency(bool on);
    [[nodiscard]] bool record_latency() const noexcept { return record_latency_; }
    /// Each request subscribes to an inbox of its own instead of sharing one. Default: off.
    connect_options& unique_inboxes(bool on);
    [[nodiscard]] bool unique_inboxes() const noexcept { return unique_inboxes_; }

    // --- Making a lost connection anew

    /// A server is given up after so many failed attempts in a row, and the client closes with
    /// `no_servers` when none is left. 0: the client closes when the connection is lost;
    /// negative: never given up. Default 60.
    connect_options& max_reconnects(int n);
    [[nodiscard]] int max_reconnects() const noexcept { return max_reconnects_; }
    /// The pause after a round over all servers has failed, and before a server that was just
    /// lost is tried again. Default 2 s.
    connect_options& reconnect_wait(time_limit t) {
        reconnect_wait_ = t;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds reconnect_wait() const noexcept {
        return reconnect_wait_;
    }
    /// Up to so much is added to the pause, at random, so that clients do not come all at once.
    /// Default 100 ms, with TLS 1 s.
    connect_options& reconnect_jitter(time_limit t) {
        reconnect_jitter_ = t;
        reconnect_jitter_tls_ = reconnect_jitter_;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds reconnect_jitter() const noexcept {
        return reconnect_jitter_;
    }
    /// The jitter of encrypted connections.
    [[nodiscard]] std::chrono::nanoseconds reconnect_jitter_tls() const noexcept {
        return reconnect_jitter_tls_;
    }
    /// Replaces wait and jitter by a function of one's own. Default: none.
    connect_options& reconnect_delay(reconnect_delay_function f);
    [[nodiscard]] const reconnect_delay_function& reconnect_delay() const noexcept {
        return reconnect_delay_;
    }
    /// Chooses the server of each attempt. Default: none.
    connect_options& server_chooser(conats::server_chooser f);
    [[nodiscard]] const conats::server_chooser& server_chooser() const noexcept {
        return server_chooser_;
    }
    /// If no server accepts, `connect` returns a client that is `reconnecting` instead of failing.
    /// Default: off.
    connect_options& retry_on_failed_connect(bool on);
    [[nodiscard]] bool retry_on_failed_connect() const noexcept { return retry_first_connect_; }
    /// Goes on when the same server refuses the credentials twice in a row, which otherwise closes
    /// the client. Default: off; a provider of credentials has the same effect.
    connect_options& ignore_auth_errors(bool on);
    [[nodiscard]] bool ignore_auth_errors() const noexcept { return ignore_auth_errors_; }
    /// Keeps to the servers given, without those that the cluster names. Default: off.
    connect_options& ignore_discovered_servers(bool on);
    [[nodiscard]] bool ignore_discovered_servers() const noexcept {
        return ignore_discovered_servers_;
    }
    /// What to do when the server announces its shutdown (lame duck mode). Default:
    /// `lame_duck_policy::move`:
    /// 1. connects to another server, once a random part of `reconnect_jitter` is over, and again
    ///    after `reconnect_wait` (100 ms at least) while no other takes it;
    /// 2. holds what is published from then on, unsubscribes from the old server and delivers what
    ///    that had sent;
    /// 3. subscribes at the new one, sends what was held, and closes the old connection.
    ///
    /// Nothing accepted for sending and nothing the old server had sent is lost or doubled, and
    /// requests under way go on waiting; what others publish within the round trip of step 2 may
    /// be missed, as when reconnecting. An old server that is silent for `connect_timeout` in step
    /// 2, or takes `drain_timeout` for it, counts as lost. The status stays `connected`; a
    /// `status_changed` and `statistics::reconnects` tell of it. With a `server_chooser`, or where
    /// `max_reconnects` is 0, it is as with `event_only`.
    connect_options& when_lame_duck(lame_duck_policy p);
    [[nodiscard]] lame_duck_policy when_lame_duck() const noexcept { return when_lame_duck_; }
    /// What `publish` does without a connection. Default: `offline_policy::buffer`.
    connect_options& when_offline(offline_policy p);
    [[nodiscard]] offline_policy when_offline() const noexcept { return when_offline_; }
    /// So many bytes of encoded messages wait for a connection; what does not fit is
    /// `outbox_full`. 0: as `offline_policy::fail`, and not with `wait`. Default 8 MiB.
    connect_options& reconnect_buffer(std::size_t bytes);
    [[nodiscard]] std::size_t reconnect_buffer() const noexcept { return reconnect_buffer_; }
    /// How long `publish` waits for a connection under `offline_policy::wait`, if it has no
    /// timeout of its own. Default 30 s.
    connect_options& offline_timeout(time_limit t) {
        offline_timeout_ = t;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds offline_timeout() const noexcept {
        return offline_timeout_;
    }

    // --- Keeping and ending the connection

    /// A PING is sent this often. Default 2 min; zero: never.
    connect_options& ping_interval(time_limit t) {
        ping_interval_ = t;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds ping_interval() const noexcept { return ping_interval_; }
    /// The connection counts as lost after this many unanswered PINGs. Default 2.
    connect_options& max_pings_outstanding(std::size_t n);
    [[nodiscard]] std::size_t max_pings_outstanding() const noexcept {
        return max_pings_outstanding_;
    }
    /// How long `client::drain` may take before it closes anyway. Default 30 s.
    connect_options& drain_timeout(time_limit t) {
        drain_timeout_ = t;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds drain_timeout() const noexcept { return drain_timeout_; }
    /// How long closing may wait for accepted messages to be sent. Default 1 s.
    connect_options& close_timeout(time_limit t) {
        close_timeout_ = t;
        return *this;
    }
    [[nodiscard]] std::chrono::nanoseconds close_timeout() const noexcept { return close_timeout_; }

    // --- Looking inside, with <conats/observability.hpp>; docs/observability.md shows how.

    /// Tells `sink` what happens to the client: records up to this level, none of which holds a
    /// secret. Of each event at most 10 a second are told; then how many were left out.
    ///
    /// Executor: the engine's strand on the client's executor, one record after the other, in
    /// order, outside of every call. The sink must not block; what it throws is lost. Records come
    /// for as long as the client's context runs.
    /// Default: `log_level::off`, silent, which costs a branch where there would be a record.
    connect_options& log(log_level threshold, conats::log_sink sink);
    /// Up to which level is logged.
    [[nodiscard]] log_level log_threshold() const noexcept { return log_threshold_; }
    /// Where records go.
    [[nodiscard]] const conats::log_sink& log_sink() const noexcept { return log_sink_; }

    /// Called at the end of each attempt to connect, whether it failed or not, with how long each
    /// phase took and what the server said: `<conats/connect_attempt.hpp>`. The last one is also to
    /// be had of `client::last_attempt`, and each is a record `attempt` of the log, at debug.
    /// Not called for an attempt that the client's closing cut short.
    ///
    /// Executor: the engine's strand, before anybody learns of the outcome. It must not block;
    /// what it throws is lost. Default: none.
    connect_options& on_attempt(attempt_hook_function f);
    [[nodiscard]] const attempt_hook_function& on_attempt() const noexcept { return on_attempt_; }

    /// Called with each operation of the protocol, `<conats/wire_trace.hpp>`: inbound when it has
    /// been parsed, outbound when it is handed to the socket. Secrets of CONNECT are not in it;
    /// headers and payloads are.
    ///
    /// Executor: the engine's strand, in order. It must not block; what it throws is lost. The
    /// views it is given are good during the call. With it `send_now` has no effect. While the
    /// client moves to another server, operations of both connections come, in the order made.
    /// Default: none, which costs a branch for each read and write.
    connect_options& wire_trace(wire_trace_function f);
    [[nodiscard]] const wire_trace_function& wire_trace() const noexcept { return wire_trace_; }

    /// Called with each message that is published, requested or answered, before it is checked and
    /// encoded; it may add headers: `<conats/hooks.hpp>`. What it returns is kept until the
    /// message has been accepted or refused; for a request, until it has its reply or has failed.
    ///
    /// Executor: in the call that publishes, in its thread, under no lock; it may use the client.
    /// It must not block. What it throws is lost, the message is sent nonetheless.
    /// Default: none, which costs a branch for each message.
    connect_options& publish_hook(publish_hook_function f);
    [[nodiscard]] const publish_hook_function& publish_hook() const noexcept {
        return publish_hook_;
    }
    /// Called with each message that a subscription hands to the application, but for replies to
    /// requests. What it returns is kept while the message is handled: until its handler has ended
    /// or, where messages are taken, until the next is asked for or the subscription destroyed.
    ///
    /// Executor: where the handler runs, right before it, or in the call that takes. It must not
    /// block; what it throws is lost, the message is handed out nonetheless.
    /// Default: none, which costs a branch for each message.
    connect_options& delivery_hook(delivery_hook_function f);
    [[nodiscard]] const delivery_hook_function& delivery_hook() const noexcept {
        return delivery_hook_;
    }

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
    reconnect_delay_function reconnect_delay_;
    conats::server_chooser server_chooser_;
    conats::transport transport_;
    socket_hook_function socket_hook_;
    conats::log_sink log_sink_;
    attempt_hook_function on_attempt_;
    wire_trace_function wire_trace_;
    publish_hook_function publish_hook_;
    delivery_hook_function delivery_hook_;
    secret proxy_;
    std::string local_address_;
    std::optional<tls_options> tls_;
    std::string name_;
    std::string inbox_prefix_ = "_INBOX";
    std::chrono::nanoseconds connect_timeout_ = std::chrono::seconds(2);
    std::chrono::nanoseconds request_timeout_ = std::chrono::seconds(5);
    std::chrono::nanoseconds write_timeout_ = std::chrono::seconds(60);
    std::chrono::nanoseconds ping_interval_ = std::chrono::minutes(2);
    std::chrono::nanoseconds drain_timeout_ = std::chrono::seconds(30);
    std::chrono::nanoseconds close_timeout_ = std::chrono::seconds(1);
    std::chrono::nanoseconds reconnect_wait_ = std::chrono::seconds(2);
    std::chrono::nanoseconds reconnect_jitter_ = std::chrono::milliseconds(100);
    std::chrono::nanoseconds reconnect_jitter_tls_ = std::chrono::seconds(1);
    std::chrono::nanoseconds offline_timeout_ = std::chrono::seconds(30);
    std::size_t reconnect_buffer_ = std::size_t{8} << 20;
    std::size_t high_water_mark_ = std::size_t{256} << 10;
    std::size_t max_control_line_ = 4096;
    std::size_t max_inbound_payload_ = std::size_t{64} << 20;
    std::size_t max_pings_outstanding_ = 2;
    int max_reconnects_ = 60;
    offline_policy when_offline_ = offline_policy::buffer;
    lame_duck_policy when_lame_duck_ = lame_duck_policy::move;
    log_level log_threshold_{}; // off
    bool retry_first_connect_ = false;
    bool ignore_auth_errors_ = false;
    bool ignore_discovered_servers_ = false;
    std::size_t send_buffer_size_ = 0;
    std::size_t receive_buffer_size_ = 0;
    conats::ip_order ip_order_ = conats::ip_order::any;
    bool no_delay_ = true;
    bool keep_alive_ = false;
    bool retain_order_ = false;
    bool echo_ = true;
    bool verbose_ = false;
    bool pedantic_ = false;
    bool no_responders_ = true;
    bool unique_inboxes_ = false;
    bool allow_empty_tokens_ = false;
    bool send_now_ = false;
    bool record_latency_ = false;
};

/// One line, with `***` or `(set)` in place of secrets.
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, const connect_options& options);

} // namespace v0
} // namespace conats
