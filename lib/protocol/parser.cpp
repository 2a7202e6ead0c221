// SPDX-License-Identifier: Apache-2.0
#include "protocol/parser.hpp"

#include "support/ascii.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

enum class verb : std::uint8_t { info, msg, hmsg, ping, pong, ok, err, unknown };

struct verb_name {
    verb id;
    std::string_view text;
};

constexpr std::array<verb_name, 7> verbs{{{verb::info, "INFO"},
                                          {verb::msg, "MSG"},
                                          {verb::hmsg, "HMSG"},
                                          {verb::ping, "PING"},
                                          {verb::pong, "PONG"},
                                          {verb::ok, "+OK"},
                                          {verb::err, "-ERR"}}};

/// The verb `line` begins with, as far as it is there: "P" is one, "PX" is none.
verb find_verb(std::string_view line) noexcept {
    for (const verb_name& v : verbs) {
        const std::size_t known = std::min(line.size(), v.text.size());
        const bool ends = line.size() <= v.text.size() || is_blank(line[v.text.size()]) ||
                          line[v.text.size()] == '\r' || line[v.text.size()] == '\n';
        if (ends && equal_ignore_case(line.substr(0, known), v.text.substr(0, known))) {
            return v.id;
        }
    }
    return verb::unknown;
}

std::string_view name_of(verb v) noexcept {
    return verbs[static_cast<std::size_t>(v)].text;
}

std::string_view without_quotes(std::string_view text) noexcept {
    if (text.starts_with('\'')) {
        text.remove_prefix(1);
    }
    if (text.ends_with('\'')) {
        text.remove_suffix(1);
    }
    return text;
}

struct fields {
    std::array<std::string_view, 5> text;
    std::size_t count = 0; // may exceed 5: too many
};

fields split(std::string_view arguments) noexcept {
    fields out;
    while (!(arguments = trim_blanks(arguments)).empty()) {
        const std::string_view one = arguments.substr(0, arguments.find_first_of(" \t"));
        if (out.count < out.text.size()) {
            out.text[out.count] = one;
        }
        ++out.count;
        arguments.remove_prefix(one.size());
    }
    return out;
}

const char* find_control(std::string_view text) noexcept {
    return std::find_if(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t'; });
}

} // namespace

parser::parser(parser_limits limits) noexcept : limits_(limits) {
    // A frame's sizes are 32 bits, and the fast way does not ask about shorter lines.
    constexpr std::size_t max = std::numeric_limits<std::uint32_t>::max();
    limits_.max_line = std::clamp(limits_.max_line, std::size_t{130}, max);
    limits_.max_payload = std::min(limits_.max_payload, max);
}

void parser::reset() noexcept {
    needed_ = 0;
    scanned_ = 0;
    fresh_ = true;
    failed_ = false;
    failure_ = error();
}

parse_status parser::parse_slowly(const char* first, const char* last) {
    const auto available = static_cast<std::size_t>(last - first);
    if (failed_) {
        return parse_status::failed;
    }
    if (available == 0 || available < needed_) {
        return parse_status::need_more;
    }
    const void* found = std::memchr(first + scanned_, '\n', available - scanned_);
    if (found == nullptr) {
        return await_line({first, available});
    }
    const auto line_size = static_cast<std::size_t>(static_cast<const char*>(found) - first) + 1;
    return parse_line({first, line_size}, last);
}

parse_status parser::await_line(std::string_view begun) {
    const verb v = find_verb(begun);
    if (v == verb::unknown) {
        return fail("unknown operation", begun);
    }
    const std::size_t limit = v == verb::info ? limits_.max_info : limits_.max_line;
    if (begun.size() >= limit) {
        return fail("a line of more than " + std::to_string(limit) + " bytes", begun);
    }
    scanned_ = begun.size();
    return need_more(0);
}

