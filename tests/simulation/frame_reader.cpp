// SPDX-License-Identifier: Apache-2.0
#include "frame_reader.hpp"

#include <charconv>
#include <utility>

namespace conats::simulation {

namespace {

bool to_number(std::string_view text, std::size_t& out) {
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    return ec == std::errc() && end == text.data() + text.size();
}

void split(std::string_view text, std::vector<std::string_view>& out) {
    out.clear();
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        if (end != 0)
            out.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

} // namespace

bool frame_reader::fail(std::string why) {
    fault_ = std::move(why);
    return false;
}

bool frame_reader::next(frame& out) {
    if (!fault_.empty())
        return false;
    if (at_ > 4096 || at_ == bytes_.size()) {
        bytes_.erase(0, at_);
        at_ = 0;
    }
    const std::size_t end = bytes_.find("\r\n", at_);
    if (end == std::string::npos)
        return rest().size() < 8192 ? false : fail("a line without an end");
    out.line = std::string_view(bytes_).substr(at_, end - at_);
    out.verb = out.line.substr(0, out.line.find(' '));
    out.headers = out.payload = {};
    if (out.is("INFO") || out.is("CONNECT") || out.is("-ERR"))
        out.words.clear();
    else
        split(out.line.substr(out.verb.size()), out.words);
    if (out.is("PUB") || out.is("HPUB") || out.is("MSG") || out.is("HMSG"))
        return read_body(out, end + 2);
    at_ = end + 2;
    return true;
}

bool frame_reader::read_body(frame& out, std::size_t begin) {
    const bool has_headers = out.verb.front() == 'H';
    std::size_t total = 0;
    std::size_t headers = 0;
    if (out.words.size() < (has_headers ? 3U : 2U) || !to_number(out.words.back(), total))
        return fail("a malformed line: " + std::string(out.line));
    if (has_headers && (!to_number(out.words[out.words.size() - 2], headers) || headers > total))
        return fail("a malformed line: " + std::string(out.line));
    if (bytes_.size() < begin + total + 2)
        return false;
    const std::string_view body = std::string_view(bytes_).substr(begin, total);
    if (bytes_.compare(begin + total, 2, "\r\n") != 0)
        return fail("a payload of another size than said: " + std::string(out.line));
    out.headers = body.substr(0, headers);
    out.payload = body.substr(headers);
    at_ = begin + total + 2;
    return true;
}

} // namespace conats::simulation
