// SPDX-License-Identifier: Apache-2.0
#include "transport/dial.hpp"

#include "support/ascii.hpp"
#include "support/thrown_text.hpp"
#include "transport/address_order.hpp"
#include "transport/proxy_handshake.hpp"
#include "transport/tcp_stream.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <array>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

using asio::ip::tcp;

error to_error(const error_code& ec, const std::string& where) {
    if (ec == asio::error::connection_refused)
        return error(errc::connection_refused, where + " refused the connection");
    if (ec == asio::error::timed_out)
        return error(errc::timeout, where + " did not answer");
    // A server that accepts and resets at once: whether that is seen here or by the first read is
    // chance, so it is told alike.
    if (ec == asio::error::connection_reset)
        return error(errc::disconnected, where + " reset the connection before INFO");
    return error(errc::connection_failed, where + ": " + ec.message());
}

error not_in_time(const std::string& what) {
    return error(errc::timeout, what + " took longer than the connect timeout");
}

error through_proxy(const error& e, const proxy_address& proxy) {
    errc code = errc::proxy_failed;
    if (e.code() == errc::timeout)
        code = errc::timeout;
    return error(code, "the proxy " + proxy.redacted() + ": " + e.text());
}

/// Why no address is left.
error none_left(const std::string& host, ip_order order) {
    return error(errc::host_not_found,
                 "'" + host + "' has no " + std::string(only_family(order)) + " address");
}

} // namespace

dial_attempt::dial_attempt(const asio::any_io_executor& strand, std::shared_ptr<const void> owner)
    : owner_(std::move(owner)),
      strand_(strand),
      time_(time_of(strand)),
      deadline_timer_(strand),
      gate_(strand) {}

void dial_attempt::start(clock::time_point deadline) {
    deadline_ = deadline;
    deadline_timer_.expires_at(deadline);
    deadline_timer_.async_wait([self = shared_from_this()] {
        if (self->finished_ || self->stopped_)
            return;
        self->expired_ = true;
        self->end();
    });
}

void dial_attempt::finish() {
    finished_ = true;
    deadline_timer_.cancel();
}

void dial_attempt::stop() {
    stopped_ = true;
    deadline_timer_.cancel();
    end();
}

void dial_attempt::replace_stream(std::unique_ptr<conats::stream> s) noexcept {
    stream_ = std::move(s);
    if (ended())
        stream_->close();
}

void dial_attempt::end() {
    if (stream_)
        stream_->close();
    open_gate();
}

void dial_attempt::enter(connect_phase p) const noexcept {
    if (recorder_ != nullptr)
        recorder_->enter(p, time_.now());
}

asio::awaitable<void> dial_attempt::wait_at_gate(clock::time_point until) {
    gate_.expires_at(until);
    co_await gate_.wait();
}

asio::awaitable<error> dial_attempt::connect(const server_address& server,
                                             const dial_options& options,
                                             asio::any_io_executor user_executor) {
    if (!options.proxy) {
        error e = co_await connect_directly(server, options, std::move(user_executor));
        co_return e;
    }
    const server_address via(scheme::nats, options.proxy->host, options.proxy->port);
    error e = co_await connect_directly(via, options, std::move(user_executor));
    if (e)
        co_return through_proxy(e, *options.proxy);
    e = co_await pass_proxy(server, *options.proxy);
    co_return e;
}

asio::awaitable<error> dial_attempt::pass_proxy(const server_address& server,
                                                const proxy_address& proxy) {
    enter(connect_phase::transport);
    const auto handshake = begin_proxy_handshake(proxy, server.host(), server.port());
    std::array<char, 512> room{};
    while (!handshake->is_over() && !ended()) {
        auto output = handshake->take_output();
        error e = co_await write_all(std::move(output));
        error_code ec;
        std::size_t n = 0;
        const auto wanted = std::min(room.size(), handshake->wanted());
        if (!e)
            n = co_await stream_->read_some(asio::mutable_buffer(room.data(), wanted), ec);
        if (ec == asio::error::eof)
            e = error(errc::proxy_failed, "it closed the connection");
        else if (ec)
            e = error(errc::proxy_failed, ec.message());
        if (e && !ended())
            co_return through_proxy(e, proxy);
        handshake->take_input({room.data(), n});
    }
    if (ended())
        co_return not_in_time("the proxy " + proxy.redacted());
    co_return handshake->failure();
}

asio::awaitable<error> dial_attempt::write_all(secret bytes) {
    std::string_view left = bytes.reveal();
    while (!left.empty()) {
        const asio::const_buffer all(left.data(), left.size());
        error_code ec;
        const std::size_t n = co_await stream_->write_some({&all, 1}, ec);
        if (ec)
            co_return error(errc::proxy_failed, ec.message());
        left.remove_prefix(n);
    }
    co_return error();
}

