// SPDX-License-Identifier: Apache-2.0
#include "engine/frame_cursor.hpp"
#include "protocol/encoder.hpp"
#include "support/catch.hpp"

#include <array>
#include <string>
#include <vector>

namespace conats::impl {
namespace {

std::string bytes_of(outbox& box) {
    outgoing out;
    box.take(out);
    std::string all;
    std::array<segment, 64> pieces;
    const std::size_t n = out.pieces(pieces);
    for (std::size_t i = 0; i != n; ++i)
        all.append(pieces.at(i).data, pieces.at(i).size);
    return all;
}

void gathered(outbox& box, std::string_view subject, std::string payload) {
    append_publish_head(box.bytes(), subject, "", payload.size());
    box.insert(owned_payload(std::move(payload)));
    box.bytes().append(payload_tail.data(), payload_tail.size());
}

/// One of each frame.
outbox fill() {
    outbox box;
    conats::headers h;
    h.add("A", "1");
    append_subscribe(box.bytes(), "a.*", "q", 7);
    append_publish(box.bytes(), "p1", "", payload_view("PUB x 3\r\nabc\r\n"));
    append_ping(box.bytes());
    append_publish(box.bytes(), "p2", "r", payload_view(""));
    gathered(box, "p3", std::string(20000, 'x'));
    append_unsubscribe(box.bytes(), 7, 3);
    append_publish(box.bytes(), "p4", "r.s", h.view(), payload_view("body"));
    append_publish_head(box.bytes(), "p5", "", h.view(), 5);
    box.insert(owned_payload(std::string("owned")));
    box.bytes().append(payload_tail.data(), payload_tail.size());
    append_pong(box.bytes());
    return box;
}

} // namespace

TEST_CASE("The cursor finds each publication with its parts") {
    outbox box = fill();
    std::vector<std::string> seen;
    for (frame_cursor f(box.contents()); f.next();)
        if (f.is_publish())
            seen.push_back(std::string(f.subject()) + "|" + std::string(f.reply()) + "|" +
                           std::to_string(f.body_size()) + (f.has_headers() ? "|h" : ""));
    const std::vector<std::string> expected{"p1||14", "p2|r|0", "p3||20000", "p4|r.s|22|h",
                                            "p5||23|h"};
    CHECK(seen == expected);
}

TEST_CASE("Frames taken over are the bytes they were") {
    outbox box = fill();
    outbox again = box.successor();
    std::uint64_t end = 0;
    for (frame_cursor f(box.contents()); f.next();) {
        CHECK(f.begin() >= end);
        end = f.begin();
        f.append_to(again);
    }
    CHECK(again.begin() == box.end());
    CHECK(again.size() == box.size());
    CHECK(bytes_of(again) == bytes_of(box));
}

TEST_CASE("An owned payload is shared, not copied") {
    outbox box;
    gathered(box, "p", std::string(20000, 'x'));
    frame_cursor f(box.contents());
    REQUIRE(f.next());
    outbox again;
    f.append_to(again);
    std::array<segment, 4> before;
    std::array<segment, 4> after;
    outgoing a;
    outgoing b;
    box.take(a);
    again.take(b);
    REQUIRE(a.pieces(before) == 3);
    REQUIRE(b.pieces(after) == 3);
    CHECK(before[1].data == after[1].data);
}

// Whatever the kernel took of a buffer, the frames of which it took nothing are found whole.
TEST_CASE("F12 after any number of bytes written exactly the untouched frames are kept") {
    std::vector<std::uint64_t> begins;
    outbox whole = fill();
    for (frame_cursor f(whole.contents()); f.next();)
        if (f.is_publish())
            begins.push_back(f.begin());
    const std::size_t size = whole.size();
    for (std::size_t written = 0; written <= size; written += written < 200 ? 1 : 97) {
        outbox box = fill();
        outgoing out;
        box.take(out);
        out.consume(written);
        std::vector<std::uint64_t> kept;
        outbox again;
        for (frame_cursor f(out); f.next();) {
            if (!f.is_publish() || f.begin() < written)
                continue;
            kept.push_back(f.begin());
            f.append_to(again);
        }
        std::vector<std::uint64_t> expected;
        for (const auto b : begins)
            if (b >= written)
                expected.push_back(b);
        REQUIRE(kept == expected);
        const std::string text = bytes_of(again);
        REQUIRE((text.empty() || text.starts_with("PUB ") || text.starts_with("HPUB ")));
    }
}

} // namespace conats::impl
