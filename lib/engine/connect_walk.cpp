// SPDX-License-Identifier: Apache-2.0
#include "engine/connect_walk.hpp"

#include "engine/abandon_guard.hpp"
#include "engine/authentication.hpp"
#include "engine/dial_settings.hpp"
#include "engine/wire_tracer.hpp"
#include "protocol/server_errors.hpp"
#include "support/later.hpp"
#include "transport/expect_some.hpp"
#include "transport/tls_stream.hpp"
#include "transport/transport_parts.hpp"
#include "values/no_memory.hpp"

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

/// Whether a WebSocket runs within TLS of ours. A factory that makes WebSockets itself, without a
/// layer of ours, encrypts them itself.
bool encrypts_websocket(const connect_options& o, const server_address& server) {
    const auto name = to_string(server.scheme());
    return transport_access::layer(o.transport(), name) != nullptr &&
           (server.scheme() == scheme::wss || o.tls());
}

// Within a WebSocket there is no TLS of NATS's own, whatever INFO says of other clients.
bool wants_tls(const connect_options& o, const server_address& server) {
    if (is_websocket(server))
        return encrypts_websocket(o, server);
    return server.scheme() == scheme::tls || o.tls();
}

bool encrypts_first(const connect_options& o, const server_address& server) {
    if (is_websocket(server))
        return encrypts_websocket(o, server);
    return o.tls() && o.tls()->handshake_first();
}

handshake_options to_handshake(const connect_options& o, const server_address& server) {
    handshake_options h;
    h.name = o.name();
    h.verbose = o.verbose();
    h.pedantic = o.pedantic();
    h.echo = o.echo();
    h.no_responders = o.no_responders();
    h.wants_tls = wants_tls(o, server);
    h.is_encrypted = encrypts_first(o, server) || is_websocket(server);
    return h;
}

parser_limits handshake_limits(const connection& c) {
    parser_limits limits;
    limits.max_payload = c.options().max_inbound_payload();
    return limits;
}

transport_target to_target(const server_address& server, std::uint64_t attempt) {
    transport_target t;
    t.scheme(std::string(to_string(server.scheme()))).host(server.host()).port(server.port());
    t.path(server.path()).attempt(attempt);
    return t;
}

/// Reads certificates and keys, if the options name any; what cannot change is read once per
/// client, since what the system trusts takes longer than a handshake.
std::shared_ptr<const ssl_context> find_context(connection& c, error& failure) {
    static const tls_options usual;
    const auto& set = c.options().tls();
    const tls_options& o = set ? *set : usual;
    if (ssl_context::may_change(o))
        return ssl_context::find(o, failure);
    auto& kept = c.kept_tls();
    if (!kept)
        kept = ssl_context::find(o, failure);
    return kept;
}

std::string expected_name(const connect_options& o, const server_address& server) {
    return tls_name_of(o.tls() ? o.tls()->server_name() : std::string(), server.tls_name());
}

std::function<std::uint64_t()> order_of(connection& c) {
    if (c.options().retain_order())
        return nullptr;
    return [&c] { return c.random(); };
}

} // namespace

connect_walk::connect_walk(connection& c) : connection_(c), parser_(handshake_limits(c)) {}

void connect_walk::stop(const error& /*why*/) {
    if (attempt_)
        attempt_->stop();
}

asio::awaitable<error> connect_walk::try_server(std::shared_ptr<const server_address> server) {
    const control_scope control(connection_, *this);
    server_ = std::move(server);
    is_ahead_ = false; // also where an attempt ahead ended by an exception
    error e;
    try {
        e = co_await dial();
    } catch (const std::bad_alloc&) {
        e = no_memory();
    }
    if (!e)
        adopt();
    co_return e;
}

asio::awaitable<error> connect_walk::try_ahead(std::shared_ptr<const server_address> server) {
    server_ = std::move(server);
    is_ahead_ = true;
    error e = co_await dial();
    if (!e && info_.lame_duck_mode)
        e = error(errc::server_shutdown, "the server is in lame duck mode itself");
    if (e)
        drop();
    co_return e;
}

// So that replies are awaited at both servers when the client moves.
asio::awaitable<error> connect_walk::subscribe_inbox() {
    std::string command;
    inbox_sid_ = connection_.inbox_command(command);
    if (inbox_sid_ == 0)
        co_return error();
    trace_line(std::string_view(command).substr(0, command.size() - 2)); // without its CRLF
    error_code ec;
    co_await write(command, ec);
    if (attempt_->expired())
        co_return error(errc::timeout, "the server took no byte within the connect timeout");
    if (ec)
        co_return error(errc::disconnected, ec.message());
    co_return error();
}

void connect_walk::adopt() {
    connection_.on_connected(info_, *server_, attempt_->stream(), std::exchange(inbox_sid_, 0));
    plan_renewal();
}

void connect_walk::drop() noexcept {
    attempt_.reset();
    inbox_sid_ = 0;
}

