// SPDX-License-Identifier: Apache-2.0
#include "protocol/encoder.hpp"
#include "protocol/header_codec.hpp"
#include "support/catch.hpp"

#include <limits>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::impl; // NOLINT(google-build-using-namespace): the header under test
using conats::headers;
using conats::headers_view;
using conats::payload_view;

namespace {

std::string taken(byte_buffer& buffer) {
    std::string out(buffer.data(), buffer.size());
    buffer.clear();
    return out;
}

/// The line without verb, blank and CRLF: what the server counts.
std::size_t counted(const std::string& frame) {
    return frame.find("\r\n") - frame.find(' ') - 1;
}

struct publication {
    std::string subject;
    std::string reply;
    std::string header_lines;
    std::string payload;

    friend bool operator==(const publication&, const publication&) = default;
};

std::vector<std::string> split(std::string_view line) {
    std::vector<std::string> out;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find(' '), line.size());
        out.emplace_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return out;
}

/// Reads one PUB or HPUB as a server does, nothing from the encoder. Empty if it is malformed.
std::optional<publication> server_reads(std::string_view& stream) {
    const std::size_t line_end = stream.find("\r\n");
    const auto fields = split(stream.substr(0, line_end));
    const bool with_headers = fields[0] == "HPUB";
    const std::size_t numbers = with_headers ? 2 : 1;
    if ((!with_headers && fields[0] != "PUB") || fields.size() < 2 + numbers ||
        fields.size() > 3 + numbers) {
        return std::nullopt;
    }
    publication out;
    out.subject = fields[1];
    out.reply = fields.size() == 3 + numbers ? fields[2] : "";
    const std::size_t total = std::stoul(fields.back());
    const std::size_t header = with_headers ? std::stoul(fields[fields.size() - 2]) : 0;
    const std::string_view body = stream.substr(line_end + 2, total);
    if (body.size() != total || header > total ||
        stream.substr(line_end + 2 + total, 2) != "\r\n") {
        return std::nullopt;
    }
    if (with_headers) {
        const header_block block = decode_header_block(body.substr(0, header));
        if (!block.well_formed) {
            return std::nullopt;
        }
        out.header_lines = block.lines;
    }
    out.payload = body.substr(header);
    stream.remove_prefix(line_end + 2 + total + 2);
    return out;
}

} // namespace

TEST_CASE("C01 encoder: PUB") {
    byte_buffer buffer;
    append_publish(buffer, "foo", "", "hello");
    CHECK(taken(buffer) == "PUB foo 5\r\nhello\r\n");
    append_publish(buffer, "foo.bar", "_INBOX.1", "");
    CHECK(taken(buffer) == "PUB foo.bar _INBOX.1 0\r\n\r\n");
    append_publish(buffer, "foo", "", payload_view(nullptr, 0));
    CHECK(taken(buffer) == "PUB foo 0\r\n\r\n");
    append_publish(buffer, "b", "", std::string(1'048'576, 'x'));
    CHECK(taken(buffer) == "PUB b 1048576\r\n" + std::string(1'048'576, 'x') + "\r\n");
}

TEST_CASE("C03 encoder: HPUB counts its block and all of the body") {
    byte_buffer buffer;
    headers h;
    h.add("A", "1").add("A", "").add("B", "x");
    append_publish(buffer, "foo", "", h, "hi");
    CHECK(taken(buffer) == "HPUB foo 29 31\r\nNATS/1.0\r\nA: 1\r\nA: \r\nB: x\r\n\r\nhi\r\n");
    CHECK(header_block_size(h) == 29);
    append_publish(buffer, "foo", "r", h, "");
    CHECK(taken(buffer) == "HPUB foo r 29 29\r\nNATS/1.0\r\nA: 1\r\nA: \r\nB: x\r\n\r\n\r\n");
    append_publish(buffer, "foo", "r", headers_view(), "hi");
    CHECK(taken(buffer) == "PUB foo r 2\r\nhi\r\n");
    CHECK(header_block_size(headers_view()) == 0);
}

TEST_CASE("encoder: heads for payloads that are written from where they are") {
    byte_buffer buffer;
    append_publish_head(buffer, "foo", "r", 123456);
    CHECK(taken(buffer) == "PUB foo r 123456\r\n");
    headers h;
    h.add("A", "1");
    append_publish_head(buffer, "foo", "", h, 100);
    CHECK(taken(buffer) == "HPUB foo 18 118\r\nNATS/1.0\r\nA: 1\r\n\r\n");
    append_publish_head(buffer, "foo", "", headers_view(), 7);
    CHECK(taken(buffer) == "PUB foo 7\r\n");
    append_publish(buffer, "s", "r", h, "payload");
    const std::string whole = taken(buffer);
    append_publish_head(buffer, "s", "r", h, 7);
    CHECK(whole == taken(buffer) + "payload" + std::string(payload_tail));
}

