// SPDX-License-Identifier: Apache-2.0
#include "support/byte_buffer.hpp"
#include "support/catch.hpp"

#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <string_view>
#include <utility>

using conats::impl::byte_buffer;

namespace {

std::string_view text_of(const byte_buffer& buffer) {
    return {buffer.data(), buffer.size()};
}

} // namespace

TEST_CASE("byte_buffer starts empty and without memory") {
    const byte_buffer buffer;
    CHECK(buffer.empty());
    CHECK(buffer.capacity() == 0);
}

TEST_CASE("byte_buffer keeps its data while it grows") {
    byte_buffer buffer;
    std::string expected;
    for (std::size_t i = 0; i != 2000; ++i) {
        const std::string piece(i % 7, static_cast<char>('a' + i % 26));
        buffer.append(piece.data(), piece.size());
        expected += piece;
    }
    CHECK(text_of(buffer) == expected);
    CHECK(buffer.capacity() >= buffer.size());
}

TEST_CASE("byte_buffer makes only what was committed part of the data") {
    byte_buffer buffer;
    std::memcpy(buffer.prepare(5), "hello", 5);
    CHECK(buffer.empty());
    buffer.commit(4);
    CHECK(text_of(buffer) == "hell");
    buffer.truncate(1);
    CHECK(text_of(buffer) == "h");
}

TEST_CASE("byte_buffer takes memory anew only when its capacity is used up") {
    byte_buffer buffer(1000);
    const char* const before = buffer.data();
    for (int i = 0; i != 10; ++i) {
        buffer.clear();
        buffer.append(std::string(1000, 'x').data(), 1000);
    }
    CHECK(buffer.data() == before);
    CHECK(buffer.capacity() == 1000);
}

TEST_CASE("byte_buffer refuses sizes that overflow and keeps its data") {
    byte_buffer buffer;
    buffer.append("abc", 3);
    constexpr std::size_t max = std::numeric_limits<std::size_t>::max();
    CHECK_THROWS_AS(buffer.prepare(max), std::bad_alloc);
    CHECK_THROWS_AS(buffer.prepare(max - 2), std::bad_alloc);
    CHECK_THROWS_AS(buffer.prepare(max / 2), std::bad_alloc);
    CHECK(text_of(buffer) == "abc");
}

TEST_CASE("byte_buffer appends nothing from nowhere") {
    byte_buffer buffer;
    buffer.append(nullptr, 0);
    CHECK(buffer.empty());
}

TEST_CASE("byte_buffer moves and swaps") {
    byte_buffer a;
    a.append("one", 3);
    byte_buffer b(std::move(a));
    CHECK(a.empty()); // NOLINT(bugprone-use-after-move): documented state
    CHECK(text_of(b) == "one");
    byte_buffer c;
    c.append("two", 3);
    swap(b, c);
    CHECK(text_of(b) == "two");
    b = std::move(c);
    CHECK(text_of(b) == "one");
}

TEST_CASE("byte_buffer gives capacity back but never its data") {
    byte_buffer buffer(100'000);
    buffer.append("data", 4);
    buffer.shrink(50);
    CHECK(buffer.capacity() == 50);
    buffer.shrink();
    CHECK(buffer.capacity() == 4);
    CHECK(text_of(buffer) == "data");
    buffer.clear();
    buffer.shrink();
    CHECK(buffer.capacity() == 0);
    buffer.append("again", 5);
    CHECK(text_of(buffer) == "again");
}
