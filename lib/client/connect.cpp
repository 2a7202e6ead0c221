// SPDX-License-Identifier: Apache-2.0
#include "client/verbs.hpp"
#include "client/wait.hpp"
#include "engine/connection.hpp"
#include "transport/transport_parts.hpp"

#include <conats/connect.hpp>

#include <algorithm>
#include <utility>

namespace conats {
inline namespace v0 {

namespace impl {
namespace {

/// What one server announces of the others holds for all: they are reached in the same way.
error check_mixing(const std::vector<server_address>& servers) {
    const auto other = std::find_if(servers.begin(), servers.end(), [&](const auto& s) {
        return is_websocket(s) != is_websocket(servers.front());
    });
    if (other == servers.end())
        return error();
    return error(errc::invalid_options,
                 "servers mix WebSocket and TCP: " + servers.front().redacted() + " and " +
                     other->redacted());
}

error check_transport(const server_address& s, const connect_options& options) {
    const bool has_factory = transport_access::factory(options.transport()) != nullptr;
    const bool has_layer =
        transport_access::layer(options.transport(), to_string(s.scheme())) != nullptr;
    if (is_websocket(s) && options.tls() && options.tls()->handshake_first())
        return error(errc::invalid_options,
                     "tls: handshake_first and WebSocket exclude each other: wss encrypts from the "
                     "first byte by itself")
            .server(s.redacted());
    if (!is_websocket(s) || has_layer)
        return error();
    if (has_factory && options.tls())
        return error(
                   errc::invalid_options,
                   "tls and a transport that makes WebSockets itself exclude each other: it would "
                   "not be used")
            .server(s.redacted());
    if (has_factory)
        return error();
    return error(errc::transport_unavailable,
                 std::string(to_string(s.scheme())) +
                     ":// needs connect_options::transport(conats::websocket())")
        .server(s.redacted());
}

} // namespace

error check_servers(const std::vector<server_address>& servers, const connect_options& options) {
    if (error e = check_mixing(servers))
        return e;
    for (const server_address& s : servers)
        if (error e = check_transport(s, options))
            return e;
    return error();
}

namespace {

/// All that can be wrong before any I/O.
error prepare(const connect_options& options, std::vector<server_address>& servers) {
    if (error e = options.validate())
        return e;
    for (const secret& text : options.servers()) {
        std::vector<server_address> some;
        if (error e = parse_server_list(text.reveal(), some))
            return e;
        for (server_address& s : some)
            servers.push_back(std::move(s));
    }
    if (servers.empty())
        servers.emplace_back();
    return check_servers(servers, options);
}

asio::awaitable<client> connect(asio::any_io_executor executor, connect_options options,
                                error* out) {
    // Where nothing is thrown to the caller: what would end as cancelled need not ask a server.
    const auto before = co_await asio::this_coro::cancellation_state;
    if (is_cancelled(before))
        report(aborted(), out);
    std::vector<server_address> servers;
    error e = prepare(options, servers);
    if (e) {
        report(e, out);
        co_return client();
    }
    const auto c =
        std::make_shared<connection>(std::move(executor), std::move(options), std::move(servers));
    // Dropped or cancelled, this ends the attempt.
    auto l = std::make_shared<lease>(c);
    c->start();
    wait_node node;
    const node_guard guard(*c, node);
    if (c->begin_connect_wait(node))
        co_await park(c, node);
    const auto state = co_await asio::this_coro::cancellation_state;
    if (node.outcome == wake::cancelled || is_cancelled(state))
        e = aborted();
    else if (c->status() == status::closed)
        e = c->close_reason();
    report(e, out);
    if (e)
        co_return client();
    co_return client(std::move(l));
}

asio::awaitable<client> connect_here(connect_options options, error* out) {
    auto executor = co_await asio::this_coro::executor;
    client c = co_await impl::connect(std::move(executor), std::move(options), out);
    co_return c;
}

} // namespace
} // namespace impl

asio::awaitable<client> connect(connect_options options) {
    return impl::connect_here(std::move(options), nullptr);
}

asio::awaitable<client> connect(connect_options options, error& e) {
    return impl::connect_here(std::move(options), &e);
}

asio::awaitable<client> impl::connect_on(asio::any_io_executor executor, connect_options options,
                                         error* e) {
    return impl::connect(std::move(executor), std::move(options), e);
}

} // namespace v0
} // namespace conats
