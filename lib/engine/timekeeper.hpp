// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/abandon_guard.hpp"
#include "engine/connection.hpp"
#include "transport/timer.hpp"

#include <boost/asio/awaitable.hpp>

namespace conats {
inline namespace v0 {
namespace impl {

/// The loop that does what is due, connected or not: deadlines, PINGs, and the end of a connection
/// that is late. Lives in the frame of `run`.
class timekeeper final : public timer_control {
public:
    explicit timekeeper(connection& c);
    timekeeper(const timekeeper&) = delete;
    timekeeper& operator=(const timekeeper&) = delete;
    ~timekeeper();

    /// Runs until `stop`.
    asio::awaitable<void> run(abandon_guard guard);
    void stop();
    /// Whether `run` has begun.
    [[nodiscard]] bool is_running() const noexcept { return is_running_; }

    void wake_timer() override { timer_.cancel(); }

private:
    connection& connection_;
    timer timer_;
    bool is_running_ = false;
    bool over_ = false;
};

} // namespace impl
} // namespace v0
} // namespace conats
