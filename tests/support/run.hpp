// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/timing.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <concepts>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// Runs coroutines in tests. No Catch2 macro outside the test's thread: under run() all code is in
// it, under run_on_threads() none may be taken to be.

namespace conats::test {

namespace asio = boost::asio;

inline constexpr std::chrono::seconds run_limit{20};

/// Thrown when a deadline of this file passes.
class timed_out : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

namespace detail {

/// Runs the context in `threads` threads, this one among them, until it is out of work. Throws
/// the first exception of a handler, or timed_out with the test's name.
class runner {
public:
    explicit runner(unsigned threads = 1);

    [[nodiscard]] asio::io_context& context() { return context_; }
    void spawn(asio::awaitable<void> work);
    void spawn_on_strand(asio::awaitable<void> work);
    void drive(duration limit);

private:
    template <class Executor>
    void spawn_on(const Executor& executor, asio::awaitable<void> work);
    void run_until(const deadline& end);
    void ended(const std::exception_ptr& failure);
    void remember(const std::exception_ptr& failure);

    struct state;
    unsigned threads_;
    std::shared_ptr<state> state_;
    asio::io_context context_;
};

template <class T>
using stored = std::conditional_t<std::is_void_v<T>, char, T>;

template <class T>
asio::awaitable<void> store(asio::awaitable<T> work, std::optional<stored<T>>& result) {
    if constexpr (std::is_void_v<T>) {
        co_await std::move(work);
        result.emplace();
    } else {
        result.emplace(co_await std::move(work));
    }
}

template <class T>
T take(std::optional<stored<T>>& result) {
    if constexpr (!std::is_void_v<T>)
        return std::move(result).value();
}

template <class T>
struct awaited;
template <class T>
struct awaited<asio::awaitable<T>> {
    using type = T;
};

template <class F>
decltype(auto) start(F& body, asio::io_context& context) {
    if constexpr (std::invocable<F&, asio::io_context&>)
        return body(context);
    else
        return body();
}

/// What a coroutine lambda returns, in an awaitable. Nothing where F is none, whatever the order in
/// which a compiler looks at constraints.
template <class F>
struct body_result {};
template <std::invocable F>
struct body_result<F> : awaited<std::invoke_result_t<F>> {};
template <std::invocable<asio::io_context&> F>
struct body_result<F> : awaited<std::invoke_result_t<F, asio::io_context&>> {};

template <class F>
using result_of_body = typename body_result<F&>::type;

[[nodiscard]] timed_out timeout_error(const std::string& what, duration limit);

} // namespace detail

template <class F>
concept coroutine_body = std::invocable<F&> || std::invocable<F&, asio::io_context&>;

/// Runs a coroutine in this thread on an io_context of its own, returns its result or throws what
/// it threw. It is a failure (timed_out, naming the test) when, within the scaled limit, the
/// coroutine has not ended, or when something else still works in the context: all clients are to
/// be gone by then.
///
///     auto sum = run(add(1, 2));
template <class T>
T run(asio::awaitable<T> work, duration limit = run_limit) {
    std::optional<detail::stored<T>> result;
    detail::runner runner;
    runner.spawn(detail::store(std::move(work), result));
    runner.drive(limit);
    return detail::take<T>(result);
}

/// The same for a lambda that is the coroutine; it may take the io_context.
///
///     run([&]() -> asio::awaitable<void> { auto nc = co_await conats::connect(server.url()); });
template <coroutine_body F>
detail::result_of_body<F> run(F body, duration limit = run_limit) {
    using T = detail::result_of_body<F>;
    std::optional<detail::stored<T>> result;
    detail::runner runner;
    runner.spawn(detail::store(detail::start(body, runner.context()), result));
    runner.drive(limit);
    return detail::take<T>(result);
}

/// run() on a context that `threads` threads run; the coroutine itself is on a strand.
template <class T>
T run_on_threads(unsigned threads, asio::awaitable<T> work, duration limit = run_limit) {
    std::optional<detail::stored<T>> result;
    detail::runner runner(threads);
    runner.spawn_on_strand(detail::store(std::move(work), result));
    runner.drive(limit);
    return detail::take<T>(result);
}

template <coroutine_body F>
detail::result_of_body<F> run_on_threads(unsigned threads, F body, duration limit = run_limit) {
    using T = detail::result_of_body<F>;
    std::optional<detail::stored<T>> result;
    detail::runner runner(threads);
    runner.spawn_on_strand(detail::store(detail::start(body, runner.context()), result));
    runner.drive(limit);
    return detail::take<T>(result);
}

/// Runs several coroutines at once, each on its own strand.
inline void run_on_threads(unsigned threads, std::vector<asio::awaitable<void>> works,
                           duration limit = run_limit) {
    detail::runner runner(threads);
    for (auto& work : works)
        runner.spawn_on_strand(std::move(work));
    runner.drive(limit);
}

/// The coroutine's result, or timed_out after the scaled limit (the coroutine is cancelled then,
/// terminally). A guard for tests that are to fail early at a named place; on one thread or a
/// strand, as everything that cancels.
///
///     auto message = co_await with_timeout(sub.next(), 1s);
template <class T>
asio::awaitable<T> with_timeout(asio::awaitable<T> work, duration limit) {
    std::optional<detail::stored<T>> result;
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, scaled(limit));
    auto stored_work = detail::store(std::move(work), result);
    auto group = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, std::move(stored_work), asio::deferred),
        timer.async_wait(asio::deferred));
    auto [order, failure, expired] =
        co_await group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    if (order[0] == 1 && !expired)
        throw detail::timeout_error("an awaited operation", limit);
    if (failure)
        std::rethrow_exception(failure);
    co_return detail::take<T>(result);
}

/// eventually() for coroutines: leaves the thread to others between its questions.
///
///     const bool back = co_await async_eventually([&] { return peer.connections() == 2; });
///     CHECK(back);
inline asio::awaitable<bool> async_eventually(std::function<bool()> holds,
                                              duration within = std::chrono::seconds(5)) {
    const deadline end(within);
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor);
    while (!end.passed()) {
        if (holds())
            co_return true;
        timer.expires_after(std::chrono::milliseconds(1));
        co_await timer.async_wait(asio::use_awaitable);
    }
    co_return holds();
}

} // namespace conats::test
