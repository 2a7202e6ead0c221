// SPDX-License-Identifier: Apache-2.0
#include "protocol/header_codec.hpp"

#include "support/ascii.hpp"
#include "values/header_lines.hpp"

#include <cstddef>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::string_view version = "NATS/1.0";

/// Reads what stands behind the version: `[ status[ description]]`.
bool read_status(std::string_view text, header_block& out) noexcept {
    if (!text.empty() && !is_blank(text.front())) {
        return false;
    }
    text = trim_blanks(text);
    if (text.empty()) {
        return true;
    }
    constexpr std::size_t status_size = 3;
    std::uint64_t status = 0;
    if (!parse_decimal(text.substr(0, status_size), status) || status < 100 ||
        (text.size() > status_size && !is_blank(text[status_size]))) {
        return false;
    }
    out.status = static_cast<int>(status);
    out.description = trim_blanks(text.substr(status_size));
    return true;
}

/// Whether a line is `Name:...`. ADR-4 wants names of printable ASCII. Of what others send only
/// that is refused which would make a name ambiguous: nothing, blanks, controls.
bool has_name(std::string_view line) noexcept {
    for (std::size_t i = 0; i != line.size(); ++i) {
        const auto byte = static_cast<unsigned char>(line[i]);
        if (byte == ':') {
            return i != 0;
        }
        if (byte <= ' ' || byte == 0x7f) {
            return false;
        }
    }
    return false;
}

bool are_header_lines(std::string_view lines) noexcept {
    while (!lines.empty()) {
        const std::size_t size = find_crlf(lines);
        if (size == std::string_view::npos || !has_name(lines.substr(0, size))) {
            return false;
        }
        lines.remove_prefix(size + 2);
    }
    return true;
}

} // namespace

header_block decode_header_block(std::string_view block) noexcept {
    header_block out;
    const std::size_t first_line = find_crlf(block);
    if (!block.starts_with(version) || !block.ends_with("\r\n") ||
        first_line + 4 > block.size() || // npos + 4 wraps: excluded by the line above
        !read_status(block.substr(version.size(), first_line - version.size()), out)) {
        return {};
    }
    const std::string_view lines = block.substr(first_line + 2, block.size() - first_line - 4);
    if (!are_header_lines(lines)) {
        return {};
    }
    out.lines = lines;
    out.well_formed = true;
    return out;
}

} // namespace impl
} // namespace v0
} // namespace conats
