// SPDX-License-Identifier: Apache-2.0
#include "scenarios/receive.hpp"

#include <conats/conats.hpp>

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace bench {

namespace {

constexpr std::size_t batch_size = 256;

// Nothing is to be dropped, however far the consumer is behind.
conats::subscribe_options unlimited(const asio::any_io_executor& executor) {
    conats::subscribe_options o;
    o.pending_limits(0, 0).executor(executor);
    return o;
}

[[noreturn]] void ended_early(const conats::subscription& sub) {
    throw conats::system_error(sub.end_reason());
}

asio::awaitable<void> by_next(conats::subscription sub, std::uint64_t count, tally& to) {
    for (std::uint64_t i = 0; i != count; ++i) {
        const auto m = co_await sub.next();
        if (!m)
            ended_early(sub);
        to.add(*m, count);
    }
}

asio::awaitable<void> by_try_next(conats::subscription sub, std::uint64_t count, tally& to) {
    for (std::uint64_t i = 0; i != count;) {
        co_await sub.wait();
        std::uint64_t taken = 0;
        while (const auto m = sub.try_next()) {
            to.add(*m, count);
            ++taken;
        }
        if (taken == 0)
            ended_early(sub);
        i += taken;
    }
}

asio::awaitable<void> by_next_batch(conats::subscription sub, std::uint64_t count, tally& to) {
    std::vector<conats::message> batch;
    for (std::uint64_t i = 0; i < count; i += batch.size()) {
        batch.clear();
        if (co_await sub.next_batch(batch, batch_size) == 0)
            ended_early(sub);
        for (const conats::message& m : batch)
            to.add(m, count);
    }
}

asio::awaitable<void> until_complete(conats::subscription /*kept*/, std::shared_ptr<gate> done) {
    co_await done->wait();
}

asio::awaitable<void> receive(setting& s, const asio::any_io_executor& where,
                              const conats::client& nc, const std::string& subject,
                              std::uint64_t count, tally& to) {
    const std::string& form = s.wanted.form;
    if (form == "handler") {
        const auto done = s.new_gate(where);
        const auto handler = [&to, count, done = done.get()](const conats::message& m) {
            if (to.add(m, count))
                done->open();
        };
        return until_complete(nc.on(subject, handler, unlimited(where)), done);
    }
    if (form == "awaiting_handler") {
        const auto done = s.new_gate(where);
        const auto handler = [&to, count,
                              done = done.get()](conats::message m) -> asio::awaitable<void> {
            if (to.add(m, count))
                done->open();
            co_return;
        };
        return until_complete(nc.on(subject, handler, unlimited(where)), done);
    }
    conats::subscription sub(nc, subject, unlimited(where));
    if (form == "try_next")
        return by_try_next(std::move(sub), count, to);
    if (form == "next_batch")
        return by_next_batch(std::move(sub), count, to);
    return by_next(std::move(sub), count, to);
}

} // namespace

void consumers::add(const conats::client& nc, const std::string& subject, std::uint64_t count,
                    std::vector<work>& works) {
    const auto where = s_.place();
    works.push_back({where, receive(s_, where, nc, subject, count, tallies_.emplace_back())});
    s_.watch(tallies_.back().count());
}

void consumers::report(bench_result& result, bench_mark began) const {
    bench_mark last = tallies_.front().last();
    std::uint64_t bytes = 0;
    for (const tally& t : tallies_) {
        if (t.bytes() != t.count() * s_.wanted.size && !s_.wanted.any_size)
            throw std::runtime_error("received payloads of the wrong size");
        result.messages += t.count();
        bytes += t.bytes();
        if (t.last().time > last.time)
            last = t.last();
    }
    if (s_.wanted.any_size && result.messages != 0)
        result.size = bytes / result.messages;
    bench_set_span(&result, began, last);
}

void consumers::report(bench_result& result) const {
    const auto earlier = [](const tally& a, const tally& b) {
        return a.first().time < b.first().time;
    };
    report(result, std::min_element(tallies_.begin(), tallies_.end(), earlier)->first());
}

} // namespace bench