asio::awaitable<error> connect_walk::dial() {
    const server_address& server = *server_;
    attempt_number_ = connection_.next_attempt();
    inbox_sid_ = 0;
    expire_.reset();
    record_.emplace(server.redacted(), attempt_number_, connection_.now());
    if (connection_.logs(log_level::debug))
        connection_.log({log_level::debug, "connecting",
                         "attempt " + std::to_string(attempt_number_), server.redacted()});
    error e = co_await attempt(server);
    if (e == errc::authorization_violation)
        tell_expiry(e);
    if (e)
        e.server(server.redacted());
    if (!e || !attempt_ || !attempt_->stopped()) // else it says nothing of the server
        connection_.on_attempt(record_->finish(e, connection_.now()));
    if (e)
        drop(); // what is left of it is not to stay open through the next pause
    co_return e;
}

// The server calls an expired JWT a violation like any other.
void connect_walk::tell_expiry(error& e) const {
    const auto words = expiry_words(expire_, std::chrono::system_clock::now());
    if (!words.empty())
        e.text(e.text() + ": " + words);
}

asio::awaitable<error> connect_walk::attempt(const server_address& server) {
    error e;
    attempt_.reset();
    tls_.reset();
    // What is wrong with our side of TLS is found before anybody is called, and the time that
    // takes is not the server's.
    if (wants_tls(connection_.options(), server)) {
        enter(connect_phase::tls);
        tls_ = find_context(connection_, e);
    }
    if (e)
        co_return e;
    attempt_ = std::make_shared<dial_attempt>(connection_.strand(), connection_.shared_from_this());
    attempt_->record_to(*record_);
    attempt_->start(later(connection_.now(), connection_.options().connect_timeout()));
    try {
        e = co_await reach(server);
        if (!e && encrypts_first(connection_.options(), server))
            e = co_await encrypt(server);
        if (!e)
            e = co_await lay_over(server);
        if (!e)
            e = co_await shake_hands(server);
        if (!e && is_ahead_)
            e = co_await subscribe_inbox();
    } catch (...) { // a stream of the user's
        e = thrown_error(errc::connection_failed);
    }
    attempt_->finish();
    co_return e;
}

asio::awaitable<error> connect_walk::reach(const server_address& server) {
    const connect_options& options = connection_.options();
    auto executor = connection_.user_executor();
    error e;
    if (const stream_factory* factory = transport_access::factory(options.transport())) {
        auto target = to_target(server, attempt_number_);
        e = co_await attempt_->make_stream(*factory, std::move(target), std::move(executor));
    } else {
        dial_options dial;
        e = make_dial_options(options, dial);
        dial.random = order_of(connection_);
        if (!e)
            e = co_await attempt_->connect(server, dial, std::move(executor));
    }
    co_return e;
}

asio::awaitable<error> connect_walk::lay_over(const server_address& server) {
    const auto* const layer =
        transport_access::layer(connection_.options().transport(), to_string(server.scheme()));
    if (layer == nullptr)
        co_return error();
    enter(connect_phase::transport);
    auto target = to_target(server, attempt_number_);
    target.deadline(attempt_->deadline()).executor(connection_.strand());
    const auto over = layer->begin(std::move(target));
    auto executor = connection_.user_executor();
    auto preparing = over->prepare();
    error e = co_await attempt_->await_user(std::move(executor), std::move(preparing));
    if (!e && !attempt_->stopped() && !attempt_->expired()) {
        auto made = over->lay_over(attempt_->release_stream());
        layered_stream& layered = *made;
        attempt_->replace_stream(std::move(made));
        e = co_await layered.handshake();
    }
    if (attempt_->expired())
        e = error(errc::timeout, "the transport's handshake took longer than the connect timeout");
    co_return e;
}

asio::awaitable<error> connect_walk::encrypt(const server_address& server) {
    error e;
    enter(connect_phase::tls);
    if (!tls_)
        tls_ = find_context(connection_, e);
    if (e)
        co_return e;
    std::string name = expected_name(connection_.options(), server);
    auto made = std::make_unique<tls_stream>(connection_.strand(), attempt_->release_stream(), tls_,
                                             std::move(name));
    tls_stream& tls = *made;
    attempt_->replace_stream(std::move(made));
    e = co_await tls.handshake();
    if (attempt_->expired())
        e = error(errc::timeout, "the TLS handshake took longer than the connect timeout");
    co_return e;
}

asio::awaitable<error> connect_walk::upgrade(handshake& h, const server_address& server) {
    if (!input_->is_empty()) {
        (void)h.on_unencrypted({input_->begin(), input_->end()});
        co_return h.failure();
    }
    error e = co_await encrypt(server);
    if (!e)
        (void)h.on_upgraded();
    co_return e;
}

