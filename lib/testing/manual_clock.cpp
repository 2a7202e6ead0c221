// SPDX-License-Identifier: Apache-2.0
#include "transport/timer.hpp"

#include <conats/testing/manual_clock.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

namespace conats {
inline namespace v0 {
namespace testing {

namespace {

conats::impl::manual_time& time_in(asio::io_context& context) {
    return conats::impl::manual_time::of(context);
}

/// The end of a span, which may be as long as time.
manual_clock::time_point after(manual_clock::time_point from, manual_clock::duration d) {
    return d < manual_clock::time_point::max() - from ? from + d : manual_clock::time_point::max();
}

} // namespace

manual_clock::manual_clock(asio::io_context& context) : context_(context) {
    (void)time_in(context_);
}

manual_clock::time_point manual_clock::now() const {
    return time_in(context_).now();
}

manual_clock::time_point manual_clock::next_deadline() const {
    return time_in(context_).next_deadline();
}

void manual_clock::advance(duration d) {
    time_in(context_).advance_to(after(now(), d));
}

std::size_t manual_clock::run_ready() {
    std::size_t ran = 0;
    for (std::size_t n = 1; n != 0; ran += n) {
        context_.restart(); // it stops whenever it runs out of work
        n = context_.poll();
    }
    return ran;
}

std::size_t manual_clock::run_for(duration d) {
    const time_point end = after(now(), d);
    std::size_t ran = run_ready();
    while (next_deadline() <= end && next_deadline() != time_point::max()) {
        time_in(context_).advance_to(next_deadline());
        ran += run_ready();
    }
    if (end != time_point::max()) {
        time_in(context_).advance_to(end);
    }
    return ran + run_ready();
}

bool manual_clock::run_until(const std::function<bool()>& done, duration limit) {
    const time_point end = after(now(), limit);
    for (;;) {
        run_ready();
        if (done()) {
            return true;
        }
        const time_point next = next_deadline();
        if (next > end || next == time_point::max()) {
            if (end != time_point::max()) {
                time_in(context_).advance_to(end);
            }
            run_ready();
            return done();
        }
        time_in(context_).advance_to(next);
    }
}

asio::awaitable<void> manual_clock::sleep_for(duration d) {
    const auto executor = co_await asio::this_coro::executor;
    conats::impl::timer timer(executor);
    timer.expires_at(after(conats::impl::time_of(executor).now(), d));
    co_await timer.wait();
}

} // namespace testing
} // namespace v0
} // namespace conats
