// SPDX-License-Identifier: Apache-2.0
#include "integration/out_of_memory/test_bench.hpp"

#include "support/catch.hpp"
#include "support/timing.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <openssl/crypto.h>

#include <pthread.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

namespace conats::test {

using namespace std::chrono_literals;

namespace {

/// How a coroutine of the test has come to its end.
struct ending {
    bool returned = false;
    bool destroyed = false; ///< Asio had no memory to resume it
    std::exception_ptr thrown;
    [[nodiscard]] bool over() const { return returned || destroyed; }
};

class ending_guard {
public:
    explicit ending_guard(std::shared_ptr<ending> e) : ending_(std::move(e)) {}
    ending_guard(ending_guard&&) noexcept = default;
    ending_guard& operator=(ending_guard&&) = delete;
    ~ending_guard() {
        if (ending_ && !ending_->returned)
            ending_->destroyed = true;
    }
    void operator()(const std::exception_ptr& e) {
        ending_->thrown = e;
        ending_->returned = true;
    }

private:
    std::shared_ptr<ending> ending_;
};

class bench {
public:
    bench(const std::string& url, std::uint64_t nth, std::uint64_t times, duration patience) {
        scene_.patience = patience;
        scene_.url = url;
        scene_.nth = nth;
        scene_.times = times;
    }

    [[nodiscard]] scene& of() { return scene_; }
    /// How often bad_alloc has left `io_context::run`.
    [[nodiscard]] int escaped() const { return escaped_; }

    /// Runs a coroutine to its end; whether it was destroyed instead.
    [[nodiscard]] ending run(asio::awaitable<void> work) {
        const auto e = std::make_shared<ending>();
        asio::co_spawn(scene_.context, std::move(work), ending_guard(e));
        drive([&] { return e->over(); });
        return *e;
    }

    /// All handles are gone: nothing is to be left to do.
    void finish() {
        scene_.subscription = conats::subscription();
        scene_.handler = conats::subscription();
        scene_.client = conats::client();
        drive([&] { return scene_.context.stopped(); });
    }

    [[nodiscard]] bool late() const { return late_; }

private:
    template <class F>
    void drive(F&& is_over) {
        const deadline end(10s);
        scene_.context.restart();
        while (!is_over()) {
            if (end.passed()) {
                late_ = true;
                stop_failing();
                return;
            }
            try {
                scene_.context.run_one_for(20ms);
            } catch (const std::bad_alloc&) { // Asio had no memory to resume somebody
                ++escaped_;
            }
        }
    }

