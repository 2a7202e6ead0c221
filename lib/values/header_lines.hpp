// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// Where the next CRLF begins; npos if there is none. A CR or LF alone belongs to the line.
inline std::size_t find_crlf(std::string_view text) noexcept {
    for (std::size_t from = 1; from < text.size(); ++from) {
        from = text.find('\n', from);
        if (from == std::string_view::npos) {
            break;
        }
        if (text[from - 1] == '\r') {
            return from - 1;
        }
    }
    return std::string_view::npos;
}

} // namespace impl
} // namespace v0
} // namespace conats
