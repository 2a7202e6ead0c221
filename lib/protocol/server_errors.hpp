// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// What an -ERR means. The views point into its text.
struct server_failure {
    errc code = errc::server_error;
    bool fatal = false; ///< the server closes the connection after it
    bool about_publish = false;
    bool about_subscription = false;
    std::string_view subject; ///< the refused subject, as the server quoted it
    std::string_view queue;   ///< its queue group
    std::string_view reply;   ///< the refused reply subject of a publish
    std::uint64_t sid = 0;    ///< 0: not said
};

/// Classifies the text of an -ERR, without its quotes, in any case of letters. An unknown text is
/// `errc::server_error`, not fatal: the connection is lost when the server closes it.
server_failure classify(std::string_view text) noexcept;

/// What is told of the text of an -ERR: the text itself, unless it is longer than 1 KiB or holds
/// control characters, for it ends in logs and on terminals.
std::string told_text(std::string_view text);

} // namespace impl
} // namespace v0
} // namespace conats
