// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol/parser.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace conats::test {

/// A text in a block of its own with the padding the parsers ask for, filled with what would
/// continue a line, a number or a document if anybody believed it.
class padded {
public:
    explicit padded(std::string_view text, char filler = '0')
        : size_(text.size()),
          bytes_(std::make_unique<char[]>(text.size() + impl::parser::padding)) {
        text.copy(bytes_.get(), text.size());
        for (std::size_t i = 0; i != impl::parser::padding; ++i) {
            bytes_[size_ + i] = filler;
        }
    }
    [[nodiscard]] const char* begin() const { return bytes_.get(); }
    [[nodiscard]] const char* end() const { return bytes_.get() + size_; }
    [[nodiscard]] std::size_t size() const { return size_; }

private:
    std::size_t size_;
    std::unique_ptr<char[]> bytes_;
};

/// One operation in words: "msg sid=1 subject=foo reply=- header=0 body=hello".
inline std::string in_words(const impl::parser& p) {
    using impl::operation_kind;
    switch (p.kind()) {
    case operation_kind::info: return "info " + std::string(p.text());
    case operation_kind::ping: return "ping";
    case operation_kind::pong: return "pong";
    case operation_kind::ok: return "ok";
    case operation_kind::err: return "err " + std::string(p.text());
    case operation_kind::msg: break;
    }
    const impl::message_frame& m = p.message();
    return "msg sid=" + std::to_string(m.sid) +
           " subject=" + std::string(m.subject, m.subject_size) +
           " reply=" + (m.reply == nullptr ? "-" : std::string(m.reply, m.reply_size)) +
           " header=" + std::to_string(m.header_size) +
           " body=" + std::string(m.body, m.total_size);
}

/// All operations of a text, given as a whole; the last element is "need_more N" or "failed: ..."
/// if it does not end at the end of one.
inline std::vector<std::string> parse_all(std::string_view text, impl::parser_limits limits = {}) {
    const padded bytes(text);
    impl::parser p(limits);
    std::vector<std::string> out;
    for (const char* at = bytes.begin(); at != bytes.end(); at += p.size()) {
        const impl::parse_status status = p.parse(at, bytes.end());
        if (status == impl::parse_status::need_more) {
            out.push_back("need_more " + std::to_string(p.needed()));
            break;
        }
        if (status == impl::parse_status::failed) {
            out.push_back("failed: " + p.failure().text());
            break;
        }
        out.push_back(in_words(p));
    }
    return out;
}

/// What is wrong with a text that holds nothing else.
inline std::string failure_of(std::string_view text, impl::parser_limits limits = {}) {
    const padded bytes(text);
    impl::parser p(limits);
    if (p.parse(bytes.begin(), bytes.end()) != impl::parse_status::failed) {
        return "not failed";
    }
    return p.failure().code() == errc::protocol_error ? p.failure().text() : "another code";
}

} // namespace conats::test
