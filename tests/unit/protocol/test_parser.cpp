// SPDX-License-Identifier: Apache-2.0
#include "protocol/parser.hpp"
#include "support/catch.hpp"
#include "unit/protocol/padded.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using conats::impl::parse_status;
using conats::impl::parser;
using conats::test::failure_of;
using conats::test::padded;
using conats::test::parse_all;
using words = std::vector<std::string>;

TEST_CASE("parser: everything a server sends") {
    CHECK(parse_all("INFO {\"a\":1} \r\n"
                    "PING\r\n"
                    "PONG\r\n"
                    "+OK\r\n"
                    "-ERR 'Authorization Violation'\r\n"
                    "MSG foo.bar 9 5\r\nhello\r\n"
                    "MSG foo.bar 9 _INBOX.34 5\r\nhello\r\n"
                    "HMSG foo 1 12 17\r\nNATS/1.0\r\n\r\nhello\r\n"
                    "HMSG foo 1 reply 12 12\r\nNATS/1.0\r\n\r\n\r\n") ==
          words{"info {\"a\":1}", "ping", "pong", "ok", "err Authorization Violation",
                "msg sid=9 subject=foo.bar reply=- header=0 body=hello",
                "msg sid=9 subject=foo.bar reply=_INBOX.34 header=0 body=hello",
                "msg sid=1 subject=foo reply=- header=12 body=NATS/1.0\r\n\r\nhello",
                "msg sid=1 subject=foo reply=reply header=12 body=NATS/1.0\r\n\r\n"});
}

