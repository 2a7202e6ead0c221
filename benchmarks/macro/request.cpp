// SPDX-License-Identifier: Apache-2.0
#include "macro/raw_process.hpp"
#include "macro/scenarios.hpp"
#include "macro/together.hpp"

#include <conats/conats.hpp>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

using steady = std::chrono::steady_clock;

asio::awaitable<void> call(conats::client nc, std::string subject, std::size_t size,
                           std::uint64_t count, progress& bar,
                           std::vector<std::uint32_t>& nanoseconds) {
    const std::string payload(size, 'p');
    for (std::uint64_t i = 0; i != count; ++i) {
        const auto began = steady::now();
        const auto reply = co_await nc.request(subject, payload);
        const auto took = steady::now() - began;
        if (reply.text().size() != size)
            throw std::runtime_error("a reply of the wrong size");
        nanoseconds.push_back(
            static_cast<std::uint32_t>(std::min<steady::rep>(took.count(), UINT32_MAX)));
        bar.add();
    }
}

} // namespace

// The callers share the connections evenly.
asio::awaitable<void> run_request(setting& s, bench_result& result) {
    raw_process responder;
    responder.respond(s.wanted.server, setting::subject(0));
    std::vector<std::uint32_t> nanoseconds;
    nanoseconds.reserve(s.wanted.count);
    std::vector<asio::awaitable<void>> works;
    for (std::size_t i = 0; i != s.wanted.concurrent; ++i)
        works.push_back(call(s.clients[i % s.clients.size()], setting::subject(0), s.wanted.size,
                             share(s.wanted.count, i, s.wanted.concurrent), s.bar, nanoseconds));
    const bench_mark first = bench_now();
    co_await together(std::move(works));
    bench_set_span(&result, first, bench_now());
    bench_set_latencies(&result, nanoseconds.data(), nanoseconds.size());
    result.messages = s.wanted.count;
}

} // namespace bench
