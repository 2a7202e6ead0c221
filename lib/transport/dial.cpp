// SPDX-License-Identifier: Apache-2.0
#include "transport/dial.hpp"

#include "support/ascii.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>

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
    return error(errc::connection_failed, where + ": " + ec.message());
}

error not_in_time(const std::string& what) {
    return error(errc::timeout, what + " took longer than the connect timeout");
}

void shuffle(std::vector<tcp::endpoint>& addresses, const std::function<std::uint64_t()>& random) {
    for (std::size_t left = addresses.size(); left > 1; --left)
        std::swap(addresses[left - 1], addresses[static_cast<std::size_t>(random() % left)]);
}

} // namespace

dial_attempt::dial_attempt(const asio::any_io_executor& strand, std::shared_ptr<const void> owner)
    : owner_(std::move(owner)),
      strand_(strand),
      deadline_timer_(strand),
      gate_(strand) {}

void dial_attempt::start(clock::time_point deadline) {
    deadline_ = deadline;
    deadline_timer_.expires_at(deadline);
    deadline_timer_.async_wait([self = shared_from_this()](const error_code& ec) {
        if (ec)
            return;
        self->expired_ = true;
        self->end();
    });
}

void dial_attempt::finish() {
    deadline_timer_.cancel();
}

void dial_attempt::stop() {
    stopped_ = true;
    deadline_timer_.cancel();
    end();
}

void dial_attempt::end() {
    if (stream_)
        stream_->close();
    open_gate();
}

asio::awaitable<void> dial_attempt::wait_at_gate(clock::time_point until) {
    gate_.expires_at(until);
    co_await gate_.async_wait(asio::as_tuple(asio::deferred));
}

asio::awaitable<error> dial_attempt::connect(const server_address& server,
                                             const host_resolver& resolver,
                                             asio::any_io_executor user_executor,
                                             std::function<std::uint64_t()> random) {
    endpoints addresses;
    error e = co_await resolve(server, resolver, user_executor, addresses);
    if (e)
        co_return e;
    if (random)
        shuffle(addresses, random);
    for (std::size_t i = 0; i != addresses.size() && !ended(); ++i) {
        const auto now = clock::now();
        const auto left = static_cast<clock::rep>(addresses.size() - i);
        error outcome = co_await connect_one(addresses[i], now + (deadline_ - now) / left);
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

asio::awaitable<error> dial_attempt::connect_one(tcp::endpoint to, clock::time_point until) {
    struct result {
        error_code ec;
        bool done = false;
    };
    const auto r = std::make_shared<result>();
    auto made = std::make_unique<tcp_stream>(strand_);
    tcp::socket& socket = made->socket();
    stream_ = std::move(made);
    socket.async_connect(to, [r, self = shared_from_this()](const error_code& ec) {
        r->ec = ec;
        r->done = true;
        self->open_gate();
    });
    while (!r->done && !ended() && clock::now() < until)
        co_await wait_at_gate(until);
    const std::string where = to_text(to);
    if (!r->done) {
        stream_->close();
        co_return not_in_time("connecting to " + where);
    }
    if (r->ec)
        co_return to_error(r->ec, where);
    error_code ignored;
    (void)socket.set_option(tcp::no_delay(true), ignored);
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
    if (!l->done)
        co_return not_in_time("resolving '" + server.host() + "'");
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
    } catch (const std::exception& e) {
        failure = e.what();
    } catch (...) {
        failure = "it threw something that is no std::exception";
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
