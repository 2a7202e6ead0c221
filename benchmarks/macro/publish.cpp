// SPDX-License-Identifier: Apache-2.0
#include "macro/scenarios.hpp"
#include "macro/together.hpp"

#include <conats/conats.hpp>

#include <chrono>
#include <utility>

namespace bench {

namespace {

// Every so many messages the caller of try_publish waits for room, as publish would do.
constexpr std::uint64_t burst = 256;

asio::awaitable<void> by_publish(conats::client nc, std::string subject, std::string payload,
                                 std::uint64_t count, progress* bar) {
    for (std::uint64_t i = 0; i != count; ++i) {
        co_await nc.publish(subject, payload);
        if (bar != nullptr)
            bar->add();
    }
}

asio::awaitable<void> by_try_publish(conats::client nc, std::string subject, std::string payload,
                                     std::uint64_t count, progress* bar) {
    for (std::uint64_t i = 0; i != count; ++i) {
        if (i % burst == 0)
            co_await nc.publish(subject, payload);
        else if (auto e = nc.try_publish(subject, payload))
            throw conats::system_error(e);
        if (bar != nullptr)
            bar->add();
    }
}

asio::awaitable<void> publish_and_flush(setting& s, std::size_t client, std::uint64_t count) {
    const conats::client nc = s.clients[client];
    co_await publish_all(nc, setting::subject(client), s.wanted.form, s.wanted.size, count, &s.bar);
    co_await nc.flush(std::chrono::minutes(1));
}

} // namespace

asio::awaitable<void> publish_all(conats::client nc, std::string subject, std::string form,
                                  std::size_t size, std::uint64_t count, progress* bar) {
    std::string payload(size, 'p');
    if (form == "try_publish")
        return by_try_publish(std::move(nc), std::move(subject), std::move(payload), count, bar);
    return by_publish(std::move(nc), std::move(subject), std::move(payload), count, bar);
}

asio::awaitable<void> run_publish(setting& s, bench_result& result) {
    std::vector<asio::awaitable<void>> works;
    for (std::size_t i = 0; i != s.clients.size(); ++i)
        works.push_back(publish_and_flush(s, i, share(s.wanted.count, i, s.clients.size())));
    const bench_mark first = bench_now();
    co_await together(std::move(works));
    bench_set_span(&result, first, bench_now());
    result.messages = s.wanted.count;
}

} // namespace bench