    scene scene_;
    int escaped_ = 0;
    bool late_ = false;
};

bool is_at_first(const scene& s) {
    const std::string at = s.client.connected_url();
    return !at.empty() && s.url.starts_with(at);
}

asio::awaitable<void> connect(scene& s) {
    conats::connect_options options(s.url);
    options.reconnect_wait(10ms).reconnect_jitter(0ms).retain_order(true);
    options.connect_timeout(s.patience);
    // That is short: again on a busy machine, until the first of the servers has answered.
    for (int left = 50; left != 0 && !is_at_first(s); --left) {
        conats::error e;
        s.client = co_await conats::connect(options, e);
        if (e && left == 1)
            throw conats::system_error(e);
    }
}

asio::awaitable<void> prepare(scene& s) {
    co_await connect(s);
    s.subscription = co_await s.client.subscribe("in");
    s.handler = s.client.on("echo", [&s](const conats::message& m) {
        ++s.handled;
        if (!m.reply().empty())
            m.try_respond(m.text());
    });
    co_await s.client.flush();
}

/// A message goes to the server and back.
asio::awaitable<void> make_round_trip(conats::client nc) {
    auto sub = co_await nc.subscribe("check");
    co_await nc.publish("check", "1");
    co_await nc.flush();
    const auto m = co_await sub.next(5s);
    if (!m || m->text() != "1")
        throw std::runtime_error("the message did not come");
    const auto none = co_await sub.next(1ms, *std::make_unique<conats::error>());
    if (none)
        throw std::runtime_error("a message came twice");
}

/// Again where the session has ended meanwhile: it may do so behind the operation that failed.
asio::awaitable<void> make_some_round_trip(conats::client nc) {
    asio::steady_timer pause(co_await asio::this_coro::executor);
    for (int left = 20; nc.status() != conats::status::closed; --left) {
        try {
            co_await make_round_trip(nc);
            co_return;
        } catch (const conats::system_error& e) {
            if (left == 0 || e.details() != conats::condition::disconnected)
                throw;
        }
        pause.expires_after(10ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

/// The client works, or every call says why it does not.
asio::awaitable<void> check_client(scene& s) {
    conats::client& nc = s.client;
    asio::steady_timer pause(s.context);
    for (int i = 0; i != 200 && nc.status() == conats::status::reconnecting; ++i) {
        pause.expires_after(10ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
    if (nc.status() == conats::status::draining_subs ||
        nc.status() == conats::status::draining_pubs)
        for (int i = 0; i != 200 && nc.status() != conats::status::closed; ++i) {
            pause.expires_after(10ms);
            co_await pause.async_wait(asio::use_awaitable);
        }
    if (nc.status() == conats::status::connected)
        co_await make_some_round_trip(nc);
    if (nc.status() == conats::status::connected) {
        const auto statistics = nc.statistics();
        if (statistics.pending_requests != 0)
            throw std::runtime_error("a request's slot was not freed");
        const bool has_in = s.subscription.active();
        const bool has_handler = s.handler.active();
        const auto expected = std::size_t{has_in} + std::size_t{has_handler};
        // The inbox of requests is one more.
        if (statistics.subscriptions != expected && statistics.subscriptions != expected + 1)
            throw std::runtime_error("a subscription was left: " +
                                     std::to_string(statistics.subscriptions));
        co_return;
    }
    if (nc.status() != conats::status::closed)
        throw std::runtime_error("neither connected nor closed, but " +
                                 std::string(to_string(nc.status())));
    if (!nc.close_reason())
        throw std::runtime_error("closed without a reason");
    if (!nc.try_publish("a", "b"))
        throw std::runtime_error("a closed client publishes");
    conats::error e;
    auto sub = co_await nc.subscribe("check", e);
    if (!e)
        throw std::runtime_error("a closed client subscribes");
    co_await nc.flush(1s, e);
    if (!e)
        throw std::runtime_error("a closed client flushes");
    const auto m = co_await nc.request("a", "b", e);
    if (!e)
        throw std::runtime_error("a closed client requests");
}

std::string text_of(const std::exception_ptr& thrown) {
    try {
        if (thrown)
            std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
        return e.what();
    }
    return "";
}

bool is_of_memory_or_connection(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const std::bad_alloc&) {
        return true;
    } catch (const boost::system::system_error&) {
        return true;
    } catch (...) {
        return false;
    }
}

// OpenSSL's allocations fail as all do. What it keeps for the next time, and what it loses where it
// has no memory, is no leak of ours: its blocks are not counted. AddressSanitizer looks at them.
std::int64_t blocks_of_openssl = 0;

void* allocate(std::size_t size, const char* /*file*/, int /*line*/) {
    void* const block = std::malloc(size);
    blocks_of_openssl += block != nullptr ? 1 : 0;
    return block;
}

void release(void* block, const char* /*file*/, int /*line*/) {
    blocks_of_openssl -= block != nullptr ? 1 : 0;
    std::free(block);
}

void* reallocate(void* block, std::size_t size, const char* file, int line) {
    if (block == nullptr)
        return allocate(size, file, line);
    if (size != 0)
        return std::realloc(block, size);
    release(block, file, line);
    return nullptr;
}

// Before OpenSSL allocates anything.
const bool counts_openssl = CRYPTO_set_mem_functions(allocate, reallocate, release) == 1;

/// Blocks of this thread but OpenSSL's.
std::int64_t own_blocks() {
    REQUIRE(counts_openssl);
    if (!allocation_counter::available())
        return 0;
    return live_blocks(allocation_counter::scope::thread) - blocks_of_openssl;
}

constexpr std::uint64_t none = 10'000'000;

/// What a run has come to.
struct outcome {
    std::uint64_t allocations = 0;
    bool failed = false; ///< one of them
    std::int64_t left = 0;
};

outcome run_once(const std::string& url, const operation& op, std::uint64_t nth, const trial& t) {
    INFO("allocation " << nth);
    outcome result;
    const auto before = own_blocks();
    {
        bench b(url, nth, t.times(), nth == none ? scaled(5s) : scaled(150ms));
        if (t.is_prepared()) {
            const ending ready = b.run(prepare(b.of()));
            INFO(text_of(ready.thrown));
            REQUIRE((ready.returned && !ready.thrown));
        }
        const ending done = b.run(op(b.of()));
        result.failed = stop_failing() != 0;
        result.allocations = fallible_allocations();
        {
            INFO("thrown: " << text_of(done.thrown) << ", escaped: " << b.escaped()
                            << ", status: " << to_string(b.of().client.status())
                            << ", reason: " << b.of().client.close_reason().what());
            CHECK_FALSE(b.late());
            CHECK(done.over());
            CHECK((done.returned || b.escaped() != 0));
            if (done.thrown)
                CHECK((nth != none && is_of_memory_or_connection(done.thrown)));
            if (b.of().client.status() != conats::status::disconnected) {
                const ending checked = b.run(check_client(b.of()));
                INFO(text_of(checked.thrown));
                CHECK((checked.returned && !checked.thrown));
            }
        }
        b.finish();
        CHECK_FALSE(b.late());
    }
    result.left = own_blocks() - before;
    return result;
}

} // namespace

asio::awaitable<void> connect_armed(scene& s, connect_options options) {
    // Asio 1.81 crashes where it finds no memory for the counts of a strand's shared pointer or for
    // its mutex: it deletes the strand, which does not know its service yet.
    constexpr std::size_t counts = 3 * sizeof(void*);
    options.connect_timeout(s.patience);
    s.arm();
    spare_allocations_of(counts, sizeof(pthread_mutex_t));
    s.client = co_await conats::connect(std::move(options));
}

void fail_everywhere(const std::string& url, const operation& op, const trial& t) {
    constexpr std::uint64_t dense = 200; // from the first one on, each
    constexpr std::uint64_t rest = 100;  // of the others
    (void)run_once(url, op, none, t);    // makes what is made once for all
    const outcome whole = run_once(url, op, none, t);
    CHECK(whole.left == 0);
    const std::uint64_t step =
        whole.allocations > dense ? 1 + (whole.allocations - dense) / rest : 1;
    std::uint64_t runs = 0;
    std::uint64_t failures = 0;
    for (std::uint64_t n = 1;; n += n < dense ? 1 : step) {
        const outcome one = run_once(url, op, n, t);
        {
            INFO("allocation " << n);
            CHECK(one.left == 0);
        }
        ++runs;
        failures += one.failed ? 1 : 0;
        if (!one.failed && n >= whole.allocations)
            break; // an earlier one may have been met by chance only
    }
    INFO(whole.allocations << " allocations, " << runs << " runs, " << failures << " failures");
    CHECK(failures >= t.least());
    CHECK(failures >= runs - runs / 4 - 1);
}

} // namespace conats::test
