// SPDX-License-Identifier: Apache-2.0
#include "scenarios/scenarios.hpp"
#include "scenarios/together.hpp"

#include <conats/connect.hpp>
#include <conats/version.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <utility>

namespace bench {

bench_result describe(const options& o) {
    bench_result r{};
    r.client = "conats";
    r.version = CONATS_VERSION_STRING;
    r.scenario = o.scenario.c_str();
    r.form = o.form.c_str();
    r.size = o.size;
    r.connections = o.connections;
    r.subscriptions = o.subscriptions;
    r.concurrent = o.concurrent;
    r.headers = o.headers;
    return r;
}

setting::setting(const options& what, asio::io_context& ctx, conats::connect_options how)
    : wanted(what),
      context(ctx),
      how_(std::move(how)) {}

// On the context itself, whoever makes it: all threads serve it.
asio::awaitable<conats::client> setting::connect() const {
    return conats::connect(context.get_executor(), how_);
}

asio::any_io_executor setting::place() const {
    if (wanted.threads == 1)
        return context.get_executor();
    return asio::make_strand(context);
}

std::string setting::subject(std::size_t client) const {
    return wanted.one_subject ? wanted.subject : wanted.subject + '.' + std::to_string(client);
}

std::shared_ptr<gate> setting::new_gate(const asio::any_io_executor& where) {
    auto made = std::make_shared<gate>(where);
    gates_.push_back(made);
    if (failure_)
        made->open();
    return made;
}

void setting::fail(const std::exception_ptr& why) {
    if (failure_)
        return;
    failure_ = why;
    for (const conats::client& nc : clients)
        asio::co_spawn(context, nc.close(), asio::detached);
    for (const std::weak_ptr<gate>& each : gates_)
        if (const auto there = each.lock())
            asio::post(there->get_executor(), [there] { there->open(); });
}

std::uint64_t setting::done() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t* number : watched_)
        sum += *number;
    return sum;
}

} // namespace bench
