// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/export.hpp>
#include <conats/server_info.hpp>
#include <conats/time_limit.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {

/// What `publish` does while the client has no connection.
enum class offline_policy : std::uint8_t {
    buffer, ///< accepts up to `reconnect_buffer` bytes, sent in order once connected again
    fail,   ///< reports `disconnected` at once
    wait    ///< suspends until connected again, at most for `offline_timeout`: then `timeout`, and
            ///< the message is not sent; what waits lies in the `reconnect_buffer`
};

/// What a client does when its server announces that it is about to shut down (lame duck mode).
enum class lame_duck_policy : std::uint8_t {
    move,      ///< moves to another server, if one can be reached, before this one closes
    event_only ///< raises the event and stays until the server closes
};

CONATS_EXPORT std::string_view to_string(offline_policy p) noexcept;
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, offline_policy p);
CONATS_EXPORT std::string_view to_string(lame_duck_policy p) noexcept;
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, lame_duck_policy p);

/// A server the client knows of. A value.
class CONATS_EXPORT server_state {
public:
    server_state();
    server_state(const server_state&);
    server_state(server_state&&) noexcept;
    server_state& operator=(const server_state&);
    server_state& operator=(server_state&&) noexcept;
    ~server_state();

    /// `scheme://host:port`, without userinfo.
    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    /// Attempts that failed since the last one that did not.
    [[nodiscard]] std::size_t failures() const noexcept { return failures_; }
    /// Whether another server named it, not the application.
    [[nodiscard]] bool is_discovered() const noexcept { return is_discovered_; }
    /// Whether the client is connected to it, or was last.
    [[nodiscard]] bool is_current() const noexcept { return is_current_; }
    /// Why the last attempt failed; no error if it did not.
    [[nodiscard]] const error& last_error() const noexcept { return last_error_; }

    server_state& url(std::string u) {
        url_ = std::move(u);
        return *this;
    }
    server_state& failures(std::size_t n) {
        failures_ = n;
        return *this;
    }
    server_state& is_discovered(bool d) {
        is_discovered_ = d;
        return *this;
    }
    server_state& is_current(bool c) {
        is_current_ = c;
        return *this;
    }
    server_state& last_error(error e) {
        last_error_ = std::move(e);
        return *this;
    }

private:
    std::string url_;
    error last_error_;
    std::size_t failures_ = 0;
    bool is_discovered_ = false;
    bool is_current_ = false;
};

/// Which server to try next, and when.
class CONATS_EXPORT server_choice {
public:
    server_choice() noexcept = default;
    /// The server at this position of the list, at once; one that has just failed, or was lost
    /// within 2 s, after the pause between rounds.
    // NOLINTNEXTLINE(google-explicit-constructor): `return 2;` in a chooser
    server_choice(std::size_t index) noexcept : index_(index) {}
    /// The same, after a delay.
    server_choice(std::size_t index, time_limit delay) noexcept : index_(index), delay_(delay) {}

    /// None: the client chooses as it does without a chooser.
    [[nodiscard]] std::optional<std::size_t> index() const noexcept { return index_; }
    /// How long to wait before.
    [[nodiscard]] std::chrono::nanoseconds delay() const noexcept { return delay_; }

private:
    std::optional<std::size_t> index_;
    std::chrono::nanoseconds delay_{};
};

/// Chooses the server for the next attempt: gets the servers in the order in which the client
/// would try them, and the last INFO. Called by the engine, one call at a time: it must not block.
/// A position outside the list raises `server_not_in_pool`, and the client chooses.
using server_chooser = std::function<server_choice(const std::vector<server_state>& servers,
                                                   const server_info& last_info)>;

/// How long to wait after a round over all servers has failed; `round` counts from 1. Called by
/// the engine: it must not block. Replaces `reconnect_wait` and the jitter.
using reconnect_delay_function = std::function<std::chrono::nanoseconds(std::uint64_t round)>;

} // namespace v0
} // namespace conats
