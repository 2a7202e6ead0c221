// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <vector>

namespace bench {

namespace asio = boost::asio;

/// Opened once; until then coroutines wait at it. For one thread.
class gate {
public:
    explicit gate(const asio::any_io_executor& executor);
    void open();
    [[nodiscard]] asio::awaitable<void> wait();

private:
    asio::steady_timer timer_;
    bool open_ = false;
};

/// Runs them at once and waits for all; throws what the first one that failed has thrown.
asio::awaitable<void> together(std::vector<asio::awaitable<void>> works);

} // namespace bench
