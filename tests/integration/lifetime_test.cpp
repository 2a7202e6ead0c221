// SPDX-License-Identifier: Apache-2.0
// Contexts, clients, subscriptions and messages go in any order and at any moment. What these tests
// show is seen by AddressSanitizer and LeakSanitizer; without them they show that nothing hangs.
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <conats/conats.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <array>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

/// Handles that outlive the coroutine that made them.
struct handles {
    handles() {} // not an aggregate, for g++ 12
    std::optional<asio::io_context> context;
    std::optional<conats::client> client;
    std::optional<conats::subscription> subscription;
    std::optional<conats::message> message;
    std::optional<conats::event_stream> events;

    void drop(int which) {
        switch (which) {
        case 0: context.reset(); break;
        case 1: client.reset(); break;
        case 2: subscription.reset(); break;
        case 3: message.reset(); break;
        default: events.reset(); break;
        }
    }
};

asio::awaitable<void> fill(handles& h, std::string url) {
    h.client = co_await conats::connect(url);
    h.events = h.client->events();
    h.subscription = co_await h.client->subscribe("a");
    for (int i = 0; i != 3; ++i)
        co_await h.client->publish("a", "payload");
    auto m = co_await h.subscription->next();
    h.message = std::move(m);
}

/// Runs until `done` says so.
template <class Done>
void run_until(asio::io_context& context, Done done) {
    const deadline end(10s);
    while (!done() && !end.passed())
        context.run_one_for(10ms);
    REQUIRE(done());
}

/// All the ways to wait, each in a coroutine of its own with a client of its own: parked for good
/// when the server is paused.
asio::awaitable<void> wait_in(conats::client nc, int way) {
    conats::error e;
    auto sub = co_await nc.subscribe("silent");
    switch (way) {
    case 0: (void)co_await sub.next(); break;
    case 1: (void)co_await sub.next(1h, e); break;
    case 2: co_await sub.wait(); break;
    case 3: {
        std::vector<conats::message> out;
        (void)co_await sub.next_batch(out, 10);
        break;
    }
    case 4: co_await nc.flush(1h); break;
    case 5: (void)co_await nc.request("silent", "", 1h); break;
    case 6: co_await sub.drain(); break;
    case 7: {
        auto events = nc.events();
        while (auto event = co_await events.next()) {}
        break;
    }
    case 8: co_await sub.ready(); break;
    case 9: {
        const std::string large(100'000, 'x');
        for (;;)
            co_await nc.publish("large", large);
    }
    case 10: (void)co_await nc.rtt(); break;
    default: co_await nc.drain(); break;
    }
}
constexpr int ways = 12;

} // namespace

