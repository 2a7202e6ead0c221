// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>
#include <conats/token.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#ifdef CONATS_TEST_YIELD
#include <boost/asio/spawn.hpp>
#endif
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::adapt;
using conats::errc;
using conats::error_code;

namespace {

template <class Executor = asio::any_io_executor>
asio::awaitable<int, Executor> forty_two() {
    co_return 42;
}

asio::awaitable<int> refused() {
    throw conats::system_error(conats::error(errc::permission_denied, "not for you"));
    co_return 0;
}

asio::awaitable<void> broken() {
    throw std::logic_error("broken");
    co_return;
}

asio::awaitable<void> never() {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, asio::steady_timer::time_point::max());
    co_await timer.async_wait(asio::use_awaitable);
}

template <class T>
T result_of(std::future<T> f) {
    if (f.wait_for(scaled(10s)) != std::future_status::ready)
        throw timed_out("a future got no value");
    return f.get();
}

} // namespace

TEST_CASE("adapt: callbacks need no coroutine") {
    nats_server server;
    asio::io_context context;
    const auto executor = context.get_executor();
    std::string answer;
    std::optional<conats::subscription> service;
    adapt(conats::connect(server.url()), executor, [&](error_code e, conats::client nc) {
        REQUIRE_FALSE(e);
        service = nc.on("greet", [](const conats::message& m) { m.try_respond("hello"); });
        adapt(nc.request("greet", ""), executor, [&](error_code failed, conats::message reply) {
            REQUIRE_FALSE(failed);
            answer = reply.text();
            service.reset();
        });
    });
    context.run();
    CHECK(answer == "hello");
}

TEST_CASE("adapt: the code of what was thrown, and an empty value") {
    asio::io_context context;
    int calls = 0;
    adapt(refused(), context.get_executor(), [&](error_code e, int value) {
        CHECK(e == errc::permission_denied);
        CHECK(e == conats::condition::permission);
        CHECK(value == 0);
        ++calls;
    });
    adapt(conats::connect("127.0.0.1:1"), context.get_executor(),
          [&](error_code e, const conats::client& nc) {
              CHECK(e == errc::connection_refused);
              CHECK_FALSE(nc);
              ++calls;
          });
    adapt(conats::client().publish("a", ""), context.get_executor(), [&](error_code e) {
        CHECK(e == errc::closed);
        ++calls;
    });
    CHECK(calls == 0);
    context.run();
    CHECK(calls == 3);
}

TEST_CASE("adapt: what is no system_error leaves run() and the handler is not called") {
    asio::io_context context;
    auto alive = std::make_shared<int>();
    bool called = false;
    adapt(broken(), context.get_executor(), [&called, alive](error_code) { called = true; });
    CHECK_THROWS_AS(context.run(), std::logic_error);
    CHECK_FALSE(called);
    CHECK(alive.use_count() == 1);
    auto future = adapt(broken(), context.get_executor(), asio::use_future);
    context.restart();
    CHECK_THROWS_AS(context.run(), std::logic_error);
    CHECK_THROWS_AS(future.get(), std::future_error);
}

TEST_CASE("adapt: futures, where another thread runs the context") {
    nats_server server;
    asio::thread_pool context(1);
    const auto executor = context.get_executor();
    auto nc = result_of(adapt(conats::connect(executor, server.url()), executor, asio::use_future));
    auto service = nc.on("echo", [](const conats::message& m) { m.try_respond(m.text()); });
    result_of(adapt(nc.publish("a", "1"), executor, asio::use_future));
    auto reply = result_of(adapt(nc.request("echo", "2"), executor, asio::use_future));
    CHECK(reply.text() == "2");
    try {
        result_of(adapt(nc.request("nobody", ""), executor, asio::use_future));
        FAIL("it has to throw");
    } catch (const boost::system::system_error& e) {
        CHECK(e.code() == errc::no_responders);
    }
    auto sub = result_of(adapt(nc.subscribe("b"), executor, asio::use_future));
    result_of(adapt(nc.publish("b", "3"), executor, asio::use_future));
    CHECK(result_of(adapt(sub.next(), executor, asio::use_future))->text() == "3");
    result_of(adapt(nc.drain(), executor, asio::use_future));
}

TEST_CASE("adapt: deferred starts when it is told to") {
    run([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        bool started = false;
        const auto start = [&started]() -> asio::awaitable<int> {
            started = true;
            co_return 7;
        };
        { auto dropped = adapt(start(), executor, asio::deferred); }
        auto operation = adapt(start(), executor, asio::deferred);
        CHECK_FALSE(started);
        const int value = co_await std::move(operation)(asio::use_awaitable);
        CHECK(started);
        CHECK(value == 7);
    });
}

TEST_CASE("adapt: as_tuple returns the code") {
    run([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        auto [e, value] =
            co_await adapt(forty_two(), executor, asio::as_tuple(asio::use_awaitable));
        CHECK_FALSE(e);
        CHECK(value == 42);
        auto [failed, none] =
            co_await adapt(refused(), executor, asio::as_tuple(asio::use_awaitable));
        CHECK(failed == errc::permission_denied);
        CHECK(none == 0);
    });
}

TEST_CASE("adapt: completes on the handler's executor and keeps both contexts busy") {
    asio::thread_pool working(1);
    asio::io_context own;
    bool called = false;
    adapt(forty_two(), working.get_executor(),
          asio::bind_executor(own.get_executor(), [&](error_code e, int value) {
              CHECK_FALSE(e);
              CHECK(value == 42);
              CHECK(own.get_executor().running_in_this_thread());
              called = true;
          }));
    own.run();
    CHECK(called);
}