parse_status parser::parse_line(std::string_view line, const char* last) {
    const verb v = find_verb(line);
    if (v == verb::unknown || line.size() < name_of(v).size()) {
        return fail(line == "\r\n" || line == "\n" ? "an empty line" : "unknown operation", line);
    }
    if (!line.ends_with("\r\n")) {
        return fail("a line that ends in LF without CR", line);
    }
    const std::size_t limit = v == verb::info ? limits_.max_info : limits_.max_line;
    if (line.size() > limit) {
        return fail("a line of more than " + std::to_string(limit) + " bytes", line);
    }
    const std::string_view arguments =
        trim_blanks(line.substr(name_of(v).size(), line.size() - name_of(v).size() - 2));
    switch (v) {
    case verb::msg:
    case verb::hmsg: return parse_message_line(line, arguments, v == verb::hmsg, last);
    case verb::info:
        text_ = arguments;
        return text_.empty() ? fail("INFO without content", line)
                             : finish_line(operation_kind::info, line);
    case verb::err:
        text_ = without_quotes(arguments);
        return finish_line(operation_kind::err, line);
    default: break;
    }
    if (!arguments.empty()) {
        return fail(std::string(name_of(v)) + " with arguments", line);
    }
    return finish_line(v == verb::ping   ? operation_kind::ping
                       : v == verb::pong ? operation_kind::pong
                                         : operation_kind::ok,
                       line);
}

parse_status parser::parse_message_line(std::string_view line, std::string_view arguments,
                                        bool with_headers, const char* last) {
    const char* const control = find_control(arguments);
    if (control != arguments.end()) {
        return fail("control character " + escaped(*control) + " in a message line", line);
    }
    const fields found = split(arguments);
    const std::size_t least = with_headers ? 4 : 3;
    if (found.count != least && found.count != least + 1) {
        return fail("a message line with " + std::to_string(found.count) + " fields", line);
    }
    const bool has_reply = found.count == least + 1;
    if (!parse_decimal(found.text[1], frame_.sid)) {
        return fail("a subscription id that is not a number", line);
    }
    const std::string_view reply = has_reply ? found.text[2] : std::string_view();
    frame_.subject = found.text[0].data();
    frame_.subject_size = static_cast<std::uint32_t>(found.text[0].size());
    frame_.reply = reply.data();
    frame_.reply_size = static_cast<std::uint32_t>(reply.size());
    const std::string_view header = with_headers ? found.text[found.count - 2] : std::string_view();
    const parse_status sizes = read_sizes(line, header, found.text[found.count - 1]);
    return sizes == parse_status::complete ? finish_message(line, last) : sizes;
}

/// `header` is empty for MSG.
parse_status parser::read_sizes(std::string_view line, std::string_view header,
                                std::string_view total) {
    std::uint64_t total_size = 0;
    std::uint64_t header_size = 0;
    if (!parse_decimal(total, total_size)) {
        return fail("a message size that is not a number", line);
    }
    if (total_size > limits_.max_payload) {
        return fail("a message of " + std::to_string(total_size) +
                        " bytes, more than the limit of " + std::to_string(limits_.max_payload),
                    line);
    }
    if (!header.empty() && !parse_decimal(header, header_size)) {
        return fail("a header size that is not a number", line);
    }
    if (!header.empty() && header_size < min_header_size) {
        return fail("a header size below " + std::to_string(min_header_size), line);
    }
    if (header_size > total_size) {
        return fail("a header size above the message's size", line);
    }
    frame_.header_size = static_cast<std::uint32_t>(header_size);
    frame_.total_size = static_cast<std::uint32_t>(total_size);
    return parse_status::complete;
}

parse_status parser::finish_message(std::string_view line, const char* last) {
    const std::size_t whole = line.size() + frame_.total_size + 2;
    if (static_cast<std::size_t>(last - line.data()) < whole) {
        return need_more(whole);
    }
    frame_.body = line.data() + line.size();
    if (std::memcmp(frame_.body + frame_.total_size, "\r\n", 2) != 0) {
        return fail("a message whose payload is not followed by CRLF", line);
    }
    size_ = whole;
    kind_ = operation_kind::msg;
    reset();
    return parse_status::complete;
}

parse_status parser::finish_line(operation_kind kind, std::string_view line) {
    size_ = line.size();
    kind_ = kind;
    reset();
    return parse_status::complete;
}

parse_status parser::need_more(std::size_t needed) noexcept {
    needed_ = needed;
    fresh_ = false;
    return parse_status::need_more;
}

parse_status parser::fail(std::string what, std::string_view line) {
    while (line.ends_with('\n') || line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    what += ": \"" + escaped_excerpt(line) + '"';
    failure_ = error(errc::protocol_error, std::move(what));
    failed_ = true;
    fresh_ = false;
    return parse_status::failed;
}

} // namespace impl
} // namespace v0
} // namespace conats