TEST_CASE(
    "S71 a context, a client, a subscription, a message and events are destroyed in any order") {
    nats_server server;
    std::array<int, 5> order{0, 1, 2, 3, 4};
    do {
        handles h;
        h.context.emplace();
        asio::co_spawn(*h.context, fill(h, server.url()), asio::detached);
        run_until(*h.context, [&] { return h.message.has_value(); });
        for (const int which : order) {
            h.drop(which);
            // What the context still runs after a handle has gone must do no harm either.
            if (h.context && which % 2 == 1)
                h.context->poll();
        }
    } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("S71 handles of a destroyed context report closed") {
    nats_server server;
    handles h;
    h.context.emplace();
    asio::co_spawn(*h.context, fill(h, server.url()), asio::detached);
    run_until(*h.context, [&] { return h.message.has_value(); });
    h.context.reset();
    CHECK(h.client->status() == conats::status::closed);
    CHECK(h.client->try_publish("a", "").code() == errc::closed);
    CHECK(h.message->text() == "payload");
    CHECK(h.message->try_respond("x").code() == errc::no_reply_subject);
    CHECK(h.subscription->end_reason().code() == errc::closed);
    run([&]() -> asio::awaitable<void> {
        // On a context of its own, what is queued can still be taken.
        auto m = co_await h.subscription->next();
        CHECK(m->text() == "payload");
        m = co_await h.subscription->next();
        m = co_await h.subscription->next();
        CHECK_FALSE(m);
        conats::error e;
        co_await h.client->flush(1s, e);
        CHECK(e.code() == errc::closed);
        auto none = co_await h.client->request("a", "", 1s, e);
        CHECK(e.code() == errc::closed);
        co_await h.client->close();
        auto late = h.client->events();
        auto told = co_await late.next();
        CHECK(told->status() == conats::status::closed);
    });
}

TEST_CASE("S71 a context is destroyed while coroutines wait in every way") {
    nats_server server;
    for (int way = 0; way != ways; ++way) {
        asio::io_context context;
        std::optional<conats::client> kept; // outlives the context in every second run
        {
            std::optional<conats::client> nc;
            asio::co_spawn(
                context,
                [&]() -> asio::awaitable<void> { nc = co_await conats::connect(server.url()); },
                asio::detached);
            run_until(context, [&] { return nc.has_value(); });
            server.pause();
            asio::co_spawn(context, wait_in(*nc, way), asio::detached);
            asio::co_spawn(context, wait_in(*nc, (way + 1) % ways), asio::detached);
            if (way % 2 == 0)
                kept = nc;
        }
        context.run_for(5ms);
        server.resume();
    }
}

TEST_CASE(
    "S71 coroutines of another context are resumed with closed when the client's is destroyed") {
    nats_server server;
    for (int way = 0; way != ways; ++way) {
        asio::io_context other;
        int ended = 0;
        conats::error_code code;
        {
            asio::io_context context;
            std::optional<conats::client> nc;
            asio::co_spawn(
                context,
                [&]() -> asio::awaitable<void> { nc = co_await conats::connect(server.url()); },
                asio::detached);
            run_until(context, [&] { return nc.has_value(); });
            server.pause();
            const auto on_end = [&](const std::exception_ptr& failure) {
                ++ended;
                try {
                    if (failure)
                        std::rethrow_exception(failure);
                } catch (const boost::system::system_error& e) {
                    code = e.code();
                }
            };
            asio::co_spawn(other, wait_in(std::move(*nc), way), on_end);
            const deadline end(50ms);
            while (!end.passed()) {
                context.poll();
                other.poll();
            }
        }
        server.resume();
        other.restart();
        run_until(other, [&] { return ended == 1; });
        INFO("way " << way);
        // The queue's end is no error for those who take messages or events.
        CHECK((!code || code == errc::closed));
        CHECK((way <= 3 || way == 7 || code == errc::closed));
    }
}

TEST_CASE("S71 a context is destroyed after any number of steps of a client's life") {
    nats_server server;
    const auto life = [](std::string url,
                         std::optional<conats::client>& kept) -> asio::awaitable<void> {
        auto nc = co_await conats::connect(url);
        kept = nc;
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        const auto echo = [](const conats::message& m) { m.try_respond(m.text()); };
        const auto slow = [](conats::message m) -> asio::awaitable<void> {
            auto executor = co_await asio::this_coro::executor;
            co_await asio::post(executor, asio::use_awaitable);
            co_await m.respond("late");
        };
        auto service = nc.on("echo", echo);
        conats::subscribe_options two;
        two.max_concurrent(2);
        auto other = nc.on("slow", slow, two);
        for (int i = 0; i != 3; ++i)
            co_await nc.publish("a", "x");
        auto m = co_await sub.next();
        m = co_await sub.next(5s);
        co_await sub.wait();
        m = sub.try_next();
        auto reply = co_await nc.request("echo", "1");
        reply = co_await nc.request("slow", "2");
        co_await nc.flush();
        co_await service.drain();
        auto event = co_await events.next();
        kept.reset();
        co_await nc.drain();
    };
    for (const bool keep : {false, true}) {
        for (int steps = 0;; ++steps) {
            std::optional<conats::client> kept;
            bool over = false;
            asio::io_context context;
            asio::co_spawn(context, life(server.url(), kept),
                           [&](const std::exception_ptr&) { over = true; });
            for (int i = 0; i != steps && !over; ++i)
                context.run_one_for(scaled(5s));
            if (!keep)
                kept.reset();
            if (over)
                break;
            REQUIRE(steps < 2000);
        }
    }
}

TEST_CASE("S71 a context is destroyed while it connects") {
    nats_server server;
    scripted_peer silent([](peer_session& s) { s.wait_closed(); });
    const auto provider = [](conats::auth_request) -> asio::awaitable<conats::secret> {
        asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
        co_await timer.async_wait(asio::use_awaitable);
        co_return conats::secret("t");
    };
    const auto resolver = [](std::string) -> asio::awaitable<std::vector<std::string>> {
        asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
        co_await timer.async_wait(asio::use_awaitable);
        co_return std::vector<std::string>();
    };
    std::vector<conats::connect_options> all;
    all.emplace_back(silent.url());
    all.emplace_back(server.url());
    all.back().token_provider(provider);
    all.emplace_back("somewhere.example:4222");
    all.back().resolver(resolver);
    for (const auto& o : all) {
        asio::io_context context;
        asio::co_spawn(context, conats::connect(o), asio::detached);
        context.run_for(20ms);
    }
}

TEST_CASE("A context is destroyed while as many handlers as may run are busy") {
    nats_server server;
    asio::io_context context;
    int started = 0;
    const auto busy = [&](conats::message) -> asio::awaitable<void> {
        ++started;
        asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
        co_await timer.async_wait(asio::use_awaitable);
    };
    const auto begin = [&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        conats::subscribe_options two;
        two.max_concurrent(2);
        auto sub = nc.on("a", busy, two);
        for (int i = 0; i != 5; ++i)
            co_await nc.publish("a", "x");
        sub.release();
        co_await nc.flush();
        asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
        co_await timer.async_wait(asio::use_awaitable);
    };
    asio::co_spawn(context, begin, asio::detached);
    run_until(context, [&] { return started == 2; });
    context.poll();
}

TEST_CASE("The last handle may go anywhere, also in its own handler") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        std::optional<conats::client> nc = co_await conats::connect(server.url());
        std::optional<conats::subscription> own;
        int handled = 0;
        const auto once = [&](conats::message) -> asio::awaitable<void> {
            ++handled;
            own.reset();
            auto executor = co_await asio::this_coro::executor;
            co_await asio::post(executor, asio::use_awaitable);
            nc.reset();
        };
        own = nc->on("a", once);
        for (int i = 0; i != 10; ++i)
            co_await nc->publish("a", "x");
        const bool gone = co_await async_eventually([&] { return !nc; });
        CHECK(gone);
        CHECK(handled == 1);
    });
}

