// SPDX-License-Identifier: Apache-2.0
#include "values/subject_rules.hpp"

#include "support/ascii.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#if defined(__SSE2__) && defined(__x86_64__)
#include <emmintrin.h>

#include <cstring>
#endif

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

bool is_illegal(char c) noexcept {
    return static_cast<unsigned char>(c) <= ' ';
}
bool is_wildcard(char c) noexcept {
    return c == '*' || c == '>';
}

std::size_t find_illegal(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::find_if(text.begin(), text.end(), is_illegal) -
                                    text.begin());
}

std::size_t find_empty_token(std::string_view subject) noexcept {
    if (subject.starts_with('.')) {
        return 0;
    }
    const std::size_t pair = subject.find("..");
    return pair != std::string_view::npos ? pair + 1 : subject.size() - 1;
}

enum class wildcards : bool { refused, allowed };

/// Walks over the tokens; the characters are legal.
subject_fault check_tokens(std::string_view subject, wildcards rule,
                           bool allow_empty_tokens) noexcept {
    for (std::size_t begin = 0; begin <= subject.size();) {
        const std::size_t end = std::min(subject.find('.', begin), subject.size());
        const std::string_view token = subject.substr(begin, end - begin);
        if (token.empty() && !allow_empty_tokens) {
            return subject_fault::empty_token;
        }
        if (token == "*" || token == ">") {
            if (rule == wildcards::refused) {
                return subject_fault::wildcard;
            }
            if (token == ">" && end != subject.size()) {
                return subject_fault::misplaced_wildcard;
            }
        }
        begin = end + 1;
    }
    return subject_fault::none;
}

subject_fault check_subject(std::string_view subject, wildcards rule,
                            bool allow_empty_tokens) noexcept {
    if (subject.empty()) {
        return subject_fault::empty;
    }
    if (find_illegal(subject) != subject.size()) {
        return subject_fault::illegal_character;
    }
    return check_tokens(subject, rule, allow_empty_tokens);
}

#if defined(__SSE2__) && defined(__x86_64__)

constexpr std::size_t max_quick_size = 64;

/// One bit per byte of a subject of up to 64 bytes.
struct subject_masks {
    std::uint64_t dots = 0;
    std::uint64_t suspicious = 0; // illegal, or perhaps a wildcard

    void add(__m128i bytes, std::uint64_t which, std::size_t position) noexcept {
        const __m128i illegal = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(' ')), bytes);
        const __m128i stars = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('*'));
        const __m128i greater = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('>'));
        const __m128i all = _mm_or_si128(illegal, _mm_or_si128(stars, greater));
        suspicious |= (bits(all) & which) << position;
        dots |= (bits(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('.'))) & which) << position;
    }

    static std::uint64_t bits(__m128i mask) noexcept {
        return static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(mask)));
    }
};

/// As many bytes as `Word` has, in the low bytes of a register.
template <class Word>
__m128i load(const char* at) noexcept {
    Word word;
    std::memcpy(&word, at, sizeof(word));
    if constexpr (sizeof(Word) == 16) {
        return word;
    } else {
        return _mm_cvtsi64_si128(static_cast<long long>(word));
    }
}

/// Blocks from the front, and one that ends at the end and may overlap: nothing beyond is read.
template <class Word>
subject_masks scan(std::string_view subject) noexcept {
    constexpr std::uint64_t which = (std::uint64_t{1} << sizeof(Word)) - 1;
    subject_masks masks;
    const std::size_t last = subject.size() - sizeof(Word);
    for (std::size_t at = 0; at < last; at += sizeof(Word)) {
        masks.add(load<Word>(subject.data() + at), which, at);
    }
    masks.add(load<Word>(subject.data() + last), which, last);
    return masks;
}

/// The first and the last bytes, which may overlap, in one register: of 4 to 7, or of 8 to 15.
template <class Word>
subject_masks scan_ends(std::string_view subject) noexcept {
    constexpr unsigned bytes = sizeof(Word);
    const char* const first = subject.data();
    const std::size_t last = subject.size() - bytes;
    Word head;
    Word tail;
    std::memcpy(&head, first, bytes);
    std::memcpy(&tail, first + last, bytes);
    subject_masks ends;
    if constexpr (bytes == 8) {
        ends.add(_mm_set_epi64x(static_cast<long long>(tail), static_cast<long long>(head)), ~0U,
                 0);
    } else {
        ends.add(_mm_set_epi32(0, 0, static_cast<int>(tail), static_cast<int>(head)), 0xff, 0);
    }
    constexpr std::uint64_t of_head = (std::uint64_t{1} << bytes) - 1;
    ends.dots = (ends.dots & of_head) | ends.dots >> bytes << last;
    return ends;
}

