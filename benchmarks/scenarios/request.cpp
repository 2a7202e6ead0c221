// SPDX-License-Identifier: Apache-2.0
#include "scenarios/scenarios.hpp"
#include "scenarios/together.hpp"

#include <conats/conats.hpp>

#include <algorithm>
#include <chrono>
#include <span>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

asio::awaitable<void> call(conats::client nc, const setting& s, std::uint64_t& done,
                           std::span<std::uint32_t> nanoseconds) {
    const std::string subject = s.subject(0);
    const std::string payload(s.wanted.size, 'p');
    for (std::uint32_t& took : nanoseconds) {
        const std::uint64_t began = bench_nanoseconds();
        const auto reply = co_await nc.request(subject, payload);
        took = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(bench_nanoseconds() - began, UINT32_MAX));
        ++done;
        if (reply.text().size() != payload.size() && !s.wanted.any_size)
            throw std::runtime_error("a reply of the wrong size");
    }
}

} // namespace

// The callers share the connections evenly.
asio::awaitable<void> run_request(setting& s, bench_result& result) {
    std::vector<std::uint32_t> nanoseconds(s.wanted.count);
    std::span<std::uint32_t> rest(nanoseconds);
    std::vector<work> works;
    for (std::size_t i = 0; i != s.wanted.concurrent; ++i) {
        const auto own = rest.first(share(s.wanted.count, i, s.wanted.concurrent));
        rest = rest.subspan(own.size());
        std::uint64_t& done = s.new_counter();
        s.watch(done);
        works.push_back({s.place(), call(s.clients[i % s.clients.size()], s, done, own)});
    }
    const bench_mark first = bench_now();
    co_await together(s, std::move(works));
    bench_set_span(&result, first, bench_now());
    bench_set_latencies(&result, nanoseconds.data(), nanoseconds.size());
    result.messages = s.wanted.count;
}

// As many under way as `concurrent` says; each read of replies is answered with as many requests.
asio::awaitable<void> run_pipeline(setting& s, bench_result& result) {
    const conats::client nc = s.clients.front();
    const std::string inbox = nc.new_inbox();
    conats::publish_options with_reply;
    with_reply.reply(inbox);
    const std::string subject = s.subject(0);
    const std::string payload(s.wanted.size, 'p');
    conats::subscription replies(nc, inbox);
    std::vector<conats::message> batch;
    std::uint64_t asked = 0;
    const auto first = bench_now();
    for (std::uint64_t answered = 0; answered != s.wanted.count; answered += batch.size()) {
        for (; asked != s.wanted.count && asked - answered != s.wanted.concurrent; ++asked)
            co_await nc.publish(subject, payload, with_reply);
        batch.clear();
        if (co_await replies.next_batch(batch, s.wanted.concurrent) == 0)
            throw conats::system_error(replies.end_reason());
    }
    bench_set_span(&result, first, bench_now());
    result.messages = s.wanted.count;
}

} // namespace bench
