// SPDX-License-Identifier: Apache-2.0
#include "scenarios/receive.hpp"
#include "scenarios/scenarios.hpp"

#include <conats/conats.hpp>

#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bench {

namespace {

// Freed pages are not given back, so a warm-up would hide what comes after it.
struct memory {
    std::uint64_t before = bench_rss_kib();

    void report(bench_result& result, std::uint64_t count) const {
        result.messages = count;
        result.bytes_each =
            static_cast<double>((bench_rss_kib() - before) * 1024) / static_cast<double>(count);
    }
};

std::string name_of(std::size_t i) {
    return "orders." + std::to_string(i);
}

} // namespace

// All subscriptions in one tally: how fast the client finds them is what is measured.
asio::awaitable<void> run_random(setting& s, bench_result& result) {
    const conats::client nc = s.clients.front();
    gate done(co_await asio::this_coro::executor);
    tally all;
    const std::uint64_t count = s.wanted.count;
    const auto handler = [&](const conats::message& m) {
        if (all.add(m, count))
            done.open();
    };
    std::vector<conats::subscription> subs;
    subs.reserve(s.wanted.subscriptions);
    for (std::size_t i = 0; i != s.wanted.subscriptions; ++i) {
        subs.push_back(nc.on(name_of(i), handler));
        if (i % 1000 == 0)
            co_await nc.flush(std::chrono::minutes(1));
    }
    // Every flush has the source look whether it is to begin; this message says so.
    co_await nc.publish("begin", "");
    co_await nc.flush(std::chrono::minutes(1));
    co_await done.wait();
    result.messages = all.count();
    bench_set_span(&result, all.first(), all.last());
}

namespace {

asio::awaitable<void> keep_connections(setting& s, bench_result& result) {
    s.clients.reserve(s.wanted.count + 1);
    const memory used;
    for (std::uint64_t i = 0; i != s.wanted.count; ++i)
        s.clients.push_back(co_await s.connect());
    used.report(result, s.wanted.count);
}

asio::awaitable<void> keep_subscriptions(setting& s, bench_result& result) {
    const conats::client nc = s.clients.front();
    const bool handlers = s.wanted.form == "handlers";
    std::vector<conats::subscription> subs(s.wanted.count);
    const memory used;
    for (std::uint64_t i = 0; i != s.wanted.count; ++i) {
        subs[i] = handlers ? nc.on(name_of(i), [](const conats::message&) {})
                           : conats::subscription(nc, name_of(i));
        if (i % 1000 == 0)
            co_await nc.flush(std::chrono::minutes(1));
    }
    co_await nc.flush(std::chrono::minutes(1));
    used.report(result, s.wanted.count);
}

// Whoever publishes has them in its outbox and in the server as well, but not all at once.
asio::awaitable<void> keep_messages(setting& s, bench_result& result) {
    const conats::client nc = s.clients.front();
    conats::subscribe_options unlimited;
    unlimited.pending_limits(0, 0);
    const conats::subscription sub(nc, "queued", unlimited);
    const std::string payload(s.wanted.size, 'x');
    const memory used;
    for (std::uint64_t i = 0; i != s.wanted.count; ++i) {
        co_await nc.publish("queued", payload);
        if (i % 1000 == 0)
            co_await nc.flush(std::chrono::minutes(1));
    }
    co_await nc.flush(std::chrono::minutes(1));
    used.report(result, s.wanted.count);
    if (sub.statistics().pending_messages != s.wanted.count)
        throw std::runtime_error("not all messages are in the queue");
}

} // namespace

asio::awaitable<void> run_memory(setting& s, bench_result& result) {
    const bench_mark first = bench_now();
    if (s.wanted.form == "connections")
        co_await keep_connections(s, result);
    else if (s.wanted.form == "messages")
        co_await keep_messages(s, result);
    else
        co_await keep_subscriptions(s, result);
    bench_set_span(&result, first, bench_now());
}

} // namespace bench
