// SPDX-License-Identifier: Apache-2.0
// What a message costs in heap allocations once buffers have grown, against a real server.
#include "integration/tls_fixture.hpp"
#include "support/allocation_counter.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/process.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>
#include <conats/observability.hpp>

#include <boost/asio/as_tuple.hpp>
#include <openssl/crypto.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

constexpr int many = 50'000;
constexpr std::string_view payload = "sixteen bytes...";

/// OpenSSL 3 takes 40 bytes from the heap for each step of a record: three when it writes one, one
/// when it reads one. That is its own; what we take beside it is to be seen.
void* openssl_malloc(std::size_t size, const char* /*file*/, int /*line*/) {
    const allocation_pause not_counted;
    return std::malloc(size);
}

void* openssl_realloc(void* block, std::size_t size, const char* /*file*/, int /*line*/) {
    const allocation_pause not_counted;
    return std::realloc(block, size);
}

void openssl_free(void* block, const char* /*file*/, int /*line*/) {
    std::free(block);
}

// Before anything of OpenSSL is used, else it refuses.
const bool openssl_is_not_counted =
    CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1;

void need_counter() {
    if (!allocation_counter::available())
        skip_test("allocations cannot be counted here");
}

asio::awaitable<void> publish_many(conats::client nc) {
    for (int i = 0; i != many; ++i)
        co_await nc.publish("load", payload);
}

/// What `many` messages have cost.
class cost {
public:
    explicit cost(const conats::client& nc) : client_(nc), began_(turns()) {}

    void take() {
        allocations_ = counter_.count();
        turns_ = turns() - began_;
        client_ = conats::client(); // it would keep the connection
    }

    /// A message allocates nothing. What remains is Asio's memory for operations, which it keeps
    /// between them, and buffers, both growing to what is needed.
    void check(std::string_view what, std::uint64_t most = many / 1000) const {
        INFO(what << ": " << allocations_ << " allocations in " << turns_ << " reads and writes of "
                  << many << " messages");
        CHECK(allocations_ <= 4 * turns_ + 8);
        CHECK(allocations_ < most);
    }

private:
    [[nodiscard]] std::uint64_t turns() const {
        const auto s = client_.statistics();
        return s.reads + s.writes;
    }

    conats::client client_;
    std::uint64_t began_;
    std::uint64_t allocations_ = 0;
    std::uint64_t turns_ = 0;
    allocation_counter counter_;
};

/// Runs a coroutine as services run theirs, by `io_context::run`. The tests' `run()` looks at the
/// time between two handlers, and Asio then begins each without the memory it keeps of those
/// before. CTest's timeout is its deadline.
void run_as_services_do(const std::function<asio::awaitable<void>(asio::io_context&)>& body) {
    asio::io_context context(1);
    std::exception_ptr failure;
    auto work = body(context);
    asio::co_spawn(context, std::move(work), [&](const std::exception_ptr& e) { failure = e; });
    context.run();
    if (failure)
        std::rethrow_exception(failure);
}

/// Takes messages until `many` have come.
using consumer = asio::awaitable<void> (*)(conats::subscription&);

asio::awaitable<void> take_by_next(conats::subscription& sub) {
    for (int i = 0; i != many; ++i) {
        const auto m = co_await sub.next();
        if (m->text() != payload)
            throw std::runtime_error("not what was published");
    }
}

asio::awaitable<void> take_by_try_next(conats::subscription& sub) {
    for (int i = 0; i != many;) {
        co_await sub.wait();
        while (const auto m = sub.try_next())
            ++i;
    }
}

asio::awaitable<void> take_by_next_batch(conats::subscription& sub) {
    std::vector<conats::message> batch;
    batch.reserve(256);
    for (int i = 0; i != many; i += static_cast<int>(batch.size())) {
        batch.clear();
        co_await sub.next_batch(batch, 256);
    }
}

/// Publishes `many` messages from a thread and a client of its own, whose allocations do not count.
class publisher {
public:
    explicit publisher(const conats::connect_options& options)
        : thread_([options] {
              ignore_thread_allocations();
              run([&]() -> asio::awaitable<void> {
                  auto nc = co_await conats::connect(options);
                  co_await publish_many(nc);
                  co_await nc.flush();
              });
          }) {}
    publisher(const publisher&) = delete;
    publisher& operator=(const publisher&) = delete;
    ~publisher() { thread_.join(); }

private:
    std::thread thread_;
};

