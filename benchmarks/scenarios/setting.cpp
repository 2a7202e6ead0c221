// SPDX-License-Identifier: Apache-2.0
#include "scenarios/scenarios.hpp"

#include <conats/connect.hpp>
#include <conats/version.hpp>

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

std::uint64_t setting::done() const {
    std::uint64_t sum = 0;
    for (const std::uint64_t* number : watched_)
        sum += *number;
    return sum;
}

} // namespace bench
