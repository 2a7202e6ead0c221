// SPDX-License-Identifier: Apache-2.0

// The codecs behind the parser. The input's first character chooses: H a header block, I an INFO,
// E the text of an -ERR, S a subject, C the fields of a CONNECT.

#include "check.hpp"
#include "protocol/connect_codec.hpp"
#include "protocol/header_codec.hpp"
#include "protocol/info_codec.hpp"
#include "protocol/server_errors.hpp"
#include "values/subject_rules.hpp"

#include <conats/headers.hpp>
#include <conats/secret.hpp>
#include <conats/server_info.hpp>
#include <conats/subject.hpp>

#include <boost/json.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace conats::impl; // NOLINT(google-build-using-namespace): what is tested
using conats::test::check;

bool inside(std::string_view part, std::string_view whole) {
    return part.empty() || (part.data() >= whole.data() &&
                            part.data() + part.size() <= whole.data() + whole.size());
}

void header(std::string_view text) {
    const header_block block = decode_header_block(text);
    if (!block.well_formed) {
        check(block.status == 0 && block.lines.empty(), "a malformed block shows nothing");
        return;
    }
    check(inside(block.lines, text) && inside(block.description, text), "views are inside");
    const conats::headers_view view(block.lines);
    const conats::headers copy(view);
    check(copy.size() <= view.size(), "a copy holds no more");
    check(!copy.fault().empty() || copy.size() == view.size(), "what is left out is told");
    const std::string again = "NATS/1.0\r\n" + std::string(copy.view().lines()) + "\r\n";
    check(decode_header_block(again).well_formed, "a copy is well-formed");
}

void info(std::string_view text) {
    std::vector<char> bytes(text.begin(), text.end());
    bytes.resize(bytes.size() + info_parser::padding, '}');
    info_parser parser;
    conats::server_info out;
    const conats::error e = parser.parse(bytes.data(), text.size(), out);
    check(!e || e.code() == conats::errc::protocol_error, "a fault of INFO is a protocol error");
    check(!e || out.server_id.empty(), "a wrong INFO changes nothing");
}

void server_error(std::string_view text) {
    const server_failure f = classify(text);
    check(inside(f.subject, text) && inside(f.queue, text) && inside(f.reply, text),
          "views are inside");
    check(!(f.about_publish && f.about_subscription), "an error is about one thing");
}

void subject(std::string_view text) {
    const subject_fault strict = check_publish_subject(text);
    const subject_fault lax = check_publish_subject(text, true);
    check(strict != subject_fault::none || lax == subject_fault::none, "strict implies lax");
    check(strict != subject_fault::none || check_subscribe_subject(text) == subject_fault::none,
          "what can be published to can be subscribed to");
    check(strict != subject_fault::none || conats::subject_matches(text, text), "matches itself");
    const bool injects = text.find_first_of(std::string_view(" \t\r\n\0", 5)) != std::string::npos;
    check(!injects || lax == subject_fault::illegal_character, "nothing can be injected");
    static_cast<void>(describe(strict, subject_role::subject, text).what());
    static_cast<void>(describe(check_subscribe_subject(text), subject_role::reply, text).what());
}

void connect(std::string_view text) {
    connect_fields fields;
    fields.auth_token = text.substr(0, text.size() / 2);
    fields.name = text.substr(text.size() / 2);
    conats::secret line;
    if (encode_connect(fields, line)) {
        return;
    }
    const std::string_view json = line.reveal().substr(8, connect_line_size(line));
    check(json.find_first_of("\r\n") == std::string_view::npos, "CONNECT is one line");
    const auto parsed = boost::json::parse({json.data(), json.size()}).as_object();
    if (!fields.auth_token.empty()) {
        const auto& token = parsed.at("auth_token").as_string();
        check(std::string_view(token.data(), token.size()) == fields.auth_token, "token intact");
    }
}

} // namespace

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // A block of its own, so that a sanitizer sees what goes beyond.
    const std::vector<char> bytes(data, data + size);
    if (bytes.empty()) {
        return 0;
    }
    const std::string_view text(bytes.data() + 1, bytes.size() - 1);
    switch (bytes.front()) {
    case 'H': header(text); break;
    case 'I': info(text); break;
    case 'E': server_error(text); break;
    case 'S': subject(text); break;
    case 'C': connect(text); break;
    default: break;
    }
    return 0;
}
