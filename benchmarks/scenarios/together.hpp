// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <utility>
#include <vector>

namespace bench {

namespace asio = boost::asio;

/// Opened once; until then a coroutine waits at it. Both on its executor.
class gate {
public:
    explicit gate(const asio::any_io_executor& executor);
    void open();
    [[nodiscard]] asio::awaitable<void> wait();

private:
    asio::steady_timer timer_;
    bool open_ = false;
};

/// A coroutine and where it runs.
struct work {
    asio::any_io_executor where;
    asio::awaitable<void> what;
};

/// Runs them at once and waits for all; throws what the first one that failed has thrown. Where the
/// caller runs, one thing is done at a time.
asio::awaitable<void> together(std::vector<work> works);

} // namespace bench