/// Allocations of receiving, of the second of two equal rounds.
asio::awaitable<cost> count_loop(conats::connect_options options, consumer take) {
    auto nc = co_await conats::connect(options);
    auto sub = co_await nc.subscribe("load");
    co_await nc.flush();
    {
        const publisher first(options);
        co_await take(sub);
    }
    const publisher second(options);
    cost receiving(nc);
    co_await take(sub);
    receiving.take();
    co_return receiving;
}

/// Counts messages and lets somebody wait for the last of `many`.
class tally {
public:
    explicit tally(asio::io_context& context) : last_(context) {}

    void add(const conats::message& m) {
        if (m.text() == payload && ++count_ % many == 0)
            last_.cancel();
    }
    asio::awaitable<void> wait() {
        last_.expires_after(scaled(20s));
        const auto [failure] = co_await last_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (!failure)
            throw std::runtime_error("not every message was handled");
    }

private:
    asio::steady_timer last_;
    int count_ = 0;
};

void measure_loop(const nats_server& server, consumer take, std::string_view what) {
    run_as_services_do([&](asio::io_context&) -> asio::awaitable<void> {
        const auto receiving = co_await count_loop(server.url(), take);
        receiving.check(what);
    });
}

template <class Handler>
asio::awaitable<cost> count_handler(std::string url, tally& handled, Handler handler) {
    auto nc = co_await conats::connect(url);
    auto sub = nc.on("load", handler);
    co_await nc.flush();
    {
        const publisher first(url);
        co_await handled.wait();
    }
    const publisher second(url);
    cost receiving(nc);
    co_await handled.wait();
    receiving.take();
    co_return receiving;
}

} // namespace

TEST_CASE("Publishing allocates nothing for a message") {
    need_counter();
    nats_server server;
    run_as_services_do([&](asio::io_context&) -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        co_await publish_many(nc);
        cost all(nc);
        co_await publish_many(nc);
        all.take();
        all.check("publish");
        co_await nc.flush();
        co_await nc.publish("load", payload); // wakes the writer
        const allocation_counter counter;
        for (int i = 0; i != many / 50; ++i)
            co_await nc.publish("load", payload);
        CHECK(counter.count() == 0);
    });
}

TEST_CASE("L07 hooks that allocate nothing themselves cost no allocation for a message") {
    need_counter();
    nats_server server;
    conats::observed_operation shared; // held by nobody: no control block
    const std::shared_ptr<conats::observed_operation> operation(std::shared_ptr<void>(), &shared);
    conats::connect_options options(server.url());
    options.publish_hook([&](conats::outgoing_message& m) {
        m.set_header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        return operation;
    });
    options.delivery_hook([&](const conats::delivery&) { return operation; });
    run_as_services_do([&](asio::io_context&) -> asio::awaitable<void> {
        auto nc = co_await conats::connect(options);
        co_await publish_many(nc);
        cost all(nc);
        co_await publish_many(nc);
        all.take();
        all.check("publish with a hook");
        co_await nc.flush();
    });
    for (const consumer take : {take_by_next, take_by_try_next, take_by_next_batch})
        run_as_services_do([&](asio::io_context&) -> asio::awaitable<void> {
            const auto receiving = co_await count_loop(options, take);
            receiving.check("taking with a hook", many / 100); // with headers it is more reads
        });
}

TEST_CASE("Messages under TLS cost no allocation of ours either") {
    need_counter();
    REQUIRE(openssl_is_not_counted);
    const tls_files files;
    nats_server server(files.config());
    const auto options = with_tls(server.url(), files.trusting());
    SECTION("received") {
        run_as_services_do([&](asio::io_context&) -> asio::awaitable<void> {
            const auto receiving = co_await count_loop(options, take_by_next);
            receiving.check("next under TLS");
        });
    }
    SECTION("published") {
        run_as_services_do([&](asio::io_context&) -> asio::awaitable<void> {
            auto nc = co_await conats::connect(options);
            co_await publish_many(nc);
            cost all(nc);
            co_await publish_many(nc);
            all.take();
            all.check("publish under TLS");
            co_await nc.flush();
        });
    }
}

TEST_CASE("Publishing without waiting allocates nothing") {
    need_counter();
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        std::uint64_t allocations = 0;
        // The outbox has two buffers, and each grows once.
        for (int round = 0; round != 3; ++round) {
            nc.try_publish("load", payload); // wakes the writer
            const allocation_counter counter;
            for (int i = 0; i != many / 10; ++i)
                if (nc.try_publish("load", payload))
                    FAIL("refused");
            allocations = counter.count();
            co_await nc.flush();
        }
        CHECK(allocations == 0);
    });
}

