// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "integration/helpers.hpp"

#include <conats/conats.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace conats::test {

/// Reconnects fast, and for ever.
inline conats::connect_options fast(const std::string& url) {
    using namespace std::chrono_literals;
    conats::connect_options o(url);
    o.reconnect_wait(20ms).reconnect_jitter(5ms).max_reconnects(-1).connect_timeout(scaled(2s));
    return o;
}

inline asio::awaitable<bool> reaches(conats::client nc, conats::status s) {
    const bool there = co_await async_eventually([&] { return nc.status() == s; });
    co_return there;
}

/// Whether it has reconnected so many times and is connected.
inline asio::awaitable<bool> reconnects(conats::client nc, std::uint64_t times) {
    const bool there = co_await async_eventually([&] {
        return nc.statistics().reconnects == times && nc.status() == conats::status::connected;
    });
    co_return there;
}

inline asio::awaitable<void> pause(duration span) {
    asio::steady_timer timer(co_await asio::this_coro::executor, span);
    co_await timer.async_wait(asio::use_awaitable);
}

/// The statuses among events, in words.
inline std::string statuses(const std::vector<conats::event>& all) {
    std::string text;
    for (const conats::event& e : all)
        if (e.kind() == conats::event_kind::status_changed)
            text.append(text.empty() ? "" : " ").append(conats::to_string(e.status()));
    return text;
}

/// How many attempts to connect failed.
inline std::uint64_t failed_attempts(const std::vector<conats::event>& all) {
    std::uint64_t n = 0;
    for (const conats::event& e : all)
        n += e.kind() == conats::event_kind::connect_failed ? e.count() : 0;
    return n;
}

} // namespace conats::test
