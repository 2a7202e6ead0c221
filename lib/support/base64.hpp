// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// base64url without padding (RFC 4648, 5), as in signatures of nonces and in JWTs.
std::string base64url_encode(std::string_view bytes);

/// How many bytes a text of so many characters holds.
constexpr std::size_t base64url_decoded_size(std::size_t characters) noexcept {
    return characters / 4 * 3 + characters % 4 * 3 / 4;
}

/// Writes `base64url_decoded_size(text.size())` bytes at `to`. False, and nothing of use at `to`,
/// if the text is no base64url without padding. Bits left over are ignored, as by most readers.
bool base64url_decode(std::string_view text, char* to) noexcept;

} // namespace impl
} // namespace v0
} // namespace conats
