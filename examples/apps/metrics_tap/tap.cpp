// SPDX-License-Identifier: Apache-2.0
#include "tap.hpp"

#include <conats/message.hpp>
#include <conats/subscribe_options.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>
#include <vector>

namespace metrics_tap {

using namespace asio::experimental::awaitable_operators;

asio::awaitable<void> sleep_by_the_system(std::chrono::steady_clock::duration d) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, d);
    co_await timer.async_wait(asio::use_awaitable);
}

tap::tap(const conats::client& nc, const options& o,
         std::function<void(const std::string& snapshot)> emit, sleep_function sleep)
    : options_(o),
      emit_(std::move(emit)),
      sleep_(std::move(sleep)),
      values_(o.max_subjects),
      subscription_(nc, o.subject,
                    conats::subscribe_options()
                        .pending_limits(o.pending_messages, o.pending_bytes)
                        .on_overflow(conats::overflow::drop_oldest)) {}

asio::awaitable<void> tap::run() {
    co_await (read_all() || tell_at_intervals());
    tell();
}

asio::awaitable<void> tap::read_all() {
    constexpr std::size_t at_once = 1000;
    std::vector<conats::message> batch;
    while (co_await subscription_.next_batch(batch, at_once) != 0) {
        for (const conats::message& m : batch)
            values_.update(m.subject(), m.text());
        batch.clear();
    }
}

asio::awaitable<void> tap::tell_at_intervals() {
    const asio::cancellation_state ending = co_await asio::this_coro::cancellation_state;
    for (;;) {
        co_await sleep_(options_.interval);
        if (ending.cancelled() != asio::cancellation_type::none)
            co_return; // in the middle of a sleep: the last snapshot is yet to come
        tell();
    }
}

void tap::tell() {
    const auto now = std::chrono::system_clock::now();
    emit_(values_.snapshot(now, subscription_.statistics().dropped));
}

} // namespace metrics_tap
