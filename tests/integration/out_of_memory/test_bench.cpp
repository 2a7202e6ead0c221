// SPDX-License-Identifier: Apache-2.0
#include "integration/out_of_memory/test_bench.hpp"

#include "support/catch.hpp"
#include "support/timing.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>

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
    bench(const std::string& url, std::uint64_t nth, std::uint64_t times) {
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

asio::awaitable<void> prepare(scene& s) {
    conats::connect_options options(s.url);
    options.reconnect_wait(10ms).reconnect_jitter(0ms);
    s.client = co_await conats::connect(options);
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

constexpr std::uint64_t warm_up = 1'000'000;

/// One round; false if nothing has failed.
bool fail_nth(const std::string& url, const operation& op, std::uint64_t nth, std::uint64_t times,
              bool prepared) {
    INFO("allocation " << nth);
    const auto before = live_blocks();
    std::uint64_t failed = 0;
    std::string client_said;
    {
        bench b(url, nth, times);
        if (prepared) {
            const ending ready = b.run(prepare(b.of()));
            INFO(text_of(ready.thrown));
            REQUIRE((ready.returned && !ready.thrown));
        }
        const ending done = b.run(op(b.of()));
        failed = stop_failing();
        {
            INFO("thrown: " << text_of(done.thrown) << ", escaped: " << b.escaped()
                            << ", status: " << to_string(b.of().client.status())
                            << ", reason: " << b.of().client.close_reason().what());
            CHECK_FALSE(b.late());
            CHECK(done.over());
            CHECK((done.returned || b.escaped() != 0));
            if (done.thrown)
                CHECK(is_of_memory_or_connection(done.thrown));
            if (b.of().client.status() != conats::status::disconnected) {
                const ending checked = b.run(check_client(b.of()));
                INFO(text_of(checked.thrown));
                CHECK((checked.returned && !checked.thrown));
            }
        }
        b.finish();
        CHECK_FALSE(b.late());
    }
    if (nth != warm_up) // which makes what is made once for all
        CHECK(live_blocks() == before);
    return failed != 0;
}

} // namespace

void fail_everywhere(const std::string& url, const operation& op, std::uint64_t times) {
    (void)fail_nth(url, op, warm_up, 1, true);
    std::uint64_t n = 1;
    while (fail_nth(url, op, n, times, true))
        ++n;
    CHECK((n > 1 || !allocation_counter::available()));
}

void fail_connecting(const std::string& url, const operation& op) {
    (void)fail_nth(url, op, warm_up, 1, false);
    std::uint64_t n = 1;
    while (fail_nth(url, op, n, 1, false))
        ++n;
    CHECK((n > 1 || !allocation_counter::available()));
}

} // namespace conats::test
