// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace conats {
inline namespace v0 {
namespace impl {

enum class ping_action : std::uint8_t { none, send_ping, stale };

/// The keep-alive: decides when to send a PING and when the connection counts as dead. Pure.
///
/// The connection is stale at the tick that finds `max_outstanding` PINGs without an answer, so a
/// silent server is noticed after `max_outstanding + 1` intervals. An interval of zero or less
/// switches the keep-alive off.
class ping_tracker {
public:
    using clock = std::chrono::steady_clock;

    ping_tracker(clock::duration interval, std::uint32_t max_outstanding) noexcept;

    /// Starts anew for a connection made at `now`.
    void start(clock::time_point now) noexcept;
    /// When `on_tick` has to be called next; `time_point::max()` for never.
    [[nodiscard]] clock::time_point deadline() const noexcept { return deadline_; }
    [[nodiscard]] ping_action on_tick(clock::time_point now) noexcept;
    /// Any PONG shows that the server is alive, also one for a flush.
    void on_pong() noexcept { outstanding_ = 0; }

    static constexpr std::uint32_t most_outstanding = ~std::uint32_t{0};
    /// While paused nothing is stale, for PONGs are not read (overflow policy `wait`).
    void pause() noexcept;
    void resume(clock::time_point now) noexcept { start(now); }

    [[nodiscard]] std::uint32_t outstanding() const noexcept { return outstanding_; }

private:
    clock::duration interval_;
    clock::time_point deadline_ = clock::time_point::max();
    std::uint32_t max_outstanding_;
    std::uint32_t outstanding_ = 0;
};

} // namespace impl
} // namespace v0
} // namespace conats
