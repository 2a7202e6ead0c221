// SPDX-License-Identifier: Apache-2.0
// What an attempt to connect that fails costs in heap allocations, the thousandth as the first.
#include "integration/reconnect_fixture.hpp"
#include "support/allocation_counter.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstdint>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

asio::awaitable<void> fail(conats::event_stream& events, std::uint64_t times) {
    while (times > 0) {
        auto e = co_await events.next();
        if (e->kind() == conats::event_kind::connect_failed)
            times -= std::min(times, e->count());
    }
}

} // namespace

TEST_CASE("S58 each of a thousand failed attempts costs as many allocations") {
    if (!allocation_counter::available())
        skip_test("allocations cannot be counted here");
    nats_server server;
    run(
        [&]() -> asio::awaitable<void> {
            conats::connect_options o = fast(server.url());
            auto nc = co_await conats::connect(o.reconnect_wait(1ms).reconnect_jitter(0ms));
            auto sub = co_await nc.subscribe("a");
            auto events = nc.events();
            server.kill();
            co_await fail(events, 50);
            std::uint64_t counts[5];
            std::uint64_t bytes[5];
            allocation_counter counter;
            for (std::size_t i = 0; i != std::size(counts); ++i) {
                counter.restart();
                co_await fail(events, 200);
                counts[i] = counter.count();
                bytes[i] = counter.bytes();
            }
            std::cout << "a failed attempt: " << counts[4] / 200 << " allocations, "
                      << bytes[4] / 200 << " bytes\n";
            // How many events are taken at once varies a little, and with it theirs.
            CHECK(counts[4] < counts[0] * 11 / 10 + 200);
            CHECK(bytes[4] < bytes[0] * 11 / 10 + 20'000);
        },
        60s);
}