asio::awaitable<error> connect_walk::shake_hands(const server_address& server) {
    enter(connect_phase::info);
    handshake h(to_handshake(connection_.options(), server));
    input_ = std::make_unique<input_buffer>(connection_.pool(), connection_.shared_from_this());
    parser_.reset();
    for (;;) {
        error e;
        switch (co_await next_action(h)) {
        case handshake_action::need_more: break;
        case handshake_action::upgrade_tls:
            e = co_await upgrade(h, server);
            if (!e)
                e = co_await introduce(h, server);
            break;
        case handshake_action::send_connect: e = co_await introduce(h, server); break;
        case handshake_action::send_pong:
            trace_line("PONG");
            e = co_await write("PONG\r\n");
            break;
        case handshake_action::connected: info_ = h.info(); co_return error();
        case handshake_action::failed: co_return h.failure();
        }
        if (e)
            co_return e;
    }
}

void connect_walk::plan_renewal() {
    const auto wall = std::chrono::system_clock::now();
    const auto at = planned_renewal(connection_.authentication(), expire_, wall);
    if (!at)
        return;
    // Those whose JWTs end together are not to come together.
    const auto span = *at - wall;
    const auto earlier =
        std::min<std::chrono::nanoseconds>(connection_.moving_delay(false), span / 10);
    connection_.renew_at(later(connection_.now(), span - earlier));
}

asio::awaitable<handshake_action> connect_walk::next_action(handshake& h) {
    // Nothing was read yet the first time.
    while (input_->is_empty() ||
           parser_.parse(input_->begin(), input_->end()) == parse_status::need_more) {
        const auto action = co_await read_more(h);
        if (action != handshake_action::need_more)
            co_return action;
    }
    if (parser_.failure())
        co_return h.on_protocol_error(parser_.failure());
    const auto text = parser_.text();
    if (parser_.kind() == operation_kind::err)
        record_->server_said(told_text(text));
    if (const auto& hook = connection_.options().wire_trace())
        wire_tracer(hook).on_parsed(parser_, input_->begin());
    const auto action = h.on_operation(parser_.kind(), text.data(), text.size());
    input_->consume(parser_.size());
    co_return action;
}

asio::awaitable<handshake_action> connect_walk::read_more(handshake& h) {
    const auto space = input_->prepare(parser_.needed());
    error_code ec;
    const std::size_t n =
        co_await attempt_->stream().read_some(asio::mutable_buffer(space.data, space.size), ec);
    expect_some(n, ec);
    input_->commit(n);
    connection_.count_read(n);
    if (attempt_->expired())
        co_return h.on_timeout();
    if (ec == condition::protocol)
        co_return h.on_protocol_error(error(errc::protocol_error, ec.message()));
    if (ec.category() == tls_category())
        co_return h.on_tls_failed("TLS: " + ec.message());
    if (ec)
        co_return h.on_closed(ec == asio::error::eof ? std::string() : ec.message());
    co_return handshake_action::need_more;
}

asio::awaitable<error> connect_walk::introduce(handshake& h, const server_address& server) {
    enter(connect_phase::auth);
    credentials who;
    error e = co_await find_credentials(server, h.info().nonce, who);
    if (e)
        co_return e;
    expire_ = who.expires();
    secret line;
    e = h.make_connect(who, line, connection_.options().max_control_line());
    if (e)
        co_return e;
    if (connection_.options().wire_trace()) {
        trace_line(h.redacted_connect(who));
        trace_line("PING");
    }
    e = co_await write(line.reveal());
    co_return e;
}

asio::awaitable<error> connect_walk::find_credentials(const server_address& server,
                                                      const std::string& nonce, credentials& out) {
    credentials_choice choice = choose_credentials(connection_.authentication(), server);
    if (choice.userinfo_ignored)
        connection_.raise_userinfo_ignored(server);
    out = std::move(choice.use);
    if (!choice.ask)
        co_return error();
    auth_request request;
    request.server(server.redacted()).nonce(nonce).attempt(attempt_number_);
    request.deadline(attempt_->deadline());
    authentication auth(connection_.options(), connection_.authentication(), *attempt_,
                        connection_.user_executor());
    error e = co_await auth.find(std::move(request), out);
    co_return e;
}

void connect_walk::trace_line(std::string_view line) const noexcept {
    if (const auto& hook = connection_.options().wire_trace())
        wire_tracer(hook).on_line(line);
}

// An error of the write is not the last word: the server may have said why it closed.
asio::awaitable<error> connect_walk::write(std::string_view bytes) {
    error_code ec;
    co_await write(bytes, ec);
    co_return error();
}

asio::awaitable<void> connect_walk::write(std::string_view bytes, error_code& ec) {
    while (!bytes.empty() && !ec) {
        const asio::const_buffer all(bytes.data(), bytes.size());
        const std::size_t n = co_await attempt_->stream().write_some({&all, 1}, ec);
        bytes.remove_prefix(n);
        connection_.count_written(n);
        expect_some(n, ec);
    }
}

} // namespace impl
} // namespace v0
} // namespace conats
