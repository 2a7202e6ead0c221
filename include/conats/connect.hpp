// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/client.hpp>
#include <conats/connect_options.hpp>
#include <conats/export.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <concepts>
#include <utility>

namespace conats {
inline namespace v0 {

/// Connects to the first server that accepts.
///
/// 1. Checks the options and addresses; a fault is an error before any I/O.
/// 2. Tries each server once, in random order unless `retain_order`: resolves, connects, reads
///    INFO, encrypts, authenticates, sends CONNECT and PING; each server within `connect_timeout`.
/// 3. Returns when a server has answered with PONG, so that wrong credentials are an error
///    here. If no server does, reports the most telling error of all of them (authentication
///    before TLS, protocol, timeout, refusal); the client returned beside `e` is then empty.
///
/// `options` are copied in the call; text converts to them:
/// `co_await connect("nats://token@host")`. The client runs on the executor given, else on
/// that of the calling coroutine; several threads may run it.
/// Cancellation abandons the attempt.
/// Errors: `invalid_address`, `invalid_options`, `invalid_inbox_prefix`, `transport_unavailable`
/// before any I/O;
/// `authorization_violation` and the other authentication errors;
/// `tls_configuration_invalid`, `tls_certificate_rejected`, `tls_handshake_failed`,
/// `tls_not_offered`; `protocol_error`, `connect_too_large`, `timeout`, `connection_refused`,
/// `host_not_found`, `provider_failed` …, with the server they come from. Source: ADR-40,
/// https://docs.nats.io/reference/reference-protocols/nats-protocol-demo
[[nodiscard]] CONATS_EXPORT asio::awaitable<client> connect(connect_options options);
[[nodiscard]] CONATS_EXPORT asio::awaitable<client> connect(connect_options options, error& e);
namespace impl {
CONATS_EXPORT asio::awaitable<client> connect_on(asio::any_io_executor executor,
                                                 connect_options options, error* e);
} // namespace impl

// Templates, because Asio's executor traits look for functions of this name by argument-dependent
// lookup, and a conversion to `any_io_executor` would ask those traits about `connect_options`.
/// As above, for a client that runs on `executor`.
template <class Executor>
    requires(!std::constructible_from<connect_options, Executor>)
[[nodiscard]] asio::awaitable<client> connect(const Executor& executor, connect_options options) {
    return impl::connect_on(asio::any_io_executor(executor), std::move(options), nullptr);
}
template <class Executor>
    requires(!std::constructible_from<connect_options, Executor>)
[[nodiscard]] asio::awaitable<client> connect(const Executor& executor, connect_options options,
                                              error& e) {
    return impl::connect_on(asio::any_io_executor(executor), std::move(options), &e);
}

} // namespace v0
} // namespace conats
