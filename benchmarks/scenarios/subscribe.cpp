// SPDX-License-Identifier: Apache-2.0
#include "scenarios/receive.hpp"
#include "scenarios/scenarios.hpp"

#include <conats/conats.hpp>

#include <chrono>
#include <utility>

namespace bench {

namespace {

// Once the servers know every subscription, another program may publish.
asio::awaitable<void> say_ready(setting& s) {
    for (const conats::client& nc : s.clients)
        co_await nc.flush(std::chrono::minutes(1));
    s.on_ready();
}

} // namespace

// Every subscription receives every message.
asio::awaitable<void> run_subscribe(setting& s, bench_result& result) {
    consumers all(s);
    std::vector<work> works;
    for (const conats::client& nc : s.clients)
        for (std::size_t i = 0; i != s.wanted.subscriptions; ++i)
            all.add(nc, s.subject(0), s.wanted.count, works);
    works.push_back({s.place(), say_ready(s)});
    co_await together(s, std::move(works));
    all.report(result);
}

// Every connection receives what it has published itself.
asio::awaitable<void> run_publish_subscribe(setting& s, bench_result& result) {
    consumers all(s);
    std::vector<work> works;
    for (std::size_t i = 0; i != s.clients.size(); ++i) {
        const std::uint64_t count = share(s.wanted.count, i, s.clients.size());
        if (count == 0)
            break; // there are fewer messages than clients
        all.add(s.clients[i], s.subject(i), count, works);
        works.push_back({s.place(), publish_all(s.wanted, s.clients[i], s.subject(i), "publish",
                                                count, s.new_counter())});
    }
    for (const conats::client& nc : s.clients)
        co_await nc.flush();
    const bench_mark first = bench_now();
    co_await together(s, std::move(works));
    all.report(result, first);
}

} // namespace bench
