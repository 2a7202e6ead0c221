// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

using wall_time = std::chrono::system_clock::time_point;

/// When a JWT expires, as its claim `exp` says. Nothing if it never does, or if `jwt` is nothing
/// that can be read: whether it is valid is for the server to say.
[[nodiscard]] std::optional<wall_time> jwt_expiry(std::string_view jwt);

/// What a refusal may come of, in words: "the JWT has expired at 2026-01-31T12:00:00Z". Empty if it
/// has not expired at `now`.
[[nodiscard]] std::string expiry_words(std::optional<wall_time> expires, wall_time now);

/// When to present a new JWT in place of one that is presented at `now` and expires at `expires`:
/// a tenth of the time that is left before that, at most 60 s. Nothing if less than 2 s are left:
/// whoever hands out such JWTs would be asked again and again; the server's word ends that.
[[nodiscard]] std::optional<wall_time> renewal_time(wall_time now, wall_time expires) noexcept;

} // namespace impl
} // namespace v0
} // namespace conats
