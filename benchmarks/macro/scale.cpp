// SPDX-License-Identifier: Apache-2.0
#include "macro/receive.hpp"
#include "macro/scenarios.hpp"

#include <conats/conats.hpp>

#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <utility>

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

asio::awaitable<void> run_memory(setting& s, bench_result& result) {
    const bench_mark first = bench_now();
    if (s.wanted.form == "connections") {
        s.clients.reserve(s.wanted.count + 1);
        const memory used;
        for (std::uint64_t i = 0; i != s.wanted.count; ++i)
            s.clients.push_back(co_await s.connect());
        used.report(result, s.wanted.count);
    } else {
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
    bench_set_span(&result, first, bench_now());
}

} // namespace bench
