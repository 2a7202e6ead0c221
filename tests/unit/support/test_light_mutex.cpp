// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/light_mutex.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

using conats::impl::light_mutex;

TEST_CASE("light_mutex: what it guards is seen whole by each of many threads") {
    light_mutex mutex;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    std::atomic<int> torn{0};
    constexpr std::uint64_t rounds = 50'000;
    std::vector<std::jthread> all;
    for (int i = 0; i != 4; ++i)
        all.emplace_back([&] {
            for (std::uint64_t r = 0; r != rounds; ++r) {
                const std::lock_guard lock(mutex);
                torn += a == b ? 0 : 1;
                ++a;
                if (r % 1000 == 0)
                    std::this_thread::yield(); // with the lock, so that others have to sleep
                ++b;
            }
        });
    all.clear();
    CHECK(torn == 0);
    CHECK(a == 4 * rounds);
    CHECK(b == 4 * rounds);
}

TEST_CASE("light_mutex: who sleeps is woken, one after the other") {
    light_mutex mutex;
    std::atomic<int> passed{0};
    std::vector<std::jthread> all;
    {
        const std::lock_guard lock(mutex);
        for (int i = 0; i != 8; ++i)
            all.emplace_back([&] {
                const std::lock_guard mine(mutex);
                ++passed;
            });
        while (!mutex.is_awaited())
            std::this_thread::yield();
        CHECK(passed == 0);
    }
    all.clear(); // joins
    CHECK(passed == 8);
    CHECK_FALSE(mutex.is_awaited());
}

TEST_CASE("light_mutex: what one thread takes alone, another that began meanwhile waits for") {
    light_mutex mutex;
    bool released = false;
    bool seen = false;
    std::jthread other;
    {
        const std::lock_guard lock(mutex); // perhaps while there is no other thread
        other = std::jthread([&] {
            const std::lock_guard mine(mutex);
            seen = released;
        });
        while (!mutex.is_awaited())
            std::this_thread::yield();
        released = true;
    }
    other.join();
    CHECK(seen);
}
