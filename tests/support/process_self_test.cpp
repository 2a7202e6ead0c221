// SPDX-License-Identifier: Apache-2.0

// The helpers that watch the process and run coroutines, tested without the library.

#include "support/allocation_counter.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/process.hpp"
#include "support/run.hpp"
#include "support/thrown.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

namespace {

/// Makes the compiler take this memory for read.
void keep(const void* memory) {
    asm volatile("" : : "r"(memory) : "memory");
}

asio::awaitable<int> add(int a, int b) {
    co_return a + b;
}

asio::awaitable<void> add_nothing() {
    co_return;
}

asio::awaitable<void> wait_for_ever() {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, std::chrono::steady_clock::time_point::max());
    co_await timer.async_wait(asio::use_awaitable);
}

/// The text of what a call throws.
bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("support: allocations are counted") {
    if (!allocation_counter::available())
        skip_test("a sanitizer owns malloc");
    allocation_counter counter;
    allocation_counter own(allocation_counter::scope::thread);
    int* volatile number = new int(1);
    delete number;
    CHECK(counter.count() == 1);
    own.restart();
    void* volatile blocks[] = {std::malloc(10), std::calloc(2, 10), std::aligned_alloc(64, 64),
                               std::malloc(30)};
    void* aligned = nullptr;
    CHECK(::posix_memalign(&aligned, 64, 100) == 0);
    void* const grown = std::realloc(blocks[3], 50);
    const auto count = own.count();
    const auto bytes = own.bytes();
    for (int i = 0; i < 3; ++i)
        std::free(blocks[i]);
    std::free(aligned);
    std::free(grown);
    CHECK(count >= 6);
    CHECK(bytes >= 10 + 20 + 64 + 30 + 100 + 50);
}

TEST_CASE("support: allocations of other threads are told apart") {
    if (!allocation_counter::available())
        skip_test("a sanitizer owns malloc");
    std::atomic<int> step{0};
    const auto wait_for_step = [&](int number) {
        while (step != number)
            std::this_thread::yield();
    };
    std::thread other([&] {
        wait_for_step(1);
        delete new std::string(100, 'x');
        ignore_thread_allocations();
        delete new std::string(100, 'x');
        step = 2;
    });
    allocation_counter all;
    allocation_counter own(allocation_counter::scope::thread);
    step = 1;
    wait_for_step(2);
    const auto count = all.count();
    const auto own_count = own.count();
    {
        const allocation_pause pause;
        delete new std::string(100, 'x');
    }
    const auto paused = own.count();
    other.join();
    CHECK(count == 2);
    CHECK(own_count == 0);
    CHECK(paused == 0);
}

TEST_CASE("support: coroutine frames are counted") {
    if (!allocation_counter::available())
        skip_test("a sanitizer owns malloc");
    allocation_counter counter;
    { auto unused = add(1, 2); }
    const auto first = counter.count();
    CHECK(first <= 1); // Asio may recycle
    const auto sum = run(add(1, 2));
    CHECK(counter.count() > first);
    CHECK(sum == 3);
}

TEST_CASE("support: descriptors, threads and memory of the process") {
    std::jthread([] {}).join(); // with the first thread ThreadSanitizer starts one of its own
    const auto descriptors = open_descriptors();
    const auto threads = running_threads();
    {
        boost::asio::io_context context;
        tcp::acceptor acceptor(context, tcp::endpoint(tcp::v4(), 0));
        CHECK(open_descriptors() > descriptors);
    }
    CHECK(open_descriptors() == descriptors);
    {
        std::atomic<bool> stop{false};
        std::jthread thread([&] { stop.wait(false); });
        CHECK(running_threads() == threads + 1);
        stop = true;
        stop.notify_all();
    }
    CHECK(eventually([&] { return running_threads() == threads; }));
    CHECK(resident_bytes() > 1 << 20);
}

