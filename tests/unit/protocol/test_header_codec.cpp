// SPDX-License-Identifier: Apache-2.0
#include "protocol/header_codec.hpp"
#include "support/catch.hpp"

#include <conats/headers.hpp>

#include <string>
#include <string_view>

using conats::headers_view;
using conats::impl::decode_header_block;
using conats::impl::header_block;

TEST_CASE("header_codec: a block with headers") {
    const header_block block = decode_header_block("NATS/1.0\r\nA: 1\r\nB:2\r\nA: 3 \r\n\r\n");
    REQUIRE(block.well_formed);
    CHECK(block.status == 0);
    CHECK(block.description.empty());
    CHECK(block.lines == "A: 1\r\nB:2\r\nA: 3 \r\n");
    const headers_view view(block.lines);
    CHECK(view.get("B") == "2");
    CHECK(view.values("A").back() == "3");
}

TEST_CASE("header_codec: the smallest block") {
    const header_block block = decode_header_block("NATS/1.0\r\n\r\n");
    CHECK(block.well_formed);
    CHECK(block.lines.empty());
    CHECK(block.status == 0);
}

TEST_CASE("C07 P2.33 the inline status stands apart from the headers") {
    const header_block plain = decode_header_block("NATS/1.0 503\r\n\r\n");
    CHECK(plain.well_formed);
    CHECK(plain.status == 503);
    CHECK(plain.description.empty());
    CHECK(plain.lines.empty());

    const header_block words = decode_header_block("NATS/1.0 503 No Responders\r\n\r\n");
    CHECK(words.status == 503);
    CHECK(words.description == "No Responders");

    const header_block user = decode_header_block("NATS/1.0\r\nStatus: 503\r\n\r\n");
    CHECK(user.status == 0);
    CHECK(headers_view(user.lines).get("Status") == "503");

    const header_block blanks = decode_header_block("NATS/1.0  \t100   Idle Heartbeat \r\n\r\n");
    CHECK(blanks.status == 100);
    CHECK(blanks.description == "Idle Heartbeat");
    CHECK(decode_header_block("NATS/1.0 \r\n\r\n").well_formed);
    CHECK(decode_header_block("NATS/1.0 \r\n\r\n").status == 0);
}

TEST_CASE("P2.34 a 503 may carry headers") {
    const header_block block = decode_header_block("NATS/1.0 503\r\nNats-Subject: foo\r\n\r\n");
    REQUIRE(block.well_formed);
    CHECK(block.status == 503);
    CHECK(headers_view(block.lines).get("Nats-Subject") == "foo");
}

TEST_CASE("C08 P2.36 malformed blocks are told, whatever is wrong with them") {
    for (const std::string_view bad : {"",
                                       "\r\n",
                                       "\r\n\r\n",
                                       "NATS/1.0",
                                       "NATS/1.0\r\n",
                                       "NATS/1.0\r\n\r",
                                       "NATS/1.0\r\n\n",
                                       "NATS/9.9\r\n\r\n",
                                       "nats/1.0\r\n\r\n",
                                       "HTTP/1.1\r\n\r\n",
                                       " NATS/1.0\r\n\r\n",
                                       "NATS/1.0x\r\n\r\n",
                                       "NATS/1.0503\r\n\r\n",
                                       "NATS/1.0 50\r\n\r\n",
                                       "NATS/1.0 5033\r\n\r\n",
                                       "NATS/1.0 abc\r\n\r\n",
                                       "NATS/1.0 -12\r\n\r\n",
                                       "NATS/1.0 099\r\n\r\n",
                                       "NATS/1.0\r\nA: 1\r\n",
                                       "NATS/1.0\r\nA: 1",
                                       "NATS/1.0\r\nno colon\r\n\r\n",
                                       "NATS/1.0\r\n: no name\r\n\r\n",
                                       "NATS/1.0\r\nA : 1\r\n\r\n",
                                       "NATS/1.0\r\n A: 1\r\n\r\n",
                                       "NATS/1.0\r\nA: 1\r\n folded\r\n\r\n",
                                       "NATS/1.0\r\n\r\nA: 1\r\n\r\n",
                                       "NATS/1.0\r\nA: 1\r\n\r\n\r\n",
                                       "NATS/1.0\r\nA\x7f: 1\r\n\r\n",
                                       "NATS/1.0\r\nA\x01: 1\r\n\r\n",
                                       "NATS/1.0\nA: 1\n\n"}) {
        CAPTURE(bad);
        const header_block block = decode_header_block(bad);
        CHECK_FALSE(block.well_formed);
        CHECK(block.status == 0);
        CHECK(block.lines.empty());
    }
}

TEST_CASE("header_codec: what others send and ADR-4 does not foresee is kept") {
    const header_block block = decode_header_block("NATS/1.0\r\nGr\xc3\xbc\xc3\x9f"
                                                   "e: x\ny\r\nB: \rz\r\n\r\n");
    REQUIRE(block.well_formed);
    CHECK(headers_view(block.lines)
              .get("Gr\xc3\xbc\xc3\x9f"
                   "e") == "x\ny");
    CHECK(headers_view(block.lines).get("B") == "\rz");
}

TEST_CASE("C03 S29 a block of 100 KB and one of 20 000 headers") {
    std::string lines = "Big: " + std::string(100'000, 'x') + "\r\n";
    for (int i = 0; i != 20'000; ++i) {
        lines += "H" + std::to_string(i) + ": " + std::to_string(i) + "\r\n";
    }
    const std::string text = "NATS/1.0\r\n" + lines + "\r\n";
    const header_block block = decode_header_block(text);
    REQUIRE(block.well_formed);
    CHECK(block.lines == lines);
    CHECK(headers_view(block.lines).size() == 20'001);
    CHECK(headers_view(block.lines).get("H19999") == "19999");
}

TEST_CASE("header_codec: what is built is what is decoded") {
    conats::headers built;
    built.add("A", "1").add("a", "two words").add("A", "").add("X-y", ":,;");
    const std::string text = "NATS/1.0\r\n" + std::string(built.view().lines()) + "\r\n";
    const header_block block = decode_header_block(text);
    REQUIRE(block.well_formed);
    CHECK(block.lines == built.view().lines());
}
