// SPDX-License-Identifier: Apache-2.0

// What a server sends, in parts. The input's first line says how long the parts are, one character
// each, again from the start when it is used up; the rest is what is sent.
//
// Parts or whole, fast way or slow way: the same operations come out, views lie inside, and what
// they show is taken by the codecs behind the parser.

#include "check.hpp"
#include "protocol/header_codec.hpp"
#include "protocol/info_codec.hpp"
#include "protocol/parser.hpp"
#include "protocol/server_errors.hpp"

#include <conats/headers.hpp>
#include <conats/server_info.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace conats::impl; // NOLINT(google-build-using-namespace): what is tested
using conats::test::check;

/// Small enough for the fuzzer to reach them.
constexpr parser_limits limits{512, 200, 4096};

/// All that the parser says of one operation.
struct operation {
    operation_kind kind;
    std::uint64_t sid = 0;
    std::string subject;
    std::string reply;
    bool has_reply = false;
    std::size_t header_size = 0;
    std::string text;

    friend bool operator==(const operation&, const operation&) = default;
};

operation read(const parser& p) {
    operation out{p.kind(), 0, {}, {}, false, 0, {}};
    if (p.kind() != operation_kind::msg) {
        out.text =
            p.kind() == operation_kind::info || p.kind() == operation_kind::err ? p.text() : "";
        return out;
    }
    const message_frame& m = p.message();
    out.sid = m.sid;
    out.subject.assign(m.subject, m.subject_size);
    out.has_reply = m.reply != nullptr;
    out.reply.assign(out.has_reply ? m.reply : "", m.reply_size);
    out.header_size = m.header_size;
    out.text.assign(m.body, m.total_size);
    return out;
}

void check_views(const parser& p, const char* first, const char* last) {
    const auto inside = [&](const char* from, std::size_t size) {
        return from >= first && size <= static_cast<std::size_t>(last - from);
    };
    check(p.size() != 0 && inside(first, p.size()), "an operation ends inside the range");
    if (p.kind() == operation_kind::msg) {
        const message_frame& m = p.message();
        check(m.subject_size != 0 && inside(m.subject, m.subject_size), "the subject is inside");
        check(m.reply == nullptr || (m.reply_size != 0 && inside(m.reply, m.reply_size)),
              "the reply is inside");
        check(inside(m.body, m.total_size) && m.header_size <= m.total_size, "the body is inside");
    } else if (p.kind() == operation_kind::info || p.kind() == operation_kind::err) {
        check(p.text().empty() || inside(p.text().data(), p.text().size()), "the text is inside");
    }
}

void check_headers(std::string_view block) {
    const header_block decoded = decode_header_block(block);
    if (!decoded.well_formed) {
        return;
    }
    check(decoded.status == 0 || (decoded.status >= 100 && decoded.status <= 999), "status range");
    std::size_t size = 0;
    for (const conats::header_field& field : conats::headers_view(decoded.lines)) {
        check(!field.name.empty(), "a header has a name");
        size += field.name.size() + 1 + field.value.size() + 2;
    }
    check(size <= decoded.lines.size(), "headers are inside their lines");
}

/// What stands behind the parser.
void use(const parser& p, info_parser& infos) {
    conats::server_info info;
    switch (p.kind()) {
    case operation_kind::msg: check_headers({p.message().body, p.message().header_size}); break;
    case operation_kind::info:
        static_cast<void>(infos.parse(p.text().data(), p.text().size(), info));
        break;
    case operation_kind::err: static_cast<void>(classify(p.text())); break;
    default: break;
    }
}

/// The slow way: an operation that was begun is not tried the fast way.
void check_slow_way(const char* first, const char* last, const operation& fast, std::size_t size) {
    parser p(limits);
    check(p.parse(first, first + 1) == parse_status::need_more, "a first byte is no operation");
    check(p.parse(first, last) == parse_status::complete && read(p) == fast && p.size() == size,
          "the slow way agrees with the fast way");
}

struct outcome {
    std::vector<operation> operations;
    bool failed = false;
};

/// A buffer of exactly the bytes and the padding, so that a sanitizer sees what goes beyond.
std::vector<char> padded(std::string_view bytes) {
    std::vector<char> out(bytes.begin(), bytes.end());
    out.resize(out.size() + parser::padding, '\n');
    return out;
}

/// Parses what is complete in `rest` and cuts it off.
void parse_some(parser& p, std::string& rest, outcome& out) {
    const std::vector<char> bytes = padded(rest);
    const char* at = bytes.data();
    const char* const last = at + rest.size();
    parse_status status = parse_status::complete;
    while (at != last && (status = p.parse(at, last)) == parse_status::complete) {
        check_views(p, at, last);
        out.operations.push_back(read(p));
        at += p.size();
    }
    if (status == parse_status::failed) {
        check(p.failure().code() == conats::errc::protocol_error, "failures are typed");
        check(p.failure().text().size() < 400, "failures are short");
        out.failed = true;
    }
    rest.erase(0, static_cast<std::size_t>(at - bytes.data()));
}

outcome parse_whole(std::string_view sent) {
    outcome out;
    parser p(limits);
    info_parser infos;
    const std::vector<char> bytes = padded(sent);
    const char* at = bytes.data();
    const char* const last = at + sent.size();
    parse_status status = parse_status::complete;
    while (at != last && (status = p.parse(at, last)) == parse_status::complete) {
        check_views(p, at, last);
        const std::size_t size = p.size();
        out.operations.push_back(read(p));
        use(p, infos);
        check_slow_way(at, last, out.operations.back(), size);
        at += size;
    }
    if (status == parse_status::need_more) {
        check(p.needed() == 0 || p.needed() > static_cast<std::size_t>(last - at),
              "more is needed than is there");
    }
    out.failed = status == parse_status::failed;
    check(!out.failed || p.parse(at, last) == parse_status::failed, "a failure stays");
    return out;
}

outcome parse_parts(std::string_view sent, std::string_view lengths) {
    outcome out;
    parser p(limits);
    std::string rest;
    for (std::size_t i = 0; !sent.empty() && !out.failed; ++i) {
        const auto length = static_cast<unsigned char>(lengths[i % lengths.size()]) % 96U + 1U;
        rest += sent.substr(0, length);
        sent.remove_prefix(std::min<std::size_t>(length, sent.size()));
        parse_some(p, rest, out);
    }
    return out;
}

} // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // libFuzzer gives the bytes as unsigned ones
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t first_line = input.find('\n');
    if (first_line == 0 || first_line == std::string_view::npos) {
        return 0;
    }
    const std::string_view sent = input.substr(first_line + 1);
    const outcome whole = parse_whole(sent);
    const outcome parts = parse_parts(sent, input.substr(0, first_line));
    check(whole.operations == parts.operations, "parts give the same operations as the whole");
    check(whole.failed == parts.failed, "parts fail where the whole does");
    return 0;
}
