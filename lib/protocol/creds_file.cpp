// SPDX-License-Identifier: Apache-2.0
#include "protocol/creds_file.hpp"

#include "support/ascii.hpp"
#include "values/secret_access.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

enum class line_kind : std::uint8_t { blank, content, begin_jwt, begin_seed, begin_other, end };

std::string_view trim_line(std::string_view line) noexcept {
    while (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    return trim_blanks(line);
}

/// What stands between the dashes of a decoration, or nothing.
std::string_view decorated(std::string_view line) noexcept {
    constexpr std::string_view dashes = "---";
    if (!line.starts_with(dashes) || !line.ends_with(dashes)) {
        return {};
    }
    const std::size_t from = line.find_first_not_of('-');
    if (from == std::string_view::npos) {
        return {};
    }
    return trim_blanks(line.substr(from, line.find_last_not_of('-') - from + 1));
}

line_kind classify(std::string_view line) noexcept {
    if (line.empty()) {
        return line_kind::blank;
    }
    std::string_view title = decorated(line);
    if (starts_with_ignore_case(title, "END ")) {
        return line_kind::end;
    }
    if (!starts_with_ignore_case(title, "BEGIN ")) {
        return line_kind::content;
    }
    title = trim_blanks(title.substr(std::string_view("BEGIN ").size()));
    if (equal_ignore_case(title, "NATS USER JWT")) {
        return line_kind::begin_jwt;
    }
    return equal_ignore_case(title, "USER NKEY SEED") ? line_kind::begin_seed
                                                      : line_kind::begin_other;
}

/// Cuts the first line off.
std::string_view next_line(std::string_view& text) noexcept {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return trim_line(line);
}

/// The lines of a text without their ends, one behind the other, in memory of the right size.
secret joined(std::string_view lines) {
    std::size_t size = 0;
    for (std::string_view rest = lines; !rest.empty();) {
        size += next_line(rest).size();
    }
    secret out = secret_access::allocate(size);
    char* to = secret_access::data(out);
    while (!lines.empty()) {
        const std::string_view line = next_line(lines);
        to = std::copy(line.begin(), line.end(), to);
    }
    return out;
}

/// What messages a section has, so that they need no memory and cannot hold what was read.
struct section_words {
    const char* open;
    const char* empty;
    const char* twice;
    const char* broken;
};

constexpr section_words jwt_words{
    "the section NATS USER JWT does not end",
    "the section NATS USER JWT is empty",
    "there are two sections NATS USER JWT",
    "the section NATS USER JWT holds a blank or a control character",
};
constexpr section_words seed_words{
    "the section USER NKEY SEED does not end",
    "the section USER NKEY SEED is empty",
    "there are two sections USER NKEY SEED",
    "the section USER NKEY SEED holds a blank or a control character",
};

bool is_printable(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

const char* keep(std::string_view lines, const section_words& words, secret& part) {
    if (!part.empty()) {
        return words.twice;
    }
    secret content = joined(lines);
    if (content.empty()) {
        return words.empty;
    }
    if (!is_printable(content.reveal())) {
        return words.broken;
    }
    part = std::move(content);
    return nullptr;
}

/// Cuts off a section whose first line has been read, and keeps what is in it.
const char* read_section(std::string_view& text, const section_words& words, secret& part) {
    const std::string_view from = text;
    while (!text.empty()) {
        const std::string_view before = text;
        switch (classify(next_line(text))) {
        case line_kind::end: return keep(from.substr(0, from.size() - before.size()), words, part);
        case line_kind::begin_jwt:
        case line_kind::begin_seed:
        case line_kind::begin_other: return words.open;
        default: break;
        }
    }
    return words.open;
}

bool looks_like_jwt(std::string_view line) noexcept {
    return line.starts_with("eyJ") && std::count(line.begin(), line.end(), '.') == 2;
}

bool looks_like_seed(std::string_view line) noexcept {
    constexpr std::size_t seed_size = 58;
    return line.size() == seed_size && line.starts_with('S');
}

const char* read_undecorated(std::string_view text, creds_parts& out) {
    while (!text.empty()) {
        const std::string_view line = next_line(text);
        const char* fault = nullptr;
        if (looks_like_jwt(line)) {
            fault = keep(line, jwt_words, out.jwt);
        } else if (looks_like_seed(line)) {
            fault = keep(line, seed_words, out.seed);
        }
        if (fault != nullptr) {
            return fault;
        }
    }
    return nullptr;
}

const char* read_sections(std::string_view text, creds_parts& out, bool& any) {
    while (!text.empty()) {
        const line_kind kind = classify(next_line(text));
        const char* fault = nullptr;
        if (kind == line_kind::begin_jwt) {
            fault = read_section(text, jwt_words, out.jwt);
        } else if (kind == line_kind::begin_seed) {
            fault = read_section(text, seed_words, out.seed);
        }
        any = any || (kind != line_kind::blank && kind != line_kind::content);
        if (fault != nullptr) {
            return fault;
        }
    }
    return nullptr;
}

} // namespace

const char* parse_creds(std::string_view text, creds_parts& out) {
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    if (text.starts_with(byte_order_mark)) {
        text.remove_prefix(byte_order_mark.size());
    }
    creds_parts parts;
    bool any_section = false;
    const char* fault = read_sections(text, parts, any_section);
    if (fault == nullptr && !any_section) {
        fault = read_undecorated(text, parts);
    }
    if (fault != nullptr) {
        return fault;
    }
    if (parts.jwt.empty() && parts.seed.empty()) {
        return any_section ? "there is neither a section NATS USER JWT nor a USER NKEY SEED"
                           : "there is neither a JWT nor a seed";
    }
    out = std::move(parts);
    return nullptr;
}

} // namespace impl
} // namespace v0
} // namespace conats
