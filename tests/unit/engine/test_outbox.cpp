// SPDX-License-Identifier: Apache-2.0
#include "engine/outbox.hpp"
#include "support/catch.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using conats::owned_payload;
using conats::impl::outbox;
using conats::impl::outgoing;
using conats::impl::segment;

void append(outbox& box, std::string_view text) {
    box.bytes().append(text.data(), text.size());
}

void insert(outbox& box, std::string text) {
    box.insert(owned_payload(std::move(text)));
}

/// The pieces of what is left, separated by '|'; at most `most` of them.
std::string pieces(const outgoing& out, std::size_t most = 16) {
    std::array<segment, 16> found;
    const std::size_t count = out.pieces(std::span(found).first(most));
    std::string text;
    for (std::size_t i = 0; i != count; ++i)
        text += (i == 0 ? "" : "|") + std::string(found[i].data, found[i].size);
    return text;
}

/// Writes all of it, at most `step` bytes a time, and says what the peer got.
std::string write(outgoing& out, std::size_t step) {
    std::string received;
    while (!out.empty()) {
        std::array<segment, 3> found;
        std::size_t left = step;
        std::size_t written = 0;
        for (std::size_t i = 0, n = out.pieces(found); i != n && left != 0; ++i) {
            const std::size_t part = std::min(left, found[i].size);
            received.append(found[i].data, part);
            left -= part;
            written += part;
        }
        REQUIRE(written != 0);
        out.consume(written);
    }
    return received;
}

} // namespace

TEST_CASE("outbox hands everything appended so far to the writer at once") {
    outbox box;
    outgoing out;
    CHECK(box.empty());
    append(box, "PUB a 1\r\n");
    append(box, "x\r\n");
    CHECK(box.size() == 12);

    box.take(out);
    CHECK(box.empty());
    CHECK(out.size() == 12);
    CHECK(pieces(out) == "PUB a 1\r\nx\r\n");

    append(box, "PING\r\n"); // while the first is being written
    CHECK(pieces(out) == "PUB a 1\r\nx\r\n");
    out.consume(12);
    CHECK(out.empty());
    box.take(out);
    CHECK(pieces(out) == "PING\r\n");
}

TEST_CASE("outbox counts its position through all buffers, payloads of others included") {
    outbox box;
    outgoing out;
    append(box, "head");
    insert(box, "payload");
    append(box, "\r\n");
    CHECK(box.size() == 13);
    CHECK(box.end() == 13);
    box.take(out);
    CHECK(box.end() == 13);
    append(box, "x");
    CHECK(box.size() == 1);
    CHECK(box.end() == 14);
    box.take(out);
    CHECK(box.size() == 0);
    CHECK(box.end() == 14);
}

TEST_CASE("outgoing writes a payload of others from where it is, between the bytes") {
    outbox box;
    outgoing out;
    std::string text = "a payload too long to be kept inside of its string";
    const owned_payload payload(std::move(text));
    append(box, "head ");
    box.insert(payload);
    append(box, " tail");
    box.take(out);

    std::array<segment, 16> found;
    REQUIRE(out.pieces(found) == 3);
    CHECK(found[1].data == payload.data());
    CHECK(found[1].size == payload.size());
    CHECK(pieces(out) == "head |a payload too long to be kept inside of its string| tail");
}

TEST_CASE("outgoing with payloads first, last and side by side") {
    outbox box;
    outgoing out;
    insert(box, "one");
    insert(box, "two");
    append(box, "-");
    insert(box, "three");
    box.take(out);
    CHECK(out.size() == 12);
    CHECK(pieces(out) == "one|two|-|three");
    CHECK(pieces(out, 1) == "one");
    CHECK(pieces(out, 2) == "one|two");
    CHECK(pieces(out, 3) == "one|two|-");
}

TEST_CASE("outgoing goes on where a write stopped, within bytes and within payloads") {
    outbox box;
    outgoing out;
    append(box, "ab");
    insert(box, "CD");
    append(box, "ef");
    box.take(out);
    const std::array<const char*, 7> left{"ab|CD|ef", "b|CD|ef", "CD|ef", "D|ef", "ef", "f", ""};
    for (const char* expected : left) {
        CHECK(pieces(out) == expected);
        if (!out.empty())
            out.consume(1);
    }
    CHECK(out.empty());
}

TEST_CASE("outgoing lets a payload go as soon as it is written") {
    outbox box;
    outgoing out;
    auto owner = std::make_shared<std::string>("payload");
    append(box, "h");
    box.insert(owned_payload(owner, owner->data(), owner->size()));
    append(box, "t");
    box.take(out);
    CHECK(owner.use_count() == 2);
    out.consume(7);
    CHECK(owner.use_count() == 2);
    out.consume(1);
    CHECK(owner.use_count() == 1);
    CHECK(pieces(out) == "t");
}

TEST_CASE("outbox that is cleared drops bytes and payloads and starts anew") {
    outbox box;
    outgoing out;
    auto owner = std::make_shared<std::string>("payload");
    append(box, "head");
    box.insert(owned_payload(owner, owner->data(), owner->size()));
    box.clear();
    CHECK(box.empty());
    CHECK(owner.use_count() == 1);
    append(box, "new");
    box.take(out);
    CHECK(out.size() == 3);
    CHECK(pieces(out) == "new");
}

TEST_CASE("outbox keeps the memory of small buffers and gives back that of large ones") {
    outbox box;
    outgoing out;
    append(box, std::string(1000, 'x'));
    const char* const first = box.bytes().data();
    box.take(out);
    out.consume(out.size());
    append(box, "y");
    box.take(out);
    out.consume(out.size());
    CHECK(box.bytes().data() == first); // two buffers, in turns
    CHECK(box.bytes().capacity() >= 1000);

    append(box, std::string((std::size_t{1} << 20U) + 1, 'x'));
    box.take(out);
    out.consume(out.size());
    box.take(out);
    CHECK(box.bytes().capacity() == 0);
}

TEST_CASE("outbox sends what went in, in order, however it is cut") {
    for (const std::uint32_t seed : {1U, 2U, 3U, 4U}) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        outbox box;
        outgoing out;
        std::string sent;
        std::string received;
        char letter = 'a';
        for (int step = 0; step < 5'000; ++step) {
            const std::string text(1 + random() % 20, letter);
            letter = static_cast<char>(letter == 'z' ? 'a' : letter + 1);
            if (random() % 3 == 0)
                insert(box, text);
            else
                append(box, text);
            sent += text;
            if (random() % 8 == 0) {
                box.take(out);
                received += write(out, 1 + random() % 30);
                REQUIRE(received == sent);
            }
            REQUIRE(box.end() == sent.size());
        }
    }
}