TEST_CASE("P2.2 INFO ends in a blank and may be long") {
    const std::string json = "{\"x\":\"" + std::string(100'000, 'y') + "\"}";
    CHECK(parse_all("INFO " + json + " \r\n") == words{"info " + json});
    CHECK(parse_all("INFO\t" + json + "\r\n") == words{"info " + json});
}

TEST_CASE("P2.3 fields are separated by runs of blanks and tabs") {
    for (const std::string_view line :
         {"MSG foo 1  26\r\n", "MSG  foo   1    26\r\n", "MSG\tfoo\t1\t26\r\n",
          "MSG foo\t 1 \t26\r\n", "MSG foo 1 26 \r\n", "MSG \t foo 1 26\t\t\r\n"}) {
        const std::string body(26, 'b');
        CAPTURE(line);
        CHECK(parse_all(std::string(line) + body + "\r\n") ==
              words{"msg sid=1 subject=foo reply=- header=0 body=" + body});
    }
    CHECK(parse_all("HMSG  foo  1  r  12  12\r\nNATS/1.0\r\n\r\n\r\n") ==
          words{"msg sid=1 subject=foo reply=r header=12 body=NATS/1.0\r\n\r\n"});
    CHECK(parse_all("PING \t\r\nPONG \r\n+OK \r\n") == words{"ping", "pong", "ok"});
}

TEST_CASE("parser: verbs in any case of letters") {
    CHECK(parse_all("info {}\r\nPiNg\r\npong\r\n+ok\r\n-err 'x'\r\nmsg a 1 0\r\n\r\n"
                    "hMsG a 1 12 12\r\nNATS/1.0\r\n\r\n\r\n") ==
          words{"info {}", "ping", "pong", "ok", "err x",
                "msg sid=1 subject=a reply=- header=0 body=",
                "msg sid=1 subject=a reply=- header=12 body=NATS/1.0\r\n\r\n"});
}

TEST_CASE("C01 the parser gives payloads byte by byte, whatever they hold") {
    for (const std::string& body :
         {std::string(), std::string("\r\n"), std::string("\r\nMSG a 1 1\r\n"),
          std::string(5, '\0'), std::string("\xff\xfe\n"), std::string(70'000, ' ')}) {
        CHECK(
            parse_all("MSG s 1 " + std::to_string(body.size()) + "\r\n" + body + "\r\nPING\r\n") ==
            words{"msg sid=1 subject=s reply=- header=0 body=" + body, "ping"});
    }
}

TEST_CASE("parser: message lines of every length around the fast way's 64 bytes") {
    for (std::size_t length = 1; length != 300; ++length) {
        const std::string subject(length, 's');
        REQUIRE(parse_all("MSG " + subject + " 1 2\r\nhi\r\n") ==
                words{"msg sid=1 subject=" + subject + " reply=- header=0 body=hi"});
        REQUIRE(parse_all("MSG a 1 " + subject + " 2\r\nhi\r\n") ==
                words{"msg sid=1 subject=a reply=" + subject + " header=0 body=hi"});
        REQUIRE(
            parse_all("HMSG " + subject + " 1 re 12 13\r\nNATS/1.0\r\n\r\n!\r\n") ==
            words{"msg sid=1 subject=" + subject + " reply=re header=12 body=NATS/1.0\r\n\r\n!"});
    }
}

TEST_CASE("parser: subscription ids up to 64 bits") {
    for (const std::string sid : {"0", "7", "12345678", "123456789", "18446744073709551615"}) {
        REQUIRE(parse_all("MSG a " + sid + " 0\r\n\r\n") ==
                words{"msg sid=" + sid + " subject=a reply=- header=0 body="});
    }
    CHECK(parse_all("MSG a 0000000000000000000000001 00\r\n\r\n") ==
          words{"msg sid=1 subject=a reply=- header=0 body="});
}

TEST_CASE("parser: subjects and replies may hold any byte above the blank") {
    CHECK(parse_all("MSG caf\xc3\xa9.\x7f\xff 1 \x80 0\r\n\r\n") ==
          words{"msg sid=1 subject=caf\xc3\xa9.\x7f\xff reply=\x80 header=0 body="});
}

TEST_CASE("parser: the quotes around an error's text are taken off") {
    CHECK(
        parse_all("-ERR 'a 'b' c'\r\n-ERR plain\r\n-ERR '\r\n-ERR\r\n-ERR ''\r\n-ERR  'x' \r\n") ==
        words{"err a 'b' c", "err plain", "err ", "err ", "err ", "err x"});
}

TEST_CASE("parser: an incomplete operation says how much it needs once that is known") {
    CHECK(parse_all("MSG foo 1 5\r\nhel") == words{"need_more 20"});
    CHECK(parse_all("MSG foo 1 5\r\nhello") == words{"need_more 20"});
    CHECK(parse_all("MSG foo 1 5\r\nhello\r") == words{"need_more 20"});
    CHECK(parse_all("MSG foo 1 5") == words{"need_more 0"});
    CHECK(parse_all("PING\r") == words{"need_more 0"});
    CHECK(parse_all("HMSG foo 1 12 50000000\r\n") == words{"need_more 50000026"});
    parser p;
    const padded nothing("");
    CHECK(p.parse(nothing.begin(), nothing.end()) == parse_status::need_more);
    CHECK(p.needed() == 0);
}

TEST_CASE("parser: padding behind the range is never taken for data") {
    for (const char filler : {'\n', '\r', ' ', '0', 'x'}) {
        for (const std::string_view text : {"MSG foo 1 1", "MSG foo 1 5\r", "PING\r", "M", "PIN",
                                            "MSG foo 1 5\r\nhello\r", "MSG foo 1 5\r\nhello"}) {
            const padded bytes(text, filler);
            parser p;
            CAPTURE(text, static_cast<int>(filler));
            REQUIRE(p.parse(bytes.begin(), bytes.end()) == parse_status::need_more);
        }
    }
}

TEST_CASE("parser: nothing behind the padding is looked at") {
    constexpr std::size_t half = 64;
    static_assert(parser::padding == half);
    // Of its size exactly, so that AddressSanitizer sees a byte too many.
    const auto bytes = std::make_unique<char[]>(2 * half);
    std::fill_n(bytes.get(), 2 * half, 'a');
    std::memcpy(bytes.get(), "MSG ", 4);
    for (const char last : {'\t', '\r', 'a'}) {
        bytes[2 * half - 1] = last;
        parser p;
        CHECK(p.parse(bytes.get(), bytes.get() + half) == parse_status::need_more);
    }
}

TEST_CASE("parser: S31 what is no operation fails at once, with its own words") {
    CHECK(failure_of("FOO bar\r\n") == "unknown operation: \"FOO bar\"");
    CHECK(failure_of("X") == "unknown operation: \"X\"");
    CHECK(failure_of("PINGX\r\n") == "unknown operation: \"PINGX\"");
    CHECK(failure_of("PI\r\n") == "unknown operation: \"PI\"");
    CHECK(failure_of("MS") == "not failed");
    CHECK(failure_of("MSGX") == "unknown operation: \"MSGX\"");
    CHECK(failure_of(" PING\r\n") == "unknown operation: \" PING\"");
    CHECK(failure_of("\r\n") == "an empty line: \"\"");
    CHECK(failure_of("\n") == "an empty line: \"\"");
    CHECK(failure_of(std::string_view("\0\x01\xff", 3)) ==
          "unknown operation: \"\\x00\\x01\\xff\"");
    CHECK(failure_of(std::string_view("MSG\0a 1 0\r\n\r\n", 13)) ==
          "unknown operation: \"MSG\\x00a 1 0\"");
    CHECK(failure_of("+OKAY\r\n") == "unknown operation: \"+OKAY\"");
    CHECK(failure_of("PING x\r\n") == "PING with arguments: \"PING x\"");
    CHECK(failure_of("INFO\r\n") == "INFO without content: \"INFO\"");
    CHECK(failure_of("INFO  \r\n") == "INFO without content: \"INFO  \"");
}

TEST_CASE("parser: S32 a line that ends in a bare LF") {
    CHECK(failure_of("PING\n") == "a line that ends in LF without CR: \"PING\"");
    CHECK(failure_of("INFO {}\n") == "a line that ends in LF without CR: \"INFO {}\"");
    CHECK(failure_of("MSG foo 1 5\nhello\r\n") ==
          "a line that ends in LF without CR: \"MSG foo 1 5\"");
    CHECK(failure_of("-ERR 'x'\n") == "a line that ends in LF without CR: \"-ERR 'x'\"");
}

TEST_CASE("parser: S33 a subscription id that is no number") {
    for (const std::string sid :
         {"x", "-1", "+1", "1a", "0x1", "1.0", "18446744073709551616", "99999999999999999999999"}) {
        const std::string line = "MSG foo " + sid + " 0";
        CHECK(failure_of(line + "\r\n\r\n") ==
              "a subscription id that is not a number: \"" + line + '"');
    }
}

TEST_CASE("parser: S20 sizes that lie") {
    const auto fails = [](std::string_view line) {
        const std::string text = failure_of(std::string(line) + "\r\nNATS/1.0\r\n\r\n\r\n");
        return text.substr(0, text.find(':'));
    };
    CHECK(fails("MSG a 1 x") == "a message size that is not a number");
    CHECK(fails("MSG a 1 -1") == "a message size that is not a number");
    CHECK(fails("MSG a 1 18446744073709551615") ==
          "a message of 18446744073709551615 bytes, more than the limit of 67108864");
    CHECK(fails("MSG a 1 18446744073709551616") == "a message size that is not a number");
    CHECK(fails("HMSG a 1 x 12") == "a header size that is not a number");
    CHECK(fails("HMSG a 1 -5 12") == "a header size that is not a number");
    CHECK(fails("HMSG a 1 9223372036854775808 12") == "a header size above the message's size");
    CHECK(fails("HMSG a 1 12 18446744073709551615") ==
          "a message of 18446744073709551615 bytes, more than the limit of 67108864");
    CHECK(fails("HMSG a 1 13 12") == "a header size above the message's size");
    CHECK(fails("HMSG a 1 0 12") == "a header size below 1");
    CHECK(fails("HMSG a 1 r 12 x") == "a message size that is not a number");
}

TEST_CASE("parser: a message line with too few or too many fields, or a control character") {
    const auto fails = [](std::string_view line) {
        const std::string text = failure_of(std::string(line) + "\r\n\r\n");
        return text.substr(0, text.find(':'));
    };
    CHECK(fails("MSG") == "a message line with 0 fields");
    CHECK(fails("MSG ") == "a message line with 0 fields");
    CHECK(fails("MSG a") == "a message line with 1 fields");
    CHECK(fails("MSG a 1") == "a message line with 2 fields");
    CHECK(fails("MSG a 1 r 0 0") == "a message line with 5 fields");
    CHECK(fails("HMSG a 1 12") == "a message line with 3 fields");
    CHECK(fails("HMSG a 1 r 12 12 12") == "a message line with 6 fields");
    CHECK(fails("HMSG a 1 r 12 12 12 12 12") == "a message line with 8 fields");
    CHECK(fails("MSG a\rb 1 0") == "control character \\x0d in a message line");
    CHECK(failure_of(std::string_view("MSG a\0b 1 0\r\n\r\n", 15)) ==
          "control character \\x00 in a message line: \"MSG a\\x00b 1 0\"");
}

TEST_CASE("parser: a payload that is not followed by CRLF") {
    for (const std::string_view text :
         {"MSG a 1 2\r\nhello\r\n", "MSG a 1 2\r\nhi\n\r", "MSG a 1 2\r\nhi\rx",
          "MSG a 1 2\r\nhi\n\n", "HMSG a 1 12 13\r\nNATS/1.0\r\n\r\n!??"}) {
        CAPTURE(text);
        CHECK(failure_of(text).starts_with("a message whose payload is not followed by CRLF: \""));
    }
}

TEST_CASE("parser: after a failure it stays failed until reset") {
    parser p;
    const padded bad("FOO\r\n");
    const padded good("MSG a 1 2\r\nhi\r\n");
    REQUIRE(p.parse(bad.begin(), bad.end()) == parse_status::failed);
    CHECK(p.parse(good.begin(), good.end()) == parse_status::failed);
    CHECK(p.failure());
    p.reset();
    CHECK_FALSE(p.failure());
    CHECK(p.parse(good.begin(), good.end()) == parse_status::complete);
    const padded half("MSG a 1 2\r\nh");
    REQUIRE(p.parse(half.begin(), half.end()) == parse_status::need_more);
    p.reset();
    const padded ping("PING\r\n");
    CHECK(p.parse(ping.begin(), ping.end()) == parse_status::complete);
}

TEST_CASE("parser: P2.8 an error's text is there before the end of the stream") {
    CHECK(parse_all("INFO {}\r\n-ERR 'Authorization Violation'\r\n") ==
          words{"info {}", "err Authorization Violation"});
}
