// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// An inbound header block, taken apart in place.
struct header_block {
    bool well_formed = false;
    int status = 0;               ///< the inline status, 100..999; 0: none
    std::string_view description; ///< the inline status' words, may be empty
    std::string_view lines;       ///< `Name: Value\r\n` once per header, for `headers_view`
};

/// Takes apart `NATS/1.0[ status[ description]]`, the header lines and the empty line that ends
/// them. Where the block is malformed nothing but `well_formed` is set. (ADR-4)
header_block decode_header_block(std::string_view block) noexcept;

} // namespace impl
} // namespace v0
} // namespace conats
