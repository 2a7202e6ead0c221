// SPDX-License-Identifier: Apache-2.0

#include "support/run.hpp"

#include "support/catch.hpp"

#include <mutex>
#include <thread>

namespace conats::test::detail {

/// Shared with the handlers, so that it outlives the context.
struct runner::state {
    std::mutex mutex;
    std::exception_ptr failure;
    int running = 0;
};

runner::runner(unsigned threads)
    : threads_(threads == 0 ? 1 : threads),
      state_(std::make_shared<state>()),
      context_(static_cast<int>(threads_)) {}

void runner::spawn(asio::awaitable<void> work) {
    spawn_on(context_.get_executor(), std::move(work));
}

void runner::spawn_on_strand(asio::awaitable<void> work) {
    spawn_on(asio::make_strand(context_.get_executor()), std::move(work));
}

template <class Executor>
void runner::spawn_on(const Executor& executor, asio::awaitable<void> work) {
    ++state_->running;
    auto on_end = [this](const std::exception_ptr& failure) { ended(failure); };
    asio::co_spawn(executor, std::move(work), on_end);
}

void runner::ended(const std::exception_ptr& failure) {
    {
        const std::lock_guard lock(state_->mutex);
        --state_->running;
    }
    if (failure)
        remember(failure);
}

void runner::remember(const std::exception_ptr& failure) {
    const std::lock_guard lock(state_->mutex);
    if (!state_->failure)
        state_->failure = failure;
    context_.stop();
}

void runner::run_until(const deadline& end) {
    try {
        context_.run_until(end.time());
    } catch (...) {
        remember(std::current_exception());
    }
}

void runner::drive(duration limit) {
    const deadline end(limit);
    {
        std::vector<std::jthread> helpers;
        for (unsigned i = 1; i < threads_; ++i)
            helpers.emplace_back([&] { run_until(end); });
        run_until(end);
    }
    if (state_->failure)
        std::rethrow_exception(state_->failure);
    if (state_->running > 0)
        throw timeout_error("a coroutine of the test", limit);
    if (!context_.stopped())
        throw timeout_error("work left in the io_context after the test's coroutine ended,", limit);
}

timed_out timeout_error(const std::string& what, duration limit) {
    const auto test = Catch::getResultCapture().getCurrentTestName();
    const auto seconds = std::chrono::duration<double>(scaled(limit)).count();
    return timed_out("test timed out: " + what + " did not end in " + std::to_string(seconds) +
                     " s, in \"" + test + "\"");
}

} // namespace conats::test::detail
