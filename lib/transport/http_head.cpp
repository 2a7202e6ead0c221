// SPDX-License-Identifier: Apache-2.0
#include "transport/http_head.hpp"

#include "support/ascii.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::string_view end_mark = "\r\n\r\n";
constexpr std::string_view protocol = "HTTP/1.";
constexpr std::size_t shortest = std::string_view("HTTP/1.1 200\r\n\r\n").size();

/// How many bytes of the end mark the text ends with.
std::size_t matched(std::string_view text) {
    for (std::size_t n = end_mark.size() - 1; n != 0; --n)
        if (text.ends_with(end_mark.substr(0, n)))
            return n;
    return 0;
}

/// Takes the text to the next CRLF, and that.
std::string_view take_line(std::string_view& text) {
    const auto end = text.find("\r\n");
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), line.size() + 2));
    return line;
}

} // namespace

std::size_t http_head::wanted() const noexcept {
    if (is_complete_ || !fault_.empty())
        return 0;
    if (text_.size() < shortest - end_mark.size())
        return shortest - text_.size();
    return end_mark.size() - matched(text_);
}

void http_head::feed(std::string_view bytes) {
    for (const char c : bytes) {
        if (is_complete_ || !fault_.empty())
            return;
        text_ += c;
        const auto begin = std::string_view(text_).substr(0, protocol.size());
        if (begin != protocol.substr(0, begin.size()))
            fault_ = "is not HTTP/1.1";
        else if (text_.ends_with(end_mark))
            end();
        else if (text_.size() >= limit)
            fault_ = "exceeds 16 KiB";
    }
}

void http_head::end() {
    std::string_view rest = text_;
    const auto status = take_line(rest);
    fields_at_ = text_.size() - rest.size();
    rest.remove_suffix(2);
    is_complete_ = read_status(status) && read_fields(rest);
    if (!is_complete_)
        fault_ = "is malformed HTTP";
}

bool http_head::read_status(std::string_view line) {
    constexpr std::size_t number_at = 9; // "HTTP/1.1 "
    if (line.size() < number_at + 3 || !is_digit(line[number_at - 2]) || line[number_at - 1] != ' ')
        return false;
    std::uint64_t number = 0;
    if (!parse_decimal(line.substr(number_at, 3), number) || number < 100)
        return false;
    line.remove_prefix(number_at + 3);
    if (!line.empty() && line.front() != ' ')
        return false;
    status_ = static_cast<int>(number);
    reason_ = trim_blanks(line);
    return true;
}

bool http_head::read_fields(std::string_view lines) const {
    while (!lines.empty()) {
        const auto line = take_line(lines);
        const auto colon = line.find(':');
        if (colon == line.npos || !is_field_name(line.substr(0, colon)) ||
            !is_field_value(line.substr(colon + 1)))
            return false;
    }
    return true;
}

std::string http_head::status_words() const {
    constexpr std::size_t longest = 80;
    std::string words = std::to_string(status_);
    if (!reason_.empty())
        words += ' ' + escaped_excerpt(reason_, longest);
    return words;
}

std::string http_head::field(std::string_view name) const {
    std::string all;
    auto lines = std::string_view(text_).substr(fields_at_);
    while (is_complete_ && !lines.empty()) {
        const auto line = take_line(lines);
        const auto colon = line.find(':');
        if (colon == line.npos || !equal_ignore_case(line.substr(0, colon), name))
            continue;
        all += all.empty() ? "" : ", ";
        all += trim_blanks(line.substr(colon + 1));
    }
    return all;
}

bool has_token(std::string_view value, std::string_view token) noexcept {
    while (!value.empty()) {
        const auto comma = std::min(value.find(','), value.size());
        const auto element = value.substr(0, comma);
        value.remove_prefix(std::min(value.size(), comma + 1));
        if (equal_ignore_case(trim_blanks(element.substr(0, element.find(';'))), token))
            return true;
    }
    return false;
}

bool is_field_name(std::string_view text) noexcept {
    static constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z') ||
               others.find(c) != others.npos;
    });
}

bool is_field_value(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7f;
    });
}

} // namespace impl
} // namespace v0
} // namespace conats
