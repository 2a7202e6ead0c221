// SPDX-License-Identifier: Apache-2.0
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"

#include <conats/conats.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <iostream>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

// Of one processor, by attempts that follow each other within a millisecond. Measured: 0.09 where
// the build is optimised, 0.16 where it is not.
#if defined(__OPTIMIZE__)
constexpr double most_cpu = 0.2;
#else
constexpr double most_cpu = 0.4;
#endif

asio::awaitable<void> fail(conats::event_stream& events, std::uint64_t times) {
    while (times > 0) {
        auto e = co_await events.next();
        if (e->kind() == conats::event_kind::connect_failed)
            times -= std::min(times, e->count());
    }
}

} // namespace

TEST_CASE("S58 a thousand attempts that fail leave memory and descriptors as they were") {
    nats_server server;
    run(
        [&]() -> asio::awaitable<void> {
            conats::connect_options o = fast(server.url());
            auto nc = co_await conats::connect(o.reconnect_wait(1ms).reconnect_jitter(0ms));
            auto sub = co_await nc.subscribe("a");
            auto events = nc.events();
            server.kill();
            co_await fail(events, 200);
            const std::size_t descriptors = open_descriptors();
            const std::size_t memory = resident_bytes();
            const auto begin = std::chrono::steady_clock::now();
            const std::clock_t used = std::clock();
            co_await fail(events, 1000);
            const double cpu =
                static_cast<double>(std::clock() - used) / static_cast<double>(CLOCKS_PER_SEC);
            const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
            // An attempt may be under way at either time.
            CHECK(open_descriptors() <= descriptors + 1);
            const std::size_t now = resident_bytes();
            std::cout << "1000 failed attempts: " << cpu * 100 / took.count() << " % CPU, "
                      << took.count() << " s, " << memory / 1024 << " KiB before, " << now / 1024
                      << " KiB after\n";
            if (!sanitized) // they keep what is freed, and are slow
                CHECK(now < memory + (std::size_t{1} << 20U));
            if (!sanitized)
                CHECK(cpu / took.count() < most_cpu); // it waits between them, it does not spin
            server.start();
            (void)nc.force_reconnect();
            const bool back =
                co_await async_eventually([&] { return nc.status() == conats::status::connected; });
            CHECK(back);
        },
        60s);
}
