// SPDX-License-Identifier: Apache-2.0
// Waiting until what was received is handled.
#include "helpers.hpp"
#include "support/catch.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

/// Everything that was published is in the queues.
asio::awaitable<void> publish_all(conats::client nc, std::string subject, int n) {
    for (int i = 0; i != n; ++i)
        co_await nc.publish(subject, std::to_string(i));
    co_await nc.flush();
}

} // namespace

TEST_CASE("C32 a barrier after 1000 messages on five subscriptions of every kind") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(server.url());
        int handled = 0;
        const auto slow = [&](conats::message) -> asio::awaitable<void> {
            co_await turns(1);
            ++handled;
        };
        const auto quick = [&](const conats::message&) { ++handled; };
        conats::subscribe_options at_once;
        at_once.max_concurrent(8);
        std::vector<conats::subscription> subs;
        subs.push_back(nc.on("a", quick));
        subs.push_back(nc.on("a", slow));
        subs.push_back(nc.on("a", slow, at_once));
        subs.push_back(co_await nc.subscribe("a"));
        subs.push_back(co_await nc.subscribe("a"));
        const auto loop = [&](conats::subscription& sub) -> asio::awaitable<void> {
            while (auto m = co_await sub.next()) {
                co_await turns(1);
                ++handled;
            }
        };
        asio::co_spawn(executor, loop(subs[3]), asio::detached);
        const auto poll = [&](conats::subscription& sub) -> asio::awaitable<void> {
            while (sub.active()) {
                while (auto m = sub.try_next())
                    ++handled;
                co_await turns(1);
            }
        };
        asio::co_spawn(executor, poll(subs[4]), asio::detached);
        for (int round = 1; round != 4; ++round) {
            co_await publish_all(nc, "a", 1000);
            co_await nc.barrier();
            CHECK(handled == round * 5000);
        }
        co_await nc.barrier(); // there is nothing to wait for
        co_await nc.drain();
        co_await turns(5);
    });
}

TEST_CASE("C32 a barrier waits for the handler at work, not for messages that come after it") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        const std::size_t at_once = GENERATE(std::size_t{1}, std::size_t{4});
        auto nc = co_await conats::connect(server.url());
        gate first(executor);
        gate others(executor);
        const auto handler = [&](conats::message m) -> asio::awaitable<void> {
            if (m.text() == "0")
                co_await first.pass();
            else
                co_await others.pass();
        };
        conats::subscribe_options o;
        o.max_concurrent(at_once);
        auto sub = nc.on("a", handler, o);
        co_await publish_all(nc, "a", 1);
        bool done = false;
        const auto wait = [&]() -> asio::awaitable<void> {
            co_await nc.barrier();
            done = true;
        };
        const bool busy = co_await async_eventually([&] { return first.waiting() == 1; });
        CHECK(busy);
        asio::co_spawn(executor, wait(), asio::detached);
        co_await turns(3);
        co_await nc.publish("a", "1"); // stays where it is
        co_await nc.flush();
        co_await turns(3);
        CHECK_FALSE(done);
        first.open();
        const bool reached = co_await async_eventually([&] { return done; });
        CHECK(reached);
        const bool later = co_await async_eventually([&] { return others.waiting() == 1; });
        CHECK(later);
        others.open();
    });
}

TEST_CASE("C32 a barrier that takes too long names the subscription") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto quick = nc.on("quick", [](const conats::message&) {});
        auto unread = co_await nc.subscribe("unread.*");
        co_await publish_all(nc, "quick", 1);
        co_await publish_all(nc, "unread.1", 2);
        conats::error e;
        co_await nc.barrier(20ms, e);
        CHECK(e.code() == errc::timeout);
        CHECK(e.subject() == "unread.*");
        auto m = co_await unread.next();
        m = co_await unread.next();
        co_await nc.barrier(20ms, e); // it is not back
        CHECK(e.code() == errc::timeout);
        CHECK_FALSE(unread.try_next());
        co_await nc.barrier(scaled(5s));
        co_await publish_all(nc, "unread.1", 2);
        unread.unsubscribe();
        co_await nc.barrier(scaled(5s));
        co_await nc.barrier(0s, e);
        CHECK(e.code() == errc::invalid_argument);
    });
}

TEST_CASE("C32 a barrier ends with cancellation, with the subscription and with the client") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(server.url());
        auto unread = co_await nc.subscribe("a");
        co_await publish_all(nc, "a", 1);
        asio::cancellation_signal signal;
        conats::error_code code;
        int ended = 0;
        const auto on_end = [&](const std::exception_ptr& failure) {
            ++ended;
            code = {};
            try {
                if (failure)
                    std::rethrow_exception(failure);
            } catch (const boost::system::system_error& e) {
                code = e.code();
            }
        };
        asio::co_spawn(executor, nc.barrier(), asio::bind_cancellation_slot(signal.slot(), on_end));
        co_await turns(3);
        CHECK(ended == 0);
        signal.emit(asio::cancellation_type::terminal);
        bool done = co_await async_eventually([&] { return ended == 1; });
        CHECK(done);
        CHECK(code == asio::error::operation_aborted);
        asio::co_spawn(executor, nc.barrier(), on_end);
        co_await turns(3);
        co_await unread.drain();
        done = co_await async_eventually([&] { return ended == 2; });
        CHECK(done);
        CHECK_FALSE(code);
        auto again = co_await nc.subscribe("a");
        co_await publish_all(nc, "a", 1);
        asio::co_spawn(executor, nc.barrier(), on_end);
        co_await turns(3);
        CHECK(ended == 2);
        co_await nc.close();
        done = co_await async_eventually([&] { return ended == 3; });
        CHECK(done);
        CHECK(code == errc::closed);
        conats::error e;
        co_await nc.barrier(1s, e);
        CHECK(e.code() == errc::closed);
        co_await conats::client().barrier(1s, e);
        CHECK(e.code() == errc::closed);
    });
}

TEST_CASE("C32 handlers on four threads, barriers from another") {
    nats_server server;
    asio::thread_pool pool(4);
    std::atomic<int> handled{0};
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        std::vector<conats::subscription> subs;
        for (int i = 0; i != 5; ++i) {
            conats::subscribe_options o;
            o.executor(pool.get_executor());
            o.max_concurrent(i % 2 == 0 ? 1 : 4);
            const auto handler = [&](conats::message) -> asio::awaitable<void> {
                co_await turns(1);
                ++handled;
            };
            subs.push_back(nc.on("a", handler, o));
        }
        for (int round = 1; round != 6; ++round) {
            co_await publish_all(nc, "a", 200);
            co_await nc.barrier();
            CHECK(handled == round * 1000);
        }
        co_await nc.drain();
    });
    pool.join();
}
