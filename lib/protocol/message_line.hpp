// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace conats {
inline namespace v0 {
namespace impl {

/// A MSG or HMSG as views into the bytes it was parsed from.
struct message_frame {
    std::uint64_t sid = 0;
    const char* subject = nullptr;
    const char* reply = nullptr; ///< nullptr: none
    const char* body = nullptr;  ///< header block, then payload
    std::uint32_t subject_size = 0;
    std::uint32_t reply_size = 0;
    std::uint32_t header_size = 0;
    std::uint32_t total_size = 0; ///< header block and payload
};

/// Bytes readable behind what `parse_message` is shown.
inline constexpr std::size_t message_line_padding = 64;
/// The smallest header block that servers relay; that it is malformed is no fault of theirs.
inline constexpr std::uint64_t min_header_size = 1;

/// Bytes of `MSG ` with its blank.
inline constexpr unsigned plain_verb_size = 4;

/// Which bytes are blanks or controls, one bit per byte.
struct line_masks {
    std::uint64_t space;   ///< is ' '
    std::uint64_t control; ///< is below ' '
};

/// Looks at 32 bytes. Without SSE2 a message of 16 bytes takes 577 instructions instead of 143 to
/// parse, one of varied fields 975 instead of 190.
#if defined(__SSE2__)
inline line_masks classify_32(const char* at) noexcept {
    const auto bits = [](__m128i low, __m128i high) {
        return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(low)) |
                                          static_cast<unsigned>(_mm_movemask_epi8(high)) << 16U);
    };
    const auto is_space = [](__m128i bytes) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')); };
    const auto is_control = [](__m128i bytes) {
        return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(' ' - 1)), bytes);
    };
    __m128i low;
    __m128i high;
    std::memcpy(&low, at, sizeof(low));
    std::memcpy(&high, at + sizeof(low), sizeof(high));
    return {bits(is_space(low), is_space(high)), bits(is_control(low), is_control(high))};
}
#else
inline line_masks classify_32(const char* at) noexcept {
    line_masks masks{0, 0};
    for (unsigned i = 0; i != 32; ++i) {
        const auto byte = static_cast<unsigned char>(at[i]);
        masks.space |= static_cast<std::uint64_t>(byte == ' ') << i;
        masks.control |= static_cast<std::uint64_t>(byte < ' ') << i;
    }
    return masks;
}
#endif

/// Adds the 32 bytes behind those that `masks` tells of.
inline line_masks classify_next_32(line_masks masks, const char* at) noexcept {
    const line_masks next = classify_32(at + 32);
    return {masks.space | next.space << 32U, masks.control | next.control << 32U};
}

/// Whether the four bytes at `at` are `verb`, given in lower case, in any case of letters.
inline bool is_verb(const char* at, const char* verb) noexcept {
    std::uint32_t there = 0;
    std::uint32_t wanted = 0;
    std::memcpy(&there, at, sizeof(there));
    std::memcpy(&wanted, verb, sizeof(wanted));
    // A NUL would pass for a blank: the masks see it as a control before the line's end.
    return (there | 0x20202020U) == wanted;
}

/// Whether a line ends at `at`.
inline bool is_line_end(const char* at) noexcept {
    std::uint16_t there = 0;
    std::uint16_t wanted = 0;
    std::memcpy(&there, at, sizeof(there));
    std::memcpy(&wanted, "\r\n", sizeof(wanted));
    return there == wanted;
}

/// A number that ends before `end`: its value, and where it begins.
struct number_before {
    std::uint32_t value = 0;
    unsigned begin;
};

/// Up to 8 digits. The next message begins where this number says, so all work on the next one
/// waits for it: that is why it is read apart from the other fields, from the line's end, and by
/// branches that the processor foresees.
inline number_before read_number_before(const char* line, unsigned end) noexcept {
    number_before number{0, end};
    for (std::uint32_t scale = 1; scale <= 10'000'000; scale *= 10) {
        const auto digit = static_cast<unsigned char>(line[number.begin - 1] - '0');
        if (digit > 9) {
            break;
        }
        number.value += digit * scale;
        --number.begin;
    }
    return number;
}

/// The number of `size` digits, up to 8, at `at`, behind a blank. False if it holds anything else.
inline bool read_decimal_bytewise(const char* at, unsigned size, std::uint64_t& out) noexcept {
    // From the byte before, which is no digit and ends the loop.
    const number_before number = read_number_before(at - 1, size + 1);
    out = number.value;
    return number.begin == 1;
}

/// The number of `size` digits at `at`, behind a blank, of which 8 bytes are readable. False if it
/// is longer than 8 digits (rare: the slow parser reads it) or holds anything else.
[[gnu::always_inline]] inline bool read_short_decimal(const char* at, unsigned size,
                                                      std::uint64_t& out) noexcept {
    if (size == 1) { // most programs have few subscriptions: 25 of 35 instructions less
        out = static_cast<unsigned char>(*at - '0');
        return out <= 9;
    }
    if (size - 1 > 7) {
        return false;
    }
    if constexpr (std::endian::native == std::endian::little) { // 17 of 207 instructions less
        std::uint64_t digits = 0;
        std::memcpy(&digits, at, sizeof(digits));
        // One digit per byte, 0..9, the number at the top and zeros for what is before it.
        digits = (digits ^ 0x3030303030303030U) << (64 - 8 * size);
        if ((((digits + 0x7676767676767676U) | digits) & 0x8080808080808080U) != 0) {
            return false;
        }
        digits = digits * 10 + (digits >> 8U); // pairs
        constexpr std::uint64_t lanes = 0x000000FF000000FFU;
        out = ((digits & lanes) * 0x000F424000000064U +
               ((digits >> 16U) & lanes) * 0x0000271000000001U) >>
              32U;
        return true;
    } else {
        return read_decimal_bytewise(at, size, out);
    }
}

