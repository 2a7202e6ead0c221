// SPDX-License-Identifier: Apache-2.0
#include "session.hpp"

#include "exit_code.hpp"
#include "text.hpp"

#include <conats/connect.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>

#include <utility>

namespace tool {

asio::awaitable<conats::client> open_connection(conats::connect_options options) {
    conats::error e;
    conats::client nc = co_await conats::connect(std::move(options), e);
    if (e) {
        const bool wrong = e == conats::condition::invalid_use;
        throw failure(wrong ? bad_usage : no_connection, "cannot connect: " + advise(e));
    }
    co_return nc;
}

asio::awaitable<std::chrono::nanoseconds> round_trip(conats::client nc,
                                                     std::chrono::nanoseconds limit) {
    const auto sent = std::chrono::steady_clock::now();
    conats::error e;
    co_await nc.flush(limit, e);
    if (e)
        throw failure(code_of(e), advise(e));
    co_return std::chrono::steady_clock::now() - sent;
}

ending::ending(const asio::any_io_executor& executor) : timer_(executor) {}

void ending::reach(int code) {
    if (!reached())
        code_ = code;
    timer_.cancel();
}

void ending::reach(std::exception_ptr why) {
    if (!reached())
        why_ = std::move(why);
    timer_.cancel();
}

asio::awaitable<std::optional<int>> ending::wait(std::function<steady_time()> deadline) {
    while (!reached()) {
        const steady_time until = deadline ? deadline() : steady_time::max();
        if (until <= std::chrono::steady_clock::now())
            co_return std::optional<int>();
        timer_.expires_at(until);
        co_await timer_.async_wait(asio::as_tuple(asio::deferred));
    }
    if (why_)
        std::rethrow_exception(why_);
    co_return code_;
}

void tell(const conats::event& e, output& out) {
    using kind = conats::event_kind;
    const std::string what = printable(e.what().what(), false);
    switch (e.kind()) {
    case kind::status_changed:
        if (e.status() == conats::status::reconnecting)
            out.note("the connection is lost, connecting again: " + what);
        else if (e.status() == conats::status::connected)
            out.note("connected again");
        break;
    case kind::permission_denied:
    case kind::server_error:
    case kind::malformed_headers:
    case kind::publish_dropped: out.error(what); break;
    case kind::slow_consumer:
        out.error("messages come faster than they are taken, and are dropped: " + what);
        break;
    case kind::userinfo_ignored:
    case kind::tls_not_verified:
    case kind::lame_duck: out.note(what.empty() ? std::string(to_string(e.kind())) : what); break;
    default: break;
    }
}

std::exception_ptr fault_of_closing(const conats::event& e) {
    if (e.kind() != conats::event_kind::status_changed || e.status() != conats::status::closed)
        return nullptr;
    return std::make_exception_ptr(
        failure(no_connection, "the connection is closed: " + advise(e.what())));
}

namespace {

asio::awaitable<void> tell_all(conats::event_stream events, output& out, std::weak_ptr<ending> end,
                               bool refusals) {
    auto first = co_await events.next(); // the state of now
    while (auto e = co_await events.next()) {
        const auto waiting = end.lock();
        if (!waiting || waiting->reached())
            co_return;
        if (auto why = fault_of_closing(*e))
            waiting->reach(std::move(why));
        else if (refusals || !is_refusal(*e))
            tell(*e, out);
    }
}

} // namespace

bool is_refusal(const conats::event& e) {
    return e.kind() == conats::event_kind::permission_denied ||
           e.kind() == conats::event_kind::server_error ||
           e.kind() == conats::event_kind::publish_dropped;
}

void watch(const conats::client& nc, output& out, const std::shared_ptr<ending>& end,
           bool refusals) {
    const auto on_end = [](const std::exception_ptr& thrown) {
        if (thrown)
            std::rethrow_exception(thrown);
    };
    asio::co_spawn(nc.get_executor(), tell_all(nc.events(), out, end, refusals), on_end);
}

} // namespace tool