TEST_CASE("What was accepted is sent when the last handle goes") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        {
            auto nc = co_await conats::connect(server.url());
            for (int i = 0; i != 1000; ++i)
                co_await nc.publish("a", "x");
        }
        const bool all =
            co_await async_eventually([&] { return server.monitor().in_msgs() == 1000; });
        CHECK(all);
    });
}

TEST_CASE("Handles are destroyed on a thread that does not run the context") {
    nats_server server;
    asio::io_context context;
    auto work = asio::make_work_guard(context);
    std::thread runner([&] { context.run(); });
    for (int i = 0; i != 50; ++i) {
        std::promise<conats::client> connected;
        asio::co_spawn(
            context,
            [&]() -> asio::awaitable<void> {
                connected.set_value(co_await conats::connect(server.url()));
            },
            asio::detached);
        auto nc = connected.get_future().get();
        conats::subscription sub(nc, "a");
        nc.try_publish("a", "x");
    }
    work.reset();
    runner.join();
}

TEST_CASE("S71 a client runs on a thread pool that is destroyed before it") {
    nats_server server;
    std::optional<conats::client> nc;
    std::optional<conats::subscription> sub;
    {
        asio::thread_pool pool(2);
        std::promise<void> ready;
        asio::co_spawn(
            pool,
            [&]() -> asio::awaitable<void> {
                nc = co_await conats::connect(server.url());
                sub = co_await nc->subscribe("a");
                co_await nc->publish("a", "x");
                co_await nc->flush();
                ready.set_value();
            },
            asio::detached);
        ready.get_future().get();
        pool.stop();
    }
    CHECK(nc->status() == conats::status::closed);
    CHECK(sub->try_next().has_value());
}
