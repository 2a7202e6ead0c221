// SPDX-License-Identifier: Apache-2.0
#include "macro/receive.hpp"
#include "macro/scenarios.hpp"

#include <conats/conats.hpp>

#include <boost/asio/this_coro.hpp>

#include <utility>

namespace bench {

// Every connection receives what it has published itself.
asio::awaitable<void> run_publish_subscribe(setting& s, bench_result& result) {
    const auto executor = co_await asio::this_coro::executor;
    receipts all(executor, s.wanted.count, s.bar);
    std::vector<asio::awaitable<void>> works;
    for (std::size_t i = 0; i != s.clients.size(); ++i) {
        const conats::client& nc = s.clients[i];
        const std::uint64_t count = share(s.wanted.count, i, s.clients.size());
        works.push_back(receive(nc, setting::subject(i), s.wanted.form, count, all));
        works.push_back(
            publish_all(nc, setting::subject(i), "publish", s.wanted.size, count, nullptr));
    }
    for (const conats::client& nc : s.clients)
        co_await nc.flush();
    const bench_mark first = bench_now();
    co_await together(std::move(works));
    bench_set_span(&result, first, all.last());
    result.messages = all.count();
}

} // namespace bench
