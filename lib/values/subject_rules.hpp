// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>

#include <cstdint>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// What is wrong with a subject, reply, queue group or inbox prefix. No allocation.
enum class subject_fault : std::uint8_t {
    none,
    empty,              ///< nothing there
    illegal_character,  ///< a blank, control character or NUL
    empty_token,        ///< `a..b`, `.a`, `a.`
    wildcard,           ///< `*` or `>` as a token where none may be
    misplaced_wildcard, ///< `>` before the last token
};

/// A subject to publish to. With `allow_empty_tokens` `a..b`, `.a` and `a.` pass; blanks and
/// control characters, which would corrupt the protocol, never do.
subject_fault check_publish_subject(std::string_view subject,
                                    bool allow_empty_tokens = false) noexcept;
/// A reply subject: as a publish subject, but empty (none) passes.
subject_fault check_reply(std::string_view reply, bool allow_empty_tokens = false) noexcept;
/// A subject to subscribe to; `*` is one whole token, `>` the whole rest.
subject_fault check_subscribe_subject(std::string_view subject) noexcept;
/// A queue group's name. Empty is a fault: "no queue group" is for the caller to tell.
subject_fault check_queue_group(std::string_view name) noexcept;
/// What stands before the '.' and the unique part of an inbox: a subject without `*` and `>`.
subject_fault check_inbox_prefix(std::string_view prefix) noexcept;

/// What `describe` speaks of.
enum class subject_role : std::uint8_t { subject, reply, queue_group, inbox_prefix };

/// The error for a fault found in `text`: its code follows from the role, its text names the
/// character and its position, its subject is the start of `text`, escaped.
error describe(subject_fault fault, subject_role what, std::string_view text);

} // namespace impl
} // namespace v0
} // namespace conats
