// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "testing/command_parser.hpp"

#include <string>
#include <string_view>

using namespace conats::testing::impl;

namespace {

/// All that a parser makes of what it is given in parts of `size` bytes.
std::string read_in_parts(std::string_view all, std::size_t size, std::size_t max_line = 64) {
    command_parser parser;
    std::string out;
    bool ended = false;
    while (!ended && !all.empty()) {
        // A copy of its own, so that views into an earlier part are seen to be wrong.
        const std::string part(all.substr(0, size));
        all.remove_prefix(part.size());
        std::string_view in = part;
        for (bool more = true; more;) {
            switch (parser.next(in, max_line, false)) {
            case command_status::need_more: more = false; break;
            case command_status::line: {
                out += std::to_string(static_cast<int>(parser.kind())) + "[" +
                       std::string(parser.arguments()) + "]";
                const bool h = parser.kind() == command_kind::publish_with_headers;
                if (h || parser.kind() == command_kind::publish)
                    parser.expect_payload(read_publish_line(parser.arguments(), h).size);
                break;
            }
            case command_status::payload:
                out += "{" + std::string(parser.arguments()) + "|" + std::string(parser.payload()) +
                       "}";
                break;
            case command_status::refused:
                out += "refused";
                ended = true;
                break;
            case command_status::unknown:
                out += "unknown";
                ended = true;
                break;
            case command_status::line_too_long:
                out += "too long";
                ended = true;
                break;
            }
            more = more && !ended;
        }
    }
    return out;
}

void check_every_split(std::string_view all, std::string_view expected) {
    for (std::size_t size = 1; size <= all.size(); ++size) {
        INFO("in parts of " << size);
        CHECK(read_in_parts(all, size) == expected);
    }
}

} // namespace

TEST_CASE("The broker's parser reads the same however it is split") {
    check_every_split("CONNECT {}\r\nPING\r\nSUB a q 1\r\nPUB a r 2\r\nhi\r\nPONG\r\n",
                      "0[{}]1[]5[a q 1]3[a r 2]{a r 2|hi}2[]");
    check_every_split("HPUB a 3 5\r\nabcde\r\nUNSUB 1 2\r\n", "4[a 3 5]{a 3 5|abcde}6[1 2]");
    check_every_split("PUB a 0\r\n\r\npub \t a  0 \r\n\r\n", "3[a 0]{a 0|}3[a  0 ]{a  0 |}");
    check_every_split("PUB a 4\r\n\r\n\r\n\r\nPING\r\n", "3[a 4]{a 4|\r\n\r\n}1[]");
    check_every_split("+OK\r\n-ERR 'x'\r\nINFO {}\r\n", "8[]9['x']7[{}]");
    check_every_split("connect{}\nPiNg anything\n", "0[{}]1[]");
    check_every_split("SUB a\rb\r 1\r\n", "5[ab 1]");
}

TEST_CASE("The broker's parser fails at the same byte however it is split") {
    check_every_split("PING\r\nNOPE\r\nPING\r\n", "1[]unknown");
    check_every_split("PING\r\n\r\n", "1[]unknown");
    check_every_split("PUB a 2\r\nhim\r\n", "3[a 2]unknown");
    check_every_split("PUB a 2\r\nhi\rx", "3[a 2]unknown");
    check_every_split("PUBLISH a 2\r\n", "unknown");
    check_every_split("HMSG a 1 2 3\r\n", "unknown");
    check_every_split("SUB " + std::string(64, 'x') + "\r\nPING\r\n",
                      "5[" + std::string(64, 'x') + "]1[]");
    check_every_split("SUB " + std::string(65, 'x') + "\r\nPING\r\n", "too long");
}

TEST_CASE("The broker's parser takes nothing but CONNECT where that is asked for") {
    command_parser parser;
    std::string_view in = "PING\r\n";
    CHECK(parser.next(in, 64, true) == command_status::refused);
    command_parser other;
    in = "CONNECT {}\r\nPING\r\n";
    CHECK(other.next(in, 64, true) == command_status::line);
    CHECK(other.next(in, 64, false) == command_status::line);
    CHECK(other.kind() == command_kind::ping);
}

TEST_CASE("The broker reads sizes as nats-server does") {
    CHECK(read_size("0") == 0);
    CHECK(read_size("007") == 7);
    CHECK(read_size("999999999") == 999999999);
    for (const char* wrong : {"", "1000000000", "-1", "+1", "1x", " 1"})
        CHECK(read_size(wrong) == -1);
    CHECK_FALSE(read_publish_line("a 2 1", true).well_formed);
    CHECK_FALSE(read_publish_line("a b c 1", false).well_formed);
    CHECK_FALSE(read_publish_line("a b c 1 1", true).well_formed);
    const publish_line line = read_publish_line("a b 01 2", true);
    CHECK(line.well_formed);
    CHECK(line.header_text == "01");
    CHECK(line.header_size == 1);
    CHECK(line.reply == "b");
}
