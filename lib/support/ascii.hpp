// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

// Text as the protocol sees it: bytes, of which only ASCII letters have a case. No locale.

constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool is_blank(char c) noexcept {
    return c == ' ' || c == '\t';
}
constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

constexpr bool equal_ignore_case(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) {
        return false;
    }
    for (std::size_t i = 0; i != a.size(); ++i) {
        if (to_lower(a[i]) != to_lower(b[i])) {
            return false;
        }
    }
    return true;
}

constexpr bool starts_with_ignore_case(std::string_view text, std::string_view prefix) noexcept {
    return text.size() >= prefix.size() && equal_ignore_case(text.substr(0, prefix.size()), prefix);
}

constexpr std::string_view trim_blanks(std::string_view text) noexcept {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

/// The whole of `text` as a decimal number. False if it is empty, holds anything but digits or
/// exceeds the range; `out` is unchanged then.
constexpr bool parse_decimal(std::string_view text, std::uint64_t& out) noexcept {
    constexpr std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
    if (text.empty()) {
        return false;
    }
    std::uint64_t value = 0;
    for (const char c : text) {
        if (!is_digit(c)) {
            return false;
        }
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (value > (max - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    out = value;
    return true;
}

inline constexpr std::size_t max_decimal_size = 20;

/// How many characters `write_decimal` writes.
constexpr std::size_t decimal_size(std::uint64_t value) noexcept {
    std::size_t digits = 1;
    for (std::uint64_t limit = 10; digits != max_decimal_size && value >= limit; limit *= 10) {
        ++digits;
    }
    return digits;
}

/// Writes `value` at `to` (room for `max_decimal_size`) and returns the end of what it wrote.
inline char* write_decimal(char* to, std::uint64_t value) noexcept {
    // Most are sizes of small payloads: 25 of 400 instructions a publication less than by the loop.
    if (value < 100) {
        if (value >= 10) {
            *to++ = static_cast<char>('0' + value / 10);
        }
        *to++ = static_cast<char>('0' + value % 10);
        return to;
    }
    char* const end = to + decimal_size(value);
    char* at = end;
    do {
        *--at = static_cast<char>('0' + value % 10);
        value /= 10;
    } while (at != to);
    return end;
}

/// `\x0d` for a byte that is not printable ASCII, the character itself otherwise.
std::string escaped(char c);

/// The first `max` bytes of `text` for an error text: what is not printable ASCII as `\x0d`,
/// "..." behind it where something was left out.
std::string escaped_excerpt(std::string_view text, std::size_t max = 64);

} // namespace impl
} // namespace v0
} // namespace conats
