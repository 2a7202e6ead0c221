// SPDX-License-Identifier: Apache-2.0
#include "scenarios/together.hpp"

#include "scenarios/scenarios.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/this_coro.hpp>

#include <exception>
#include <utility>

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

asio::awaitable<void> together(setting& s, std::vector<work> works) {
    const auto executor = co_await asio::this_coro::executor;
    gate all_done(executor);
    std::size_t left = works.size();
    const auto on_end = [&](const std::exception_ptr& thrown) {
        if (thrown)
            s.fail(thrown);
        if (--left == 0)
            all_done.open();
    };
    for (work& w : works)
        asio::co_spawn(w.where, std::move(w.what), asio::bind_executor(executor, on_end));
    co_await all_done.wait();
    if (s.failure())
        std::rethrow_exception(s.failure());
}

} // namespace bench
