// SPDX-License-Identifier: Apache-2.0
#include "engine/record_ring.hpp"
#include "support/catch.hpp"

#include <cstdint>

namespace {

using conats::impl::record;
using conats::impl::record_ring;

record number(std::uint64_t n) {
    record r;
    r.payload_size = static_cast<std::uint32_t>(n);
    return r;
}

} // namespace

TEST_CASE("record_ring needs no memory before its first record") {
    record_ring ring;
    CHECK(ring.capacity() == 0);
    ring.grow(0, 0);
    CHECK(ring.capacity() != 0);
    ring.at(0) = number(1);
    CHECK(ring.at(0).payload_size == 1);
}

TEST_CASE("record_ring keeps what lies between head and end while it grows") {
    record_ring ring;
    ring.grow(0, 0);
    // Head and end at every place of the ring, also across its seam.
    for (std::uint64_t head = 0; head != 40; ++head) {
        const std::uint64_t end = head + ring.capacity();
        for (std::uint64_t p = head; p != end; ++p)
            ring.at(p) = number(1000 * head + p);
        record_ring larger;
        while (larger.capacity() != ring.capacity())
            larger.grow(0, 0);
        for (std::uint64_t p = head; p != end; ++p)
            larger.at(p) = ring.at(p);
        const std::size_t before = larger.capacity();
        larger.grow(head, end);
        REQUIRE(larger.capacity() == 2 * before);
        for (std::uint64_t p = head; p != end; ++p)
            REQUIRE(larger.at(p).payload_size == 1000 * head + p);
    }
}

TEST_CASE("record_ring works at positions of any size") {
    record_ring ring;
    const std::uint64_t head = ~std::uint64_t{0} - 3; // the next ones start at 0 again
    ring.grow(head, head);
    for (std::uint64_t i = 0; i != 8; ++i)
        ring.at(head + i) = number(i);
    ring.grow(head, head + 8);
    for (std::uint64_t i = 0; i != 8; ++i)
        CHECK(ring.at(head + i).payload_size == i);
}
