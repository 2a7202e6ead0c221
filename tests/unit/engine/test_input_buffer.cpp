// SPDX-License-Identifier: Apache-2.0
#include "engine/input_buffer.hpp"
#include "support/catch.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <string_view>

namespace {

using namespace conats::impl;

constexpr std::size_t whole = chunk_pool::chunk_size;

/// Takes the place of a read.
void read(input_buffer& in, std::string_view bytes, std::size_t needed = 0) {
    const auto space = in.prepare(needed);
    REQUIRE(space.size >= bytes.size());
    std::memcpy(space.data, bytes.data(), bytes.size());
    in.commit(bytes.size());
}

std::string unparsed(const input_buffer& in) {
    return {in.begin(), in.end()};
}

} // namespace

TEST_CASE("input_buffer uses one chunk again and again while nobody keeps it") {
    chunk_pool pool(std::make_shared<chunk_store>());
    input_buffer in(pool, nullptr);
    CHECK(in.is_empty());
    read(in, "PING\r\n");
    const chunk* const first = &in.memory();
    for (int i = 0; i != 3; ++i) {
        CHECK(unparsed(in) == "PING\r\n");
        in.consume(6);
        CHECK(in.is_empty());
        CHECK(in.prepare(0).size == whole); // from its beginning
        read(in, "PING\r\n");
        CHECK(&in.memory() == first);
    }
    CHECK(pool.bytes_in_use() == whole);
}

TEST_CASE("input_buffer reads behind a message that somebody keeps") {
    chunk_pool pool(std::make_shared<chunk_store>());
    input_buffer in(pool, nullptr);
    read(in, "message");
    add_reference(&in.memory()); // as a queued record does
    const char* const message = in.begin();
    in.consume(7);
    read(in, "next");
    CHECK(std::string_view(message, 7) == "message");
    CHECK(in.begin() == message + 7);
    CHECK(pool.bytes_in_use() == whole);
    release_reference(&in.memory());
}

TEST_CASE("input_buffer moves a partial operation to a new chunk when the old one is full") {
    chunk_pool pool(std::make_shared<chunk_store>());
    input_buffer in(pool, nullptr);
    read(in, std::string(whole - 100, 'm'));
    block* const old = &in.memory();
    add_reference(old);
    in.consume(whole - 103);
    CHECK(unparsed(in) == "mmm");

    const auto space = in.prepare(0); // 100 bytes are not worth a system call
    CHECK(&in.memory() != old);
    CHECK(unparsed(in) == "mmm");
    CHECK(space.size == whole - 3);
    CHECK(old->references == 1); // the message's
    CHECK(pool.bytes_in_use() == 2 * whole);
    release_reference(old);
    CHECK(pool.bytes_in_use() == whole);
}

TEST_CASE("input_buffer moves a partial operation to the front of a chunk nobody keeps") {
    chunk_pool pool(std::make_shared<chunk_store>());
    input_buffer in(pool, nullptr);
    read(in, std::string(whole - 100, 'm') + "abc");
    const chunk* const first = &in.memory();
    in.consume(whole - 100);
    CHECK(in.prepare(0).size == whole - 3);
    CHECK(&in.memory() == first);
    CHECK(unparsed(in) == "abc");
}

TEST_CASE("input_buffer reads an operation larger than a chunk into one of its own") {
    chunk_pool pool(std::make_shared<chunk_store>());
    input_buffer in(pool, nullptr);
    read(in, "MSG ");
    const std::size_t needed = 3 * whole;
    const auto space = in.prepare(needed);
    CHECK(space.size >= needed - 4);
    const char* const begin = in.begin();
    CHECK(unparsed(in) == "MSG ");
    CHECK(pool.bytes_in_use() >= needed);

    read(in, std::string(whole, 'x'), needed);
    read(in, std::string(needed - 4 - whole, 'x'), needed);
    CHECK(in.begin() == begin); // never copied on the way
    CHECK(in.end() - in.begin() == static_cast<std::ptrdiff_t>(needed));
    in.consume(needed);
    CHECK(in.prepare(0).size == whole); // back to the usual size
    CHECK(pool.bytes_in_use() == whole);
}

TEST_CASE("input_buffer does not keep a large chunk for small operations") {
    chunk_pool pool(std::make_shared<chunk_store>());
    input_buffer in(pool, nullptr);
    read(in, "MSG", 3 * whole);
    CHECK(pool.bytes_in_use() == 3 * whole);
    in.consume(3); // it was small after all
    CHECK(in.prepare(0).size == whole);
    CHECK(pool.bytes_in_use() == whole);
}

TEST_CASE("input_buffer that begins with a large operation makes one chunk for it") {
    chunk_pool pool(std::make_shared<chunk_store>());
    input_buffer in(pool, nullptr);
    CHECK(in.prepare(2 * whole).size >= 2 * whole);
    CHECK(pool.bytes_in_use() == in.memory().capacity);
}

