// SPDX-License-Identifier: Apache-2.0
#include "macro/raw_process.hpp"
#include "macro/receive.hpp"
#include "macro/scenarios.hpp"

#include <conats/conats.hpp>

#include <boost/asio/this_coro.hpp>

#include <stdexcept>
#include <utility>

namespace bench {

namespace {

// Once the server knows every subscription. A raw server begins by itself then.
asio::awaitable<void> start_publisher(setting& s, raw_process& publisher) {
    for (const conats::client& nc : s.clients)
        co_await nc.flush();
    if (!s.wanted.direct)
        publisher.publish(s.wanted.server, setting::subject(0), s.wanted.size, s.wanted.count);
}

} // namespace

// Every subscription receives every message.
asio::awaitable<void> run_subscribe(setting& s, bench_result& result) {
    const auto executor = co_await asio::this_coro::executor;
    receipts all(executor, s.wanted.count * s.clients.size() * s.wanted.subscriptions, s.bar);
    raw_process publisher;
    std::vector<asio::awaitable<void>> works;
    for (const conats::client& nc : s.clients)
        for (std::size_t i = 0; i != s.wanted.subscriptions; ++i)
            works.push_back(receive(nc, setting::subject(0), s.wanted.form, s.wanted.count, all));
    works.push_back(start_publisher(s, publisher));
    co_await together(std::move(works));
    if (all.bytes() != all.count() * s.wanted.size)
        throw std::runtime_error("received payloads of the wrong size");
    result.messages = all.count();
    bench_set_span(&result, all.first(), all.last());
}

} // namespace bench
