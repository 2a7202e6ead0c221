// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>

#include <string_view>

namespace conats {
inline namespace v0 {

/// Whether a message may be published to `subject`: not empty, no blank, control character or
/// NUL, no empty token (`a..b`, `.a`, `a.`), no wildcard token (`*`, `>`).
CONATS_EXPORT bool is_valid_publish_subject(std::string_view subject) noexcept;

/// Whether `subject` may be subscribed to: as above, with `*` for one whole token anywhere and
/// `>` for the whole rest as the last token.
CONATS_EXPORT bool is_valid_subscribe_subject(std::string_view subject) noexcept;

/// Whether a queue group's name is accepted: not empty, no blank, control character or NUL.
CONATS_EXPORT bool is_valid_queue_group(std::string_view name) noexcept;

/// Whether a message to `subject` is delivered to a subscription of `pattern`. Both are valid;
/// comparison is byte by byte and case-sensitive.
CONATS_EXPORT bool subject_matches(std::string_view pattern, std::string_view subject) noexcept;

} // namespace v0
} // namespace conats
