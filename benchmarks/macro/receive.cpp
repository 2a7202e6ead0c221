// SPDX-License-Identifier: Apache-2.0
#include "macro/receive.hpp"

#include <conats/conats.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace bench {

namespace {

constexpr std::size_t batch_size = 256;

// Nothing is to be dropped, however far the consumer is behind.
conats::subscribe_options unlimited() {
    conats::subscribe_options o;
    o.pending_limits(0, 0);
    return o;
}

[[noreturn]] void ended_early(const conats::subscription& sub) {
    throw conats::system_error(sub.end_reason());
}

asio::awaitable<void> by_next(conats::subscription sub, std::uint64_t count, receipts& to) {
    for (std::uint64_t i = 0; i != count; ++i) {
        const auto m = co_await sub.next();
        if (!m)
            ended_early(sub);
        to.add(*m);
    }
}

asio::awaitable<void> by_try_next(conats::subscription sub, std::uint64_t count, receipts& to) {
    for (std::uint64_t i = 0; i != count;) {
        co_await sub.wait();
        std::uint64_t taken = 0;
        while (const auto m = sub.try_next()) {
            to.add(*m);
            ++taken;
        }
        if (taken == 0)
            ended_early(sub);
        i += taken;
    }
}

asio::awaitable<void> by_next_batch(conats::subscription sub, std::uint64_t count, receipts& to) {
    std::vector<conats::message> batch;
    for (std::uint64_t i = 0; i < count; i += batch.size()) {
        batch.clear();
        if (co_await sub.next_batch(batch, batch_size) == 0)
            ended_early(sub);
        for (const conats::message& m : batch)
            to.add(m);
    }
}

asio::awaitable<void> by_handler(conats::subscription /*kept*/, receipts& to) {
    co_await to.complete();
}

} // namespace

asio::awaitable<void> receive(const conats::client& nc, const std::string& subject,
                              const std::string& form, std::uint64_t count, receipts& to) {
    if (form == "handler")
        return by_handler(
            nc.on(subject, [&to](const conats::message& m) { to.add(m); }, unlimited()), to);
    if (form == "awaiting_handler") {
        const auto handler = [&to](conats::message m) -> asio::awaitable<void> {
            to.add(m);
            co_return;
        };
        return by_handler(nc.on(subject, handler, unlimited()), to);
    }
    conats::subscription sub(nc, subject, unlimited());
    if (form == "try_next")
        return by_try_next(std::move(sub), count, to);
    if (form == "next_batch")
        return by_next_batch(std::move(sub), count, to);
    return by_next(std::move(sub), count, to);
}

} // namespace bench
