// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <vector>

namespace bench {

namespace asio = boost::asio;

class setting;

/// Opened once; until then a coroutine waits at it. Both on its executor.
class gate {
public:
    explicit gate(const asio::any_io_executor& executor);
    void open();
    [[nodiscard]] asio::awaitable<void> wait();
    [[nodiscard]] asio::any_io_executor get_executor() { return timer_.get_executor(); }

private:
    asio::steady_timer timer_;
    bool open_ = false;
};

/// A coroutine and where it runs.
struct work {
    asio::any_io_executor where;
    asio::awaitable<void> what;
};

/// Runs them at once and waits for all. What one of them throws has the scenario fail, so that the
/// others end, too; then it is thrown. Where the caller runs, one thing is done at a time.
asio::awaitable<void> together(setting& s, std::vector<work> works);

} // namespace bench
