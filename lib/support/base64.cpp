// SPDX-License-Identifier: Apache-2.0
#include "support/base64.hpp"

#include <cstdint>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The six bits a character stands for, 64 or more if it stands for none. By comparison, not by a
/// table: what is decoded may be secret, and which part of a table is read can be observed.
constexpr std::uint32_t bits_of(char c) noexcept {
    if (c >= 'A' && c <= 'Z') {
        return static_cast<std::uint32_t>(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return static_cast<std::uint32_t>(c - 'a') + 26;
    }
    if (c >= '0' && c <= '9') {
        return static_cast<std::uint32_t>(c - '0') + 52;
    }
    if (c == '-') {
        return 62;
    }
    return c == '_' ? 63 : 64;
}

} // namespace

std::string base64url_encode(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() * 4 + 2) / 3);
    std::uint32_t held = 0;
    unsigned count = 0; // of bits held
    for (const char c : bytes) {
        held = held << 8U | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6) {
            out += alphabet[held >> (count - 6) & 63U];
        }
    }
    if (count != 0) {
        out += alphabet[held << (6 - count) & 63U];
    }
    return out;
}

bool base64url_decode(std::string_view text, char* to) noexcept {
    if (text.size() % 4 == 1) {
        return false;
    }
    std::uint32_t held = 0;
    unsigned count = 0;
    for (const char c : text) {
        const std::uint32_t bits = bits_of(c);
        if (bits > 63) {
            return false;
        }
        held = held << 6U | bits;
        count += 6;
        if (count >= 8) {
            count -= 8;
            *to++ = static_cast<char>(held >> count & 255U);
        }
    }
    return true;
}

} // namespace impl
} // namespace v0
} // namespace conats