/// True if the subject is surely right; the walk over the tokens judges the others.
bool is_plain(std::string_view subject, bool allow_empty_tokens) noexcept {
    const std::size_t size = subject.size();
    if (size > max_quick_size || size < 2) {
        return false;
    }
    const subject_masks masks = size >= 16  ? scan<__m128i>(subject)
                                : size >= 8 ? scan_ends<std::uint64_t>(subject)
                                : size >= 4 ? scan_ends<std::uint32_t>(subject)
                                            : scan<std::uint16_t>(subject);
    const std::uint64_t edges = std::uint64_t{1} | std::uint64_t{1} << (size - 1);
    const std::uint64_t empty_tokens = masks.dots & (masks.dots << 1U | edges);
    return masks.suspicious == 0 && (empty_tokens == 0 || allow_empty_tokens);
}

#else

bool is_plain(std::string_view, bool) noexcept {
    return false;
}

#endif

/// "'\x0d' at position 3".
std::string at_position(std::string_view text, std::size_t at) {
    return '\'' + escaped(text[at]) + "' at position " + std::to_string(at);
}

std::size_t find_wildcard_token(std::string_view text, char which) noexcept {
    for (std::size_t at = 0; at != text.size(); ++at) {
        const bool begins = at == 0 || text[at - 1] == '.';
        const bool ends = at + 1 == text.size() || text[at + 1] == '.';
        if (begins && ends && (text[at] == which || (which == 0 && is_wildcard(text[at])))) {
            return at;
        }
    }
    // An inbox prefix holds none anywhere.
    return std::min(text.find_first_of("*>"), text.size() - 1);
}

std::string words_for(subject_fault fault, std::string_view text) {
    switch (fault) {
    case subject_fault::none: break;
    case subject_fault::empty: return "is empty";
    case subject_fault::illegal_character: return "holds " + at_position(text, find_illegal(text));
    case subject_fault::empty_token:
        return "has an empty token: " + at_position(text, find_empty_token(text));
    case subject_fault::wildcard:
        return "holds the wildcard " + at_position(text, find_wildcard_token(text, 0));
    case subject_fault::misplaced_wildcard:
        return "holds a wildcard that may only be the last token: " +
               at_position(text, find_wildcard_token(text, '>'));
    }
    return "is valid";
}

std::string_view name_of(subject_role role) noexcept {
    switch (role) {
    case subject_role::subject: break;
    case subject_role::reply: return "reply subject";
    case subject_role::queue_group: return "queue group";
    case subject_role::inbox_prefix: return "inbox prefix";
    }
    return "subject";
}

errc code_of(subject_role role) noexcept {
    switch (role) {
    case subject_role::queue_group: return errc::invalid_queue_group;
    case subject_role::inbox_prefix: return errc::invalid_inbox_prefix;
    default: return errc::invalid_subject;
    }
}

} // namespace

subject_fault check_publish_subject(std::string_view subject, bool allow_empty_tokens) noexcept {
    if (is_plain(subject, allow_empty_tokens)) [[likely]] {
        return subject_fault::none;
    }
    return check_subject(subject, wildcards::refused, allow_empty_tokens);
}

subject_fault check_reply(std::string_view reply, bool allow_empty_tokens) noexcept {
    return reply.empty() ? subject_fault::none : check_publish_subject(reply, allow_empty_tokens);
}

subject_fault check_subscribe_subject(std::string_view subject) noexcept {
    return check_subject(subject, wildcards::allowed, false);
}

subject_fault check_queue_group(std::string_view name) noexcept {
    if (name.empty()) {
        return subject_fault::empty;
    }
    return find_illegal(name) != name.size() ? subject_fault::illegal_character
                                             : subject_fault::none;
}

subject_fault check_inbox_prefix(std::string_view prefix) noexcept {
    const subject_fault fault = check_subject(prefix, wildcards::refused, false);
    const bool clean =
        fault != subject_fault::none || prefix.find_first_of("*>") == std::string_view::npos;
    return clean ? fault : subject_fault::wildcard;
}

error describe(subject_fault fault, subject_role what, std::string_view text) {
    const std::string shown = escaped_excerpt(text);
    std::string words(name_of(what));
    words += text.empty() ? " " : " \"" + shown + "\" ";
    words += words_for(fault, text);
    return error(code_of(what), std::move(words)).subject(shown);
}

} // namespace impl
} // namespace v0
} // namespace conats
