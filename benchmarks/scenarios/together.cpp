// SPDX-License-Identifier: Apache-2.0
#include "scenarios/together.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>

namespace bench {

gate::gate(const asio::any_io_executor& executor)
    : timer_(executor, asio::steady_timer::time_point::max()) {}

void gate::open() {
    open_ = true;
    timer_.cancel();
}

asio::awaitable<void> gate::wait() {
    while (!open_)
        co_await timer_.async_wait(asio::as_tuple(asio::deferred));
}

asio::awaitable<void> together(std::vector<work> works) {
    const auto executor = co_await asio::this_coro::executor;
    gate all_done(executor);
    std::size_t left = works.size();
    std::exception_ptr failure;
    const auto on_end = [&](const std::exception_ptr& thrown) {
        if (thrown && !failure)
            failure = thrown;
        // What still runs would wait for what has failed: the program ends.
        if (--left == 0 || failure)
            all_done.open();
    };
    for (work& w : works)
        asio::co_spawn(w.where, std::move(w.what), asio::bind_executor(executor, on_end));
    co_await all_done.wait();
    if (failure)
        std::rethrow_exception(failure);
}

} // namespace bench