TEST_CASE("adapt: takes the executor from the token, and never completes within the call") {
    asio::io_context context;
    bool called = false;
    const auto start = [&] {
        adapt(forty_two(), asio::bind_executor(context.get_executor(), [&](error_code, int value) {
                  CHECK(value == 42);
                  called = true;
              }));
        CHECK_FALSE(called);
    };
    asio::post(context, start);
    context.run();
    CHECK(called);
    auto future = adapt(never(), asio::bind_executor(context.get_executor(), asio::use_future));
    CHECK(future.wait_for(0s) == std::future_status::timeout);
}

TEST_CASE("adapt: the token's slot cancels, and no message is lost") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(server.url());
        auto sub = co_await nc.subscribe("a");
        std::optional<error_code> ended;
        const auto on_end = [&](error_code e, std::optional<conats::message> m) {
            CHECK_FALSE(m);
            ended = e;
        };
        asio::cancellation_signal signal;
        adapt(sub.next(), executor, asio::bind_cancellation_slot(signal.slot(), on_end));
        co_await nc.flush();
        CHECK_FALSE(ended);
        signal.emit(asio::cancellation_type::partial); // a coroutine lets `terminal` through
        co_await nc.flush();
        CHECK_FALSE(ended);
        signal.emit(asio::cancellation_type::terminal);
        const bool was_cancelled = co_await async_eventually([&] { return ended.has_value(); });
        CHECK(was_cancelled);
        CHECK(ended == asio::error::operation_aborted);
        signal.emit(asio::cancellation_type::terminal); // too late: nothing happens
        co_await nc.publish("a", "1");
        auto m = co_await sub.next(5s);
        CHECK(m->text() == "1");
    });
}

TEST_CASE("adapt: cancelling from any thread, by a signal that goes with the completion") {
    asio::thread_pool context(1);
    for (int i = 0; i != 200; ++i) {
        auto signal = std::make_shared<asio::cancellation_signal>();
        auto future = adapt(never(), context.get_executor(),
                            asio::bind_cancellation_slot(signal->slot(), asio::use_future));
        signal->emit(asio::cancellation_type::terminal);
        signal.reset();
        try {
            result_of(std::move(future));
            FAIL("it has to throw");
        } catch (const boost::system::system_error& e) {
            CHECK(e.code() == asio::error::operation_aborted);
        }
    }
}

TEST_CASE("adapt: cancellation of the awaiting coroutine reaches the awaitable") {
    run([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        const auto work = [executor]() -> asio::awaitable<void> {
            co_await adapt(never(), executor, asio::use_awaitable);
        };
        std::optional<error_code> ended;
        asio::cancellation_signal signal;
        adapt(work(), executor,
              asio::bind_cancellation_slot(signal.slot(), [&](error_code e) { ended = e; }));
        signal.emit(asio::cancellation_type::terminal);
        const bool was_cancelled = co_await async_eventually([&] { return ended.has_value(); });
        CHECK(was_cancelled);
        CHECK(ended == asio::error::operation_aborted);
    });
}

TEST_CASE("adapt: a context that goes destroys handler and awaitable, on a strand too") {
    auto alive = std::make_shared<int>();
    asio::cancellation_signal signal;
    {
        asio::io_context context;
        const auto strand = asio::make_strand(context.get_executor());
        adapt(never(), strand, asio::bind_cancellation_slot(signal.slot(), [alive](error_code) {}));
        context.poll();
        CHECK(alive.use_count() == 2);
    }
    CHECK(alive.use_count() == 1);
    signal.emit(asio::cancellation_type::terminal);
}

TEST_CASE("adapt: awaitables of other executor types, both ways") {
    using executor_type = asio::io_context::executor_type;
    run([]() -> asio::awaitable<void> {
        asio::io_context other;
        const auto executor = co_await asio::this_coro::executor;
        auto future = adapt(forty_two<executor_type>(), other.get_executor(), asio::use_future);
        other.run();
        CHECK(future.get() == 42);
        const auto strand = asio::make_strand(executor);
        const int value = co_await adapt(forty_two(), strand, asio::use_awaitable);
        CHECK(value == 42);
    });
    asio::io_context context;
    int value = 0;
    const auto typed = [&]() -> asio::awaitable<void, executor_type> {
        value = co_await adapt(forty_two(), context.get_executor(),
                               asio::use_awaitable_t<executor_type>());
    };
    asio::co_spawn(context, typed(), asio::detached);
    context.run();
    CHECK(value == 42);
}

#ifdef CONATS_TEST_YIELD
TEST_CASE("adapt: stackful coroutines") {
    nats_server server;
    asio::io_context context;
    std::string answer;
    error_code failed;
    asio::spawn(
        context,
        [&](const asio::yield_context& yield) {
            auto nc = adapt(conats::connect(server.url()), yield);
            auto service = nc.on("echo", [](const conats::message& m) { m.try_respond(m.text()); });
            answer = adapt(nc.request("echo", "hello"), yield).text();
            adapt(nc.request("nobody", ""), yield[failed]);
        },
        asio::detached);
    context.run();
    CHECK(answer == "hello");
    CHECK(failed == errc::no_responders);
}
#endif
