// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace chat {

/// The files of page/, which the build has put into the program.
[[nodiscard]] std::string_view page_html() noexcept;
[[nodiscard]] std::string_view page_css() noexcept;
[[nodiscard]] std::string_view page_js() noexcept;

} // namespace chat
