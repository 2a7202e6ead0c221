// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connect_cause.hpp"
#include "engine/server_pool.hpp"

#include <conats/error.hpp>
#include <conats/reconnect.hpp>
#include <conats/server_info.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace conats {
inline namespace v0 {
namespace impl {

/// How often and how fast to reconnect. No aggregate, for g++ 12.
struct run_options {
    run_options() noexcept = default;

    static constexpr std::uint32_t unlimited = ~std::uint32_t{0};

    std::uint32_t max_reconnects = 60; ///< failures in a row, of each server
    std::chrono::nanoseconds wait = std::chrono::seconds(2);
    std::chrono::nanoseconds jitter = std::chrono::milliseconds(100);
    std::chrono::nanoseconds jitter_tls = std::chrono::seconds(1);
    bool is_tls = false; ///< whatever the scheme says
    bool retry_first_connect = false;
    bool ignore_auth_errors = false;
    reconnect_delay_function delay;
    server_chooser chooser;
};

enum class run_action : std::uint8_t {
    dial,   ///< try `server`
    wait,   ///< until `until`, or until told to go on at once
    give_up ///< for `failure`
};

struct run_step {
    run_step() noexcept = default;

    run_action action = run_action::give_up;
    std::shared_ptr<const server_address> server;
    std::chrono::steady_clock::time_point until{};
    error failure;
    std::string chooser_fault; ///< why its choice could not be followed
};

/// Decides which server is tried when, and when to give up. Pure.
///
/// The first connect is one round: each server once, without a pause. Later, and on a first
/// connect that may be retried, rounds go on with a pause between them, until each server has
/// failed too often. The server just lost counts as tried, so the others are tried at once; but not
/// where all of them take clients only to lose them soon.
class run_machine {
public:
    using clock = std::chrono::steady_clock;

    run_machine(server_pool& pool, run_options options, random_source random);

    /// What to do now. After `dial`, tell what became of it; `wait` may be asked again.
    run_step next(clock::time_point now, const server_info& last_info);
    void on_connected(clock::time_point now, bool is_tls) noexcept;
    void on_failed(error e);
    /// The connection is lost; false if it is not to be made again.
    [[nodiscard]] bool on_lost(clock::time_point now);
    /// The connection to another server, which is made already, takes its place.
    void on_moving(clock::time_point now);
    /// After how long to try to move away from a server that is about to close; `again`: since all
    /// others have failed.
    [[nodiscard]] std::chrono::nanoseconds moving_delay(bool is_tls, bool again);
    /// The next attempt is made without a pause.
    void retry_now() noexcept;
    /// Whether the first round is over without success.
    [[nodiscard]] bool first_round_failed() const noexcept { return is_first_ && rounds_ != 0; }
    [[nodiscard]] bool is_first_connect() const noexcept { return is_first_; }

private:
    static constexpr std::chrono::nanoseconds longest_short_session = std::chrono::seconds(2);

    run_step give_up();
    run_step pause(clock::time_point now);
    run_step dial(clock::time_point now, const server_info& last_info);
    bool choose(run_step& step, clock::time_point now, const server_info& last_info);
    [[nodiscard]] bool is_repeated_refusal(const error& e) const;
    [[nodiscard]] bool may_go_on() const noexcept;
    bool leave(clock::time_point now);
    [[nodiscard]] std::chrono::nanoseconds delay();
    [[nodiscard]] std::chrono::nanoseconds jitter(bool is_tls);
    [[nodiscard]] std::chrono::nanoseconds with_wait(std::chrono::nanoseconds more) const;

    server_pool& pool_;
    run_options options_;
    random_source random_;
    connect_cause cause_;
    error fatal_;
    std::size_t tried_ = 0; // in this round, of those still in the pool
    std::uint64_t rounds_ = 0;
    clock::time_point connected_at_{};
    std::shared_ptr<const server_address> connected_to_;
    std::shared_ptr<const server_address> last_failed_; // or lost soon
    clock::time_point resume_{};                        // the end of the pause
    bool pausing_ = false;
    bool hurry_ = false; // no pause before the next attempt
    bool is_first_ = true;
    bool chosen_ = false; // the chooser's delay is over
};

} // namespace impl
} // namespace v0
} // namespace conats
