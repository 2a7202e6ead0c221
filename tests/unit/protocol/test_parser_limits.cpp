// SPDX-License-Identifier: Apache-2.0
#include "protocol/parser.hpp"
#include "support/catch.hpp"
#include "unit/protocol/padded.hpp"

#include <chrono>
#include <limits>
#include <string>
#include <vector>

using conats::impl::parse_status;
using conats::impl::parser;
using conats::impl::parser_limits;
using conats::test::failure_of;
using conats::test::padded;
using conats::test::parse_all;
using words = std::vector<std::string>;

namespace {

/// Shows a text one byte longer each time; returns the calls until the end or a failure.
std::size_t drip(parser& p, const padded& bytes, std::size_t step = 1) {
    std::size_t calls = 0;
    for (std::size_t shown = 0; shown <= bytes.size(); shown += step) {
        ++calls;
        if (p.parse(bytes.begin(), bytes.begin() + shown) != parse_status::need_more) {
            break;
        }
    }
    return calls;
}

} // namespace

TEST_CASE("B23 an announced size beyond the cap fails with the line alone") {
    CHECK(failure_of("MSG foo 1 1099511627776\r\n") ==
          "a message of 1099511627776 bytes, more than the limit of 67108864: "
          "\"MSG foo 1 1099511627776\"");
    CHECK(failure_of("HMSG foo 1 12 67108865\r\n") ==
          "a message of 67108865 bytes, more than the limit of 67108864: "
          "\"HMSG foo 1 12 67108865\"");
    CHECK(parse_all("MSG foo 1 67108864\r\n") == words{"need_more 67108886"});
}

TEST_CASE("B23 S28 the payload limit is exact and counts headers") {
    parser_limits limits;
    limits.max_payload = 20;
    const std::string fits(20, 'x');
    CHECK(parse_all("MSG a 1 20\r\n" + fits + "\r\n", limits) ==
          words{"msg sid=1 subject=a reply=- header=0 body=" + fits});
    CHECK(
        failure_of("MSG a 1 21\r\n" + fits + "x\r\n", limits).starts_with("a message of 21 bytes"));
    CHECK(failure_of("HMSG a 1 12 21\r\n", limits).starts_with("a message of 21 bytes"));
}

TEST_CASE("parser: limits beyond 32 bits are cut to what a frame can say") {
    parser_limits limits;
    limits.max_payload = std::numeric_limits<std::size_t>::max();
    CHECK(failure_of("MSG a 1 4294967296\r\n", limits)
              .starts_with("a message of 4294967296 bytes, more than the limit of 4294967295"));
}

TEST_CASE("parser: S29 lines up to the limit, with and without their end in sight") {
    parser_limits limits;
    limits.max_line = 150;
    limits.max_info = 200;
    const auto err = [](std::size_t size) {
        return "-ERR '" + std::string(size - 9, 'x') + "'\r\n";
    };
    REQUIRE(err(150).size() == 150);
    CHECK(parse_all(err(150), limits) == words{"err " + std::string(141, 'x')});
    CHECK(failure_of(err(151), limits).starts_with("a line of more than 150 bytes: \"-ERR 'xxx"));
    const std::string endless = "-ERR '" + std::string(144, 'x');
    CHECK(failure_of(endless, limits).starts_with("a line of more than 150 bytes"));
    CHECK(parse_all(endless.substr(0, 149), limits) == words{"need_more 0"});

    const auto info = [](std::size_t size) {
        return "INFO " + std::string(size - 7, '{') + "\r\n";
    };
    CHECK(parse_all(info(200), limits).size() == 1);
    CHECK(failure_of(info(201), limits).starts_with("a line of more than 200 bytes"));
    CHECK(failure_of("INFO " + std::string(195, '{'), limits)
              .starts_with("a line of more than 200 bytes"));
    const std::string message = "MSG " + std::string(150, 's') + " 1 0\r\n\r\n";
    CHECK(failure_of(message, limits).starts_with("a line of more than 150 bytes"));
}

TEST_CASE("parser: the default limits") {
    CHECK(
        failure_of("INFO " + std::string(1 << 20, ' ')).starts_with("a line of more than 1048576"));
    CHECK(failure_of("-ERR " + std::string(1 << 16, ' ')).starts_with("a line of more than 65536"));
    const std::string subject(60'000, 's');
    CHECK(parse_all("MSG " + subject + " 1 0\r\n\r\n").size() == 1);
}

TEST_CASE("parser: an excerpt shows at most 64 bytes, escaped") {
    const std::string text = failure_of("INFO " + std::string(200, '\x01') + "\n");
    CHECK(text.size() < 64 * 4 + 60);
    CHECK(text.ends_with("\\x01...\""));
}

TEST_CASE("P2.2 an INFO of 1 MiB that arrives byte by byte is looked at once") {
    const padded info("INFO {\"a\":\"" + std::string((1 << 20) - 30, 'x') + "\"}\r\n");
    parser p;
    const auto start = std::chrono::steady_clock::now();
    CHECK(drip(p, info) == info.size() + 1);
    CHECK(p.kind() == conats::impl::operation_kind::info);
    // Quadratic, it would read half a terabyte: minutes.
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("parser: a large payload that arrives byte by byte is not looked at before its end") {
    const padded message("MSG foo 1 1000000\r\n" + std::string(1'000'000, '\n') + "\r\n");
    parser p;
    const auto start = std::chrono::steady_clock::now();
    CHECK(drip(p, message) == message.size() + 1);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("parser: an endless line fails at the limit, however it arrives") {
    const padded endless("MSG " + std::string(70'000, 'a'));
    parser p;
    CHECK(drip(p, endless) == 65'536 + 1);
    CHECK(p.failure().text().starts_with("a line of more than 65536 bytes"));
}