asio::awaitable<error> dial_attempt::connect_directly(const server_address& server,
                                                      const dial_options& options,
                                                      asio::any_io_executor user_executor) {
    endpoints addresses;
    enter(connect_phase::dns);
    error e = co_await resolve(server, options.resolver, std::move(user_executor), addresses);
    if (e)
        co_return e;
    ip_order order = options.order;
    if (options.socket.local)
        (void)restrict_to_family(order, options.socket.local->address());
    arrange_addresses(addresses, order, options.random);
    if (addresses.empty())
        co_return none_left(server.host(), order);
    enter(connect_phase::tcp);
    for (std::size_t i = 0; i != addresses.size() && !ended(); ++i) {
        const auto now = time_.now();
        const auto left = static_cast<clock::rep>(addresses.size() - i);
        error outcome =
            co_await connect_one(addresses[i], options.socket, now + (deadline_ - now) / left);
        if (!outcome)
            co_return outcome;
        // A refusal says more than "too late" of another address.
        if (!e || e.code() == errc::timeout)
            e = outcome;
    }
    if (!e)
        e = not_in_time("connecting");
    co_return e;
}

asio::awaitable<error> dial_attempt::connect_one(tcp::endpoint to, const socket_settings& settings,
                                                 clock::time_point until) {
    struct result {
        error_code ec;
        bool done = false;
    };
    const auto r = std::make_shared<result>();
    auto tcp_made = std::make_unique<tcp_stream>(strand_);
    tcp::socket& socket = tcp_made->socket();
    replace_stream(std::move(tcp_made));
    if (recorder_ != nullptr)
        recorder_->address(to_text(to));
    if (error e = open_socket(socket, to, settings))
        co_return e;
    socket.async_connect(to, [r, self = shared_from_this()](const error_code& ec) {
        r->ec = ec;
        r->done = true;
        self->open_gate();
    });
    while (!r->done && !ended() && time_.now() < until)
        co_await wait_at_gate(until);
    const std::string where = to_text(to);
    if (!r->done) {
        stream_->close();
        co_return not_in_time("connecting to " + where);
    }
    if (r->ec)
        co_return to_error(r->ec, where);
    co_return finish_socket(socket, settings);
}

asio::awaitable<error> dial_attempt::make_stream(const stream_factory& factory,
                                                 transport_target target,
                                                 asio::any_io_executor user_executor) {
    enter(connect_phase::transport);
    target.deadline(deadline_).executor(strand_);
    std::unique_ptr<conats::stream> made;
    std::string failure = "it returned none";
    try {
        auto answer = factory(std::move(target));
        made = co_await await_user(std::move(user_executor), std::move(answer));
    } catch (...) {
        failure = thrown_text();
    }
    if (ended())
        co_return not_in_time("making the transport's stream");
    if (!made)
        co_return error(errc::connection_failed, "the transport's stream: " + failure);
    replace_stream(std::move(made));
    co_return error();
}

asio::awaitable<error> dial_attempt::resolve(const server_address& server,
                                             const host_resolver& resolver,
                                             asio::any_io_executor user_executor, endpoints& out) {
    error_code ec;
    const auto address = asio::ip::make_address(server.host(), ec);
    if (!ec) {
        out.emplace_back(address, server.port());
    } else if (equal_ignore_case(server.host(), "localhost")) {
        // RFC 6761: always loopback; Asio's resolver would start a thread for it.
        out.emplace_back(asio::ip::address_v4::loopback(), server.port());
        out.emplace_back(asio::ip::address_v6::loopback(), server.port());
    } else if (resolver) {
        error e = co_await resolve_by_user(server, resolver, user_executor, out);
        co_return e;
    } else {
        error e = co_await resolve_by_system(server, out);
        co_return e;
    }
    co_return error();
}

asio::awaitable<error> dial_attempt::resolve_by_system(const server_address& server,
                                                       endpoints& out) {
    struct lookup {
        explicit lookup(const asio::any_io_executor& ex) : resolver(ex) {}
        tcp::resolver resolver;
        tcp::resolver::results_type results;
        error_code ec;
        bool done = false;
    };
    const auto l = std::make_shared<lookup>(strand_);
    l->resolver.async_resolve(
        server.host(), std::to_string(server.port()), tcp::resolver::numeric_service,
        [l, self = shared_from_this()](const error_code& ec, tcp::resolver::results_type found) {
            l->ec = ec;
            l->results = std::move(found);
            l->done = true;
            self->open_gate();
        });
    while (!l->done && !ended())
        co_await wait_at_gate();
    if (!l->done) {
        // Else it would still be looked up, in the context's one thread for that, before the next.
        l->resolver.cancel();
        co_return not_in_time("resolving '" + server.host() + "'");
    }
    if (l->ec)
        co_return error(errc::host_not_found,
                        "cannot resolve '" + server.host() + "': " + l->ec.message());
    for (const auto& entry : l->results)
        out.push_back(entry.endpoint());
    co_return error();
}

asio::awaitable<error> dial_attempt::resolve_by_user(const server_address& server,
                                                     const host_resolver& resolver,
                                                     asio::any_io_executor user_executor,
                                                     endpoints& out) {
    std::string failure;
    try {
        auto answer = resolver(server.host());
        const auto texts = co_await await_user(user_executor, std::move(answer));
        for (const std::string& text : texts)
            out.emplace_back(asio::ip::make_address(text), server.port());
    } catch (...) {
        failure = thrown_text();
    }
    if (out.empty() && ended())
        co_return not_in_time("resolving '" + server.host() + "'");
    if (out.empty())
        co_return error(errc::host_not_found, "the resolver found no address of '" + server.host() +
                                                  "'" + (failure.empty() ? "" : ": " + failure));
    co_return error();
}

} // namespace impl
} // namespace v0
} // namespace conats
