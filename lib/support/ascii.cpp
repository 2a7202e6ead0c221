// SPDX-License-Identifier: Apache-2.0
#include "support/ascii.hpp"

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

void append_escaped(std::string& out, char c) {
    static constexpr char hex[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
        out += c;
        return;
    }
    out += "\\x";
    out += hex[byte >> 4U];
    out += hex[byte & 15U];
}

} // namespace

std::string escaped(char c) {
    std::string out;
    append_escaped(out, c);
    return out;
}

std::string escaped_excerpt(std::string_view text, std::size_t max) {
    std::string out;
    for (const char c : text.substr(0, max)) {
        append_escaped(out, c);
    }
    if (text.size() > max) {
        out += "...";
    }
    return out;
}

} // namespace impl
} // namespace v0
} // namespace conats
