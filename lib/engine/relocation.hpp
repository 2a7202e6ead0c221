// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/abandon_guard.hpp"
#include "transport/timer.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>

namespace conats {
inline namespace v0 {

class error;

namespace impl {

class connect_walk;
class connection;
class server_address;

/// Beside a session: waits until its server is in lame duck mode and then moves the client to
/// another. The connection to that is made first, so that nothing changes while none is to be had.
class relocation {
public:
    /// `next`, empty, gets who has made the next connection.
    relocation(connection& c, std::unique_ptr<connect_walk>& next);
    relocation(const relocation&) = delete;
    relocation& operator=(const relocation&) = delete;
    ~relocation() = default;

    /// Ends when everything is said to the old server, or when `stop` is called.
    asio::awaitable<void> run(abandon_guard guard);
    /// The session is over.
    void stop();
    /// Whether `run` has begun.
    [[nodiscard]] bool is_running() const noexcept { return is_running_; }

private:
    asio::awaitable<void> move();
    asio::awaitable<void> rest(std::chrono::nanoseconds t);
    /// True if there is nothing left to do.
    asio::awaitable<bool> move_to(std::shared_ptr<const server_address> server);

    connection& connection_;
    std::unique_ptr<connect_walk>& next_;
    std::unique_ptr<timer> timer_; // as soon as it moves
    bool is_running_ = false;
    bool over_ = false;
    bool dialling_ = false;
};

} // namespace impl
} // namespace v0
} // namespace conats