TEST_CASE("input_buffer stays in its chunk for an operation that just fits") {
    chunk_pool pool(std::make_shared<chunk_store>());
    input_buffer in(pool, nullptr);
    read(in, std::string(whole - 10, 'm'));
    add_reference(&in.memory());
    block* const first = &in.memory();
    in.consume(whole - 15);
    CHECK(in.prepare(15).size == 10); // exactly what is missing
    CHECK(&in.memory() == first);
    CHECK(in.prepare(16).size > 10); // one byte more does not fit
    CHECK(&in.memory() != first);
    CHECK(unparsed(in) == "mmmmm");
    release_reference(first);
}

TEST_CASE("input_buffer never offers nothing to read into") {
    chunk_pool pool(std::make_shared<chunk_store>());
    input_buffer in(pool, nullptr);
    read(in, std::string(whole, 'm'));
    CHECK(in.prepare(0).size != 0);     // unparsed up to the last byte
    CHECK(in.prepare(whole).size != 0); // and all of it is there
    CHECK(in.end() - in.begin() == static_cast<std::ptrdiff_t>(whole));
}

TEST_CASE("input_buffer gives its chunk back when it is destroyed") {
    chunk_pool pool(std::make_shared<chunk_store>());
    const auto owner = std::make_shared<int>();
    {
        input_buffer in(pool, owner);
        read(in, "x");
        CHECK(owner.use_count() == 3);
    }
    CHECK(owner.use_count() == 1);
    CHECK(pool.bytes_in_use() == 0);
    const input_buffer unused(pool, owner);
    CHECK(pool.bytes_in_use() == 0);
}

TEST_CASE("input_buffer gives its chunk back when all is parsed and nobody keeps it") {
    chunk_pool pool(std::make_shared<chunk_store>());
    input_buffer in(pool, nullptr);
    CHECK(in.give_back()); // there is none
    read(in, "PING\r\nMSG");
    CHECK_FALSE(in.give_back());
    in.consume(6);
    CHECK_FALSE(in.give_back());
    CHECK(unparsed(in) == "MSG");
    in.consume(3);
    block* const first = &in.memory();
    add_reference(first); // as a queued record does
    CHECK_FALSE(in.give_back());
    CHECK(&in.memory() == first);
    release_reference(first);
    CHECK(in.give_back());
    CHECK(in.is_empty());
    CHECK(pool.bytes_in_use() == 0);

    read(in, "again");
    CHECK(unparsed(in) == "again");
    CHECK(in.begin() == in.memory().data());
    CHECK(pool.bytes_in_use() == whole);
}

TEST_CASE("input_buffer gives a large chunk back, too") {
    chunk_pool pool(std::make_shared<chunk_store>());
    input_buffer in(pool, nullptr);
    read(in, std::string(2 * whole, 'm'), 2 * whole);
    in.consume(2 * whole);
    CHECK(in.give_back());
    CHECK(pool.bytes_in_use() == 0);
    CHECK(in.prepare(0).size == whole);
}

TEST_CASE("input_buffer keeps all bytes in order, whatever is read, parsed and kept") {
    for (const std::uint32_t seed : {11U, 12U, 13U}) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        chunk_pool pool(std::make_shared<chunk_store>());
        input_buffer in(pool, nullptr);
        std::deque<block*> kept;
        std::uint32_t next_read = 0;
        std::uint32_t next_parsed = 0;
        for (int step = 0; step < 3'000; ++step) {
            const auto left = static_cast<std::size_t>(in.is_empty() ? 0 : in.end() - in.begin());
            if (random() % 4 == 0)
                (void)in.give_back();
            const bool large = random() % 20 == 0;
            const std::size_t needed = large ? left + 1 + random() % (2 * whole) : 0;
            const auto space = in.prepare(needed);
            REQUIRE(space.size > 0);
            REQUIRE(left + space.size >= needed);
            std::size_t n = 1 + random() % std::min<std::size_t>(space.size, 40'000);
            in.commit(n);
            for (char* to = space.data; n != 0; --n)
                *to++ = static_cast<char>(next_read++ % 251);
            REQUIRE(in.end() - in.begin() == next_read - next_parsed);
            if (random() % 4 != 0) {
                const auto all = static_cast<std::size_t>(in.end() - in.begin());
                const std::size_t parsed = random() % 3 == 0 ? all : random() % (all + 1);
                for (const char* p = in.begin(); p != in.begin() + parsed; ++p)
                    if (*p != static_cast<char>(next_parsed++ % 251))
                        FAIL("byte " << next_parsed);
                in.consume(parsed);
                if (parsed != 0 && random() % 2 == 0) {
                    add_reference(&in.memory());
                    kept.push_back(&in.memory());
                }
            }
            while (kept.size() > random() % 16) {
                release_reference(kept.front());
                kept.pop_front();
            }
        }
        for (block* b : kept)
            release_reference(b);
        CHECK(pool.bytes_in_use() == in.memory().capacity);
    }
}