/// The positions of a line's blanks, one after the other; some number behind the line at the end.
class blank_cursor {
public:
    explicit blank_cursor(std::uint64_t blanks) noexcept : blanks_(blanks) {}

    [[gnu::always_inline]] unsigned next() noexcept {
        // With a bit at the end there is always one, which saves a branch: 2 of 192 instructions.
        const auto at = static_cast<unsigned>(std::countr_zero(blanks_ | std::uint64_t{1} << 63U));
        blanks_ &= blanks_ - 1;
        return at;
    }

private:
    std::uint64_t blanks_;
};

/// The same for a line of up to 128 bytes.
class wide_blank_cursor {
public:
    wide_blank_cursor(std::uint64_t blanks, std::uint64_t later) noexcept
        : blanks_(blanks),
          later_(later) {}

    unsigned next() noexcept {
        if (blanks_ == 0) {
            blanks_ = later_;
            later_ = 0;
            base_ = 64;
        }
        const auto at = static_cast<unsigned>(std::countr_zero(blanks_)) + base_;
        blanks_ &= blanks_ - 1;
        return at;
    }

private:
    std::uint64_t blanks_;
    std::uint64_t later_;
    unsigned base_ = 0;
};

/// Reads a message whose line ends at `line_end` and whose verb takes `verb_size` bytes with its
/// blank. False if anything is not as servers write it.
template <class Blanks>
[[gnu::always_inline]] inline bool read_message(const char* first, const char* last, Blanks blanks,
                                                unsigned verb_size, unsigned line_end,
                                                std::size_t max_payload, message_frame& out,
                                                std::size_t& size) noexcept {
    const number_before total = read_number_before(first, line_end);
    const std::size_t body = line_end + 2;
    const std::size_t whole = body + total.value + 2;
    if (!is_line_end(first + line_end) || total.begin == line_end || total.value > max_payload ||
        whole > static_cast<std::size_t>(last - first) || !is_line_end(first + whole - 2)) {
        return false;
    }
    number_before header{0, total.begin};
    if (verb_size != plain_verb_size) {
        header = read_number_before(first, total.begin - 1);
        if (first[total.begin - 1] != ' ' || header.begin + 1 == total.begin ||
            header.value < min_header_size || header.value > total.value) {
            return false;
        }
    }
    blanks.next(); // behind the verb
    const unsigned subject_end = blanks.next();
    const unsigned sid_end = blanks.next();
    const unsigned reply = sid_end + 1;
    // Without a reply the numbers follow, behind two blanks in MSG: an empty reply.
    const unsigned reply_end = reply == header.begin ? sid_end : blanks.next();
    if (subject_end == verb_size || reply_end + 1 != header.begin ||
        !read_short_decimal(first + subject_end + 1, sid_end - subject_end - 1, out.sid)) {
        return false;
    }
    const unsigned reply_size = reply_end > reply ? reply_end - reply : 0;
    out.subject = first + verb_size;
    out.subject_size = subject_end - verb_size;
    out.reply = reply_size != 0 ? first + reply : nullptr;
    out.reply_size = reply_size;
    out.body = first + body;
    out.header_size = header.value;
    out.total_size = total.value;
    size = whole;
    return true;
}

/// `parse_message` for a line that does not end within its first 64 bytes.
bool parse_wide_message(const char* first, const char* last, line_masks begin, unsigned verb_size,
                        std::size_t max_payload, message_frame& out, std::size_t& size) noexcept;

/// `parse_message` behind a verb, of a range of at least 13 bytes.
template <unsigned VerbSize>
[[gnu::always_inline]] inline bool parse_message_behind(const char* first, const char* last,
                                                        std::size_t max_payload, message_frame& out,
                                                        std::size_t& size) noexcept {
    line_masks masks = classify_32(first);
    if (masks.control == 0) {
        masks = classify_next_32(masks, first);
    }
    if (masks.control == 0) {
        return parse_wide_message(first, last, masks, VerbSize, max_payload, out, size);
    }
    const auto line_end = static_cast<unsigned>(std::countr_zero(masks.control));
    return read_message(first, last, blank_cursor(masks.space), VerbSize, line_end, max_payload,
                        out, size);
}

/// `parse_message` for HMSG.
bool parse_headed_message(const char* first, const char* last, std::size_t max_payload,
                          message_frame& out, std::size_t& size) noexcept;

/// The fast way for a message that is here as a whole, with a line of less than 128 bytes that
/// looks as servers write it. False for everything else, whatever it is: the slow parser judges,
/// in seven to ten times as many instructions.
[[gnu::always_inline]] inline bool parse_message(const char* first, const char* last,
                                                 std::size_t max_payload, message_frame& out,
                                                 std::size_t& size) noexcept {
    constexpr std::ptrdiff_t smallest = 13; // MSG a 1 0, with two CRLF
    if (last - first < smallest) {
        return false;
    }
    if (is_verb(first, "msg ")) [[likely]] {
        return parse_message_behind<plain_verb_size>(first, last, max_payload, out, size);
    }
    return parse_headed_message(first, last, max_payload, out, size);
}

} // namespace impl
} // namespace v0
} // namespace conats