TEST_CASE("support: a secret is found in memory where it is in plain") {
    const masked_secret secret(40);
    CHECK(find_in_memory(secret).empty());
    auto text = std::make_unique<std::string>(secret.reveal());
    auto found = find_in_memory(secret);
    REQUIRE(found.size() == 1);
    CHECK(found[0] == reinterpret_cast<std::uintptr_t>(text->data()));

    static char global[64];
    text->copy(global, text->size());
    std::vector<char> large(5 << 20);
    text->copy(large.data() + (3 << 20) - 7, text->size());
    keep(global);
    keep(large.data());
    const auto copies = find_in_memory(secret).size();
    CHECK(copies == 3);
    std::fill(std::begin(global), std::end(global), '\0');
    std::fill(large.begin(), large.end(), '\0');
    keep(global);
    keep(large.data());
    wipe(*text);
    CHECK(find_in_memory(secret).empty());
}

TEST_CASE("support: run returns, throws and times out") {
    CHECK(run(add(1, 2)) == 3);
    CHECK(run([]() -> asio::awaitable<std::unique_ptr<int>> {
              co_return std::make_unique<int>(4);
          }) != nullptr);
    run([](asio::io_context& context) -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        if (executor != context.get_executor())
            throw std::logic_error("another executor");
    });
    const auto fails = []() -> asio::awaitable<void> {
        throw std::runtime_error("mine");
        co_return;
    };
    CHECK(text_of_thrown([&] { run(fails); }) == "mine");
    CHECK(contains(text_of_thrown([&] { run(wait_for_ever(), 10ms); }),
                   "run returns, throws and times out"));
    const auto leaves_work = [](asio::io_context& context) -> asio::awaitable<void> {
        asio::co_spawn(context, wait_for_ever(), [](const std::exception_ptr&) {});
        co_return;
    };
    CHECK(contains(text_of_thrown([&] { run(leaves_work, 10ms); }), "work left in the io_context"));
    const auto spawned_fails = [&](asio::io_context& context) -> asio::awaitable<void> {
        const auto rethrow = [](const std::exception_ptr& failure) {
            std::rethrow_exception(failure);
        };
        asio::co_spawn(context, fails, rethrow);
        co_await wait_for_ever();
    };
    CHECK(text_of_thrown([&] { run(spawned_fails); }) == "mine");
}

TEST_CASE("support: run_on_threads uses its threads") {
    std::atomic<int> together{0};
    const auto meet = [&]() -> asio::awaitable<void> {
        const deadline end(10s);
        ++together;
        while (together < 3 && !end.passed())
            std::this_thread::yield();
        co_return;
    };
    std::vector<asio::awaitable<void>> works;
    for (int i = 0; i < 3; ++i)
        works.push_back(meet());
    run_on_threads(3, std::move(works));
    CHECK(together == 3);
    CHECK(run_on_threads(2, add(3, 4)) == 7);
    const auto fails = []() -> asio::awaitable<int> {
        throw std::runtime_error("mine");
        co_return 1;
    };
    CHECK(text_of_thrown([&] { run_on_threads(4, fails); }) == "mine");
}

TEST_CASE("support: with_timeout and async_eventually") {
    const auto in_time = []() -> asio::awaitable<int> {
        const int sum = co_await with_timeout(add(1, 2), 5s);
        co_await with_timeout(add_nothing(), 5s);
        co_return sum;
    };
    CHECK(run(in_time) == 3);
    const auto late = []() -> asio::awaitable<void> {
        co_await with_timeout(wait_for_ever(), 5ms);
    };
    CHECK_THROWS_AS(run(late), timed_out);
    const auto fails = []() -> asio::awaitable<int> {
        throw std::runtime_error("mine");
        co_return 1;
    };
    const auto failing = [&]() -> asio::awaitable<void> { co_await with_timeout(fails(), 5s); };
    CHECK(text_of_thrown([&] { run(failing); }) == "mine");
    const auto polls = []() -> asio::awaitable<bool> {
        auto executor = co_await asio::this_coro::executor;
        bool posted = false;
        asio::post(executor, [&] { posted = true; });
        co_return co_await async_eventually([&] { return posted; });
    };
    CHECK(run(polls));
}
