// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/timing.hpp"

#include <conats/conats.hpp>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>

namespace conats::test {

/// Whether the client comes to hold no buffer, at the latest some answers from now.
inline asio::awaitable<bool> holds_nothing(const conats::client& nc) {
    for (int i = 0; i != 5; ++i) {
        co_await nc.flush();
        if (nc.statistics().pinned_bytes == 0)
            co_return true;
    }
    co_return false;
}

inline std::string numbers(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i != size; ++i)
        text[i] = static_cast<char>('a' + i * i % 23);
    return text;
}

/// From silence to messages of all sizes and back.
inline asio::awaitable<void> idle_suite(conats::client nc) {
    using namespace std::chrono_literals;
    static constexpr std::array<std::size_t, 5> sizes = {0, 10, 70'000, 130'000, 400'000};
    bool idle = co_await holds_nothing(nc);
    CHECK(idle);
    auto sub = co_await nc.subscribe("a");
    for (const std::size_t size : sizes) {
        idle = co_await holds_nothing(nc);
        CHECK(idle);
        const std::string text = numbers(size);
        co_await nc.publish("a", text);
        co_await nc.publish("a", "behind");
        {
            const auto m = co_await sub.next(scaled(5s));
            if (!m)
                throw std::runtime_error("no message");
            CHECK(m->text() == text);
            CHECK(nc.statistics().pinned_bytes != 0);
            const auto next = co_await sub.next(scaled(5s));
            CHECK(next->text() == "behind");
            idle = co_await holds_nothing(nc);
            CHECK_FALSE(idle); // the messages do
            CHECK(m->text() == text);
        }
        idle = co_await holds_nothing(nc);
        CHECK(idle);
    }
    co_await nc.close();
}

} // namespace conats::test
