// SPDX-License-Identifier: Apache-2.0
// A million messages at a steady pace: what they cost in heap allocations and in memory.
#include "integration/helpers.hpp"
#include "support/allocation_counter.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"

#include <boost/asio/co_spawn.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t messages = sanitized ? 100'000 : 1'000'000;
constexpr std::uint32_t warm_up = messages / 10;
constexpr std::uint32_t in_all = warm_up + messages;

/// A message of 1 kB with a number at its begin.
class payload {
public:
    std::string_view numbered(std::uint32_t n) {
        std::memcpy(text_.data(), &n, sizeof n);
        return text_;
    }
    [[nodiscard]] static bool is(std::string_view text, std::uint32_t n) {
        std::uint32_t there = 0;
        if (text.size() == 1'000)
            std::memcpy(&there, text.data(), sizeof there);
        return text.size() == 1'000 && there == n && text.back() == 'x';
    }

private:
    std::string text_ = std::string(1'000, 'x');
};

/// What `messages` of them have cost behind the warm-up.
class cost {
public:
    void take() {
        allocations_ = counter_.count();
        blocks_ = live_blocks() - blocks_;
        memory_now_ = resident_bytes();
        took_ = std::chrono::steady_clock::now() - began_;
    }
    void check(std::string_view what) const {
        std::cout << messages << " messages of 1 kB " << what << " in " << took_.count()
                  << " s: " << allocations_ << " allocations, " << memory_ / 1024 << " KiB before, "
                  << memory_now_ / 1024 << " KiB after\n";
        INFO(what);
        if (allocation_counter::available()) {
            CHECK(allocations_ < messages / 1'000);
            CHECK(blocks_ < 100);
        }
        if (!sanitized) // which keep what is freed
            CHECK(memory_now_ < memory_ + (std::size_t{2} << 20U));
    }

private:
    std::size_t memory_ = resident_bytes();
    std::size_t memory_now_ = 0;
    std::int64_t blocks_ = live_blocks();
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::chrono::duration<double> took_{};
    std::uint64_t allocations_ = 0;
    allocation_counter counter_;
};

/// Publishes all from a thread and a client of its own, whose allocations do not count. It keeps
/// its distance to the reader, who tells how far he is: their queue stays short.
class publisher {
public:
    publisher(std::string url, const std::atomic<std::uint32_t>& taken)
        : thread_([url = std::move(url), &taken] {
              ignore_thread_allocations();
              run([&] { return publish(url, taken); }, 100s);
          }) {}
    publisher(const publisher&) = delete;
    publisher& operator=(const publisher&) = delete;
    ~publisher() { thread_.join(); }

private:
    static asio::awaitable<void> publish(std::string url, const std::atomic<std::uint32_t>& taken) {
        constexpr std::uint32_t distance = 2'000;
        auto nc = co_await conats::connect(url);
        payload text;
        for (std::uint32_t i = 0; i != in_all; ++i) {
            while (i - taken > distance)
                co_await turns(1);
            co_await nc.publish("load", text.numbered(i));
        }
        co_await nc.flush();
    }

    std::thread thread_;
};

asio::awaitable<void> count_reading(std::string url) {
    auto nc = co_await conats::connect(url);
    auto sub = co_await nc.subscribe("load");
    co_await nc.flush();
    std::uint32_t wrong = 0;
    std::atomic<std::uint32_t> taken{0};
    const publisher other(url, taken);
    const auto take = [&](std::uint32_t to) -> asio::awaitable<void> {
        while (taken != to) {
            const auto m = co_await sub.next();
            if (!m)
                throw std::runtime_error("the messages have ended");
            wrong += payload::is(m->text(), taken) ? 0 : 1;
            ++taken;
        }
    };
    co_await take(warm_up);
    cost reading;
    co_await take(in_all);
    reading.take();
    reading.check("taken");
    CHECK(wrong == 0);
    CHECK(sub.statistics().dropped == 0);
}

asio::awaitable<void> count_publishing(std::string url) {
    auto nc = co_await conats::connect(url);
    payload text;
    for (std::uint32_t i = 0; i != warm_up; ++i)
        co_await nc.publish("load", text.numbered(i));
    cost publishing;
    for (std::uint32_t i = 0; i != messages; ++i)
        co_await nc.publish("load", text.numbered(i));
    publishing.take();
    publishing.check("published");
    co_await nc.flush();
    CHECK(nc.statistics().out_messages == in_all);
}

/// As services run theirs: the tests' run() looks at the time between two handlers, and Asio then
/// begins each without the memory it keeps. CTest's timeout is the deadline.
void run_as_services_do(asio::awaitable<void> work) {
    asio::io_context context(1);
    std::exception_ptr failure;
    asio::co_spawn(context, std::move(work), [&](const std::exception_ptr& e) { failure = e; });
    context.run();
    if (failure)
        std::rethrow_exception(failure);
}

} // namespace

TEST_CASE("S128 a million messages of 1 kB allocate nothing and hold no memory") {
    nats_server server;
    SECTION("published") {
        run_as_services_do(count_publishing(server.url()));
    }
    SECTION("taken") {
        run_as_services_do(count_reading(server.url()));
    }
}
