// SPDX-License-Identifier: Apache-2.0
#include "protocol/message_line.hpp"

namespace conats {
inline namespace v0 {
namespace impl {

bool parse_wide_message(const char* first, const char* last, line_masks begin, unsigned verb_size,
                        std::size_t max_payload, message_frame& out, std::size_t& size) noexcept {
    if (last - first < 64) {
        return false;
    }
    const line_masks rest = classify_next_32(classify_32(first + 64), first + 64);
    const unsigned line_end = 64 + static_cast<unsigned>(std::countr_zero(rest.control));
    // The last of them has no readable byte behind it for sure.
    if (rest.control << 1U == 0) {
        return false;
    }
    return read_message(first, last, wide_blank_cursor(begin.space, rest.space), verb_size,
                        line_end, max_payload, out, size);
}

bool parse_headed_message(const char* first, const char* last, std::size_t max_payload,
                          message_frame& out, std::size_t& size) noexcept {
    return is_verb(first, "hmsg") && first[4] == ' ' &&
           parse_message_behind<5>(first, last, max_payload, out, size);
}

} // namespace impl
} // namespace v0
} // namespace conats