TEST_CASE("C30 a received message is a view into the read buffer and costs no allocation") {
    need_counter();
    nats_server server;
    SECTION("views") {
        run([&]() -> asio::awaitable<void> {
            auto nc = co_await conats::connect(server.url());
            auto sub = co_await nc.subscribe("load");
            std::vector<conats::message> all;
            for (int i = 0; i != 1000; ++i)
                co_await nc.publish("load", payload);
            while (all.size() != 1000)
                co_await sub.next_batch(all, 1000);
            // Most frames stand in one buffer as they came, one behind the other.
            const auto frame = std::string_view("MSG load 1 16\r\n").size() + payload.size() + 2;
            std::size_t neighbours = 0;
            for (std::size_t i = 1; i != all.size(); ++i)
                neighbours += all[i - 1].text().data() + frame == all[i].text().data();
            CHECK(neighbours > 500);
            CHECK(all.front().text() == payload);
        });
    }
    SECTION("by next") {
        measure_loop(server, take_by_next, "next");
    }
    SECTION("by try_next") {
        measure_loop(server, take_by_try_next, "try_next");
    }
    SECTION("by next_batch") {
        measure_loop(server, take_by_next_batch, "next_batch");
    }
    SECTION("by a handler") {
        run_as_services_do([&](asio::io_context& context) -> asio::awaitable<void> {
            tally handled(context);
            const auto handler = [&](const conats::message& m) { handled.add(m); };
            const auto receiving = co_await count_handler(server.url(), handled, handler);
            receiving.check("handler");
        });
    }
    SECTION("by an awaiting handler") {
        run_as_services_do([&](asio::io_context& context) -> asio::awaitable<void> {
            tally handled(context);
            const auto handler = [&](const conats::message& m) -> asio::awaitable<void> {
                handled.add(m);
                co_return;
            };
            const auto receiving = co_await count_handler(server.url(), handled, handler);
            receiving.check("awaiting handler");
        });
    }
}

namespace {

asio::awaitable<void> ask(conats::client nc, int count) {
    for (int i = 0; i != count; ++i) {
        const auto reply = co_await nc.request("echo", payload);
        if (reply.text() != payload)
            throw std::runtime_error("not what was asked for");
    }
}

asio::awaitable<void> ask_at_once(conats::client nc, int callers, int count) {
    const auto executor = co_await asio::this_coro::executor;
    int ended = 0;
    const auto on_end = [&](const std::exception_ptr& thrown) { ended += thrown ? 0 : 1; };
    for (int i = 0; i != callers; ++i)
        asio::co_spawn(executor, ask(nc, count), on_end);
    const bool all = co_await async_eventually([&] { return ended == callers; });
    if (!all)
        throw std::runtime_error("not every caller came to its end");
}

} // namespace

TEST_CASE("A lone request costs at most 16 allocations, one among many 4") {
    need_counter();
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        constexpr int requests = 4096;
        constexpr int callers = 64;
        auto nc = co_await conats::connect(server.url());
        auto echo = nc.on("echo", [](const conats::message& m) { m.try_respond(m.text()); });
        co_await ask(nc, requests);
        allocation_counter counter;
        co_await ask(nc, requests);
        // Two writes, two reads and their wakes, the answer included: what Asio does not recycle.
        INFO(counter.count() << " allocations for " << requests << " requests, one by one");
        CHECK(counter.count() <= 16 * requests);
        co_await ask_at_once(nc, callers, requests / callers);
        counter.restart();
        co_await ask_at_once(nc, callers, requests / callers);
        INFO(counter.count() << " allocations for " << requests << " requests at once");
        CHECK(counter.count() <= 4 * requests);
    });
}

TEST_CASE("The library starts no thread") {
    nats_server server;
    const std::size_t before = running_threads();
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto echo = nc.on("echo", [](const conats::message& m) { m.try_respond(m.text()); });
        auto sub = co_await nc.subscribe("load");
        co_await nc.publish("load", payload);
        const auto m = co_await sub.next(5s);
        const auto reply = co_await nc.request("echo", payload);
        CHECK(running_threads() == before);
        co_await nc.drain();
    });
    CHECK(running_threads() == before);
}