TEST_CASE("encoder: SUB, UNSUB, PING, PONG") {
    byte_buffer buffer;
    append_subscribe(buffer, "foo.*", "", 1);
    CHECK(taken(buffer) == "SUB foo.* 1\r\n");
    append_subscribe(buffer, "foo", "workers", 18446744073709551615U);
    CHECK(taken(buffer) == "SUB foo workers 18446744073709551615\r\n");
    append_unsubscribe(buffer, 7);
    CHECK(taken(buffer) == "UNSUB 7\r\n");
    append_unsubscribe(buffer, 7, 10);
    CHECK(taken(buffer) == "UNSUB 7 10\r\n");
    append_unsubscribe(buffer, std::numeric_limits<std::uint64_t>::max(),
                       std::numeric_limits<std::uint64_t>::max());
    CHECK(taken(buffer) == "UNSUB 18446744073709551615 18446744073709551615\r\n");
    append_ping(buffer);
    append_pong(buffer);
    CHECK(taken(buffer) == "PING\r\nPONG\r\n");
}

TEST_CASE("encoder: line sizes are what the server counts") {
    byte_buffer buffer;
    headers h;
    h.add("A", "1");
    for (const std::string& reply : {std::string(), std::string("_INBOX.x")}) {
        for (const std::size_t size : {0U, 9U, 10U, 981U, 982U, 100'000U}) {
            append_publish_head(buffer, "foo.bar", reply, size);
            CHECK(counted(taken(buffer)) == publish_line_size("foo.bar", reply, size));
            append_publish_head(buffer, "foo.bar", reply, h, size);
            CHECK(counted(taken(buffer)) == publish_line_size("foo.bar", reply, h, size));
        }
        CHECK(publish_line_size("foo", reply, headers_view(), 5) ==
              publish_line_size("foo", reply, 5));
        append_subscribe(buffer, "foo.>", reply, 1234);
        CHECK(counted(taken(buffer)) == subscribe_line_size("foo.>", reply, 1234));
    }
}

TEST_CASE("encoder: sizes that overflow are refused and leave the buffer as it was") {
    byte_buffer buffer;
    append_ping(buffer);
    constexpr std::size_t max = std::numeric_limits<std::size_t>::max();
    static const char byte = 'x';
    CHECK_THROWS_AS(append_publish(buffer, "foo", "", payload_view(&byte, max)), std::bad_alloc);
    CHECK_THROWS_AS(append_publish(buffer, "foo", "", payload_view(&byte, max - 10)),
                    std::bad_alloc);
    headers h;
    h.add("A", "1");
    CHECK_THROWS_AS(append_publish(buffer, "foo", "", h, payload_view(&byte, max)), std::bad_alloc);
    CHECK_THROWS_AS(append_publish_head(buffer, "foo", "", h, max), std::bad_alloc);
    CHECK_THROWS_AS(append_publish_head(buffer, "foo", "", h, max - 20), std::bad_alloc);
    CHECK_THROWS_AS(append_subscribe(buffer, std::string_view(&byte, max), "", 1), std::bad_alloc);
    CHECK(taken(buffer) == "PING\r\n");
}

TEST_CASE("encoder: frames in a buffer with capacity take no memory") {
    byte_buffer buffer(1 << 16U);
    const char* const before = buffer.data();
    headers h;
    h.add("A", "1");
    while (buffer.size() < 60'000) {
        append_publish(buffer, "foo.bar", "reply", h, std::string(50, 'x'));
    }
    CHECK(buffer.data() == before);
}

TEST_CASE("encoder: a server reads what was published, whatever it was") {
    std::mt19937 random(6);
    byte_buffer buffer;
    std::vector<publication> expected;
    const auto word = [&](std::size_t max) {
        return std::string(1 + random() % max, static_cast<char>('a' + random() % 26));
    };
    for (int i = 0; i != 3000; ++i) {
        publication p{word(40), random() % 2 == 0 ? word(40) : "", "", {}};
        p.payload.resize(random() % 3 == 0 ? random() % 2000 : random() % 30);
        for (char& c : p.payload) {
            c = static_cast<char>(random() % 256);
        }
        headers h;
        for (auto n = random() % 4; n != 0; --n) {
            h.add(word(10), word(200));
        }
        p.header_lines = h.view().lines();
        append_publish(buffer, p.subject, p.reply, h, p.payload);
        expected.push_back(p);
    }
    std::string_view stream(buffer.data(), buffer.size());
    for (const publication& p : expected) {
        const auto read = server_reads(stream);
        REQUIRE(read);
        REQUIRE(*read == p);
    }
    CHECK(stream.empty());
}
