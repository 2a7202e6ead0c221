// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/connect_attempt.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

/// Gathers what an attempt to connect goes through. Pure. The time between two marks is that of
/// the phase entered by the first of them.
class attempt_recorder {
public:
    using time_point = std::chrono::steady_clock::time_point;

    attempt_recorder(std::string server, std::uint64_t number, time_point now)
        : attempt_(std::move(server), number),
          since_(now) {}

    void enter(connect_phase p, time_point now) noexcept {
        attempt_.add_time(attempt_.phase(), now - since_).phase(p);
        since_ = now;
    }
    void address(std::string text) { attempt_.add_address(std::move(text)); }
    void server_said(std::string_view words) { attempt_.server_words(words); }

    /// The attempt is over, for this reason if it failed.
    [[nodiscard]] connect_attempt finish(const error& e, time_point now) {
        enter(attempt_.phase(), now);
        attempt_.what(e);
        return attempt_;
    }

private:
    connect_attempt attempt_;
    time_point since_;
};

} // namespace impl
} // namespace v0
} // namespace conats
