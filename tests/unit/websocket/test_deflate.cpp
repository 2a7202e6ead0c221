// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "websocket/deflate.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace {

using conats::impl::deflater;
using conats::impl::inflater;
using namespace std::string_literals;

/// Unpacks one message, giving in and taking out so many bytes at a time.
std::string unpack(inflater& i, std::string_view packed, std::size_t in, std::size_t out) {
    std::string all;
    std::vector<char> room(out);
    while (!packed.empty() && !i.has_failed()) {
        auto piece = packed.substr(0, in);
        packed.remove_prefix(piece.size());
        while (!piece.empty())
            all.append(room.data(), i.unpack(piece, room.data(), out));
    }
    for (auto n = out; n == out && !i.has_failed();) {
        n = i.end_message(room.data(), out);
        all.append(room.data(), n);
    }
    return all;
}

std::string noise(std::size_t size) {
    std::string text(size, '\0');
    unsigned state = 12345;
    for (char& c : text) {
        state = state * 1103515245U + 12345U;
        c = static_cast<char>(state >> 16U);
    }
    return text;
}

} // namespace

TEST_CASE("G03 what is packed unpacks, whatever the pieces") {
    deflater d;
    for (const auto& message : {"a"s, "PUB a 5\r\nhello\r\n"s, std::string(100'000, 'x'),
                                noise(4096), noise(40'000), noise(10) + std::string(9000, 'y')}) {
        std::string packed = "before";
        d.pack(message, packed);
        CHECK(packed.substr(0, 6) == "before");
        packed.erase(0, 6);
        for (const std::size_t in : {1U, 7U, 1'000'000U})
            for (const std::size_t out : {1U, 13U, 4096U, 1'000'000U}) {
                if (in + out < 15 && message.size() > 10'000)
                    continue; // slow, and nothing new
                inflater i(false);
                CHECK(unpack(i, packed, in, out) == message);
                CHECK(unpack(i, packed, in, out) == message); // without context
                CHECK_FALSE(i.has_failed());
            }
        if (message.size() == 100'000)
            CHECK(packed.size() < 1000);
    }
}

TEST_CASE("G03 messages of RFC 7692 unpack: with and without context, stored, with a final block") {
    inflater keeps(true);
    CHECK(unpack(keeps, "\xf2\x48\xcd\xc9\xc9\x07\x00"s, 3, 100) == "Hello");
    CHECK(unpack(keeps, "\xf2\x00\x11\x00\x00"s, 3, 100) == "Hello"); // refers to the first
    inflater forgets(false);
    CHECK(unpack(forgets, "\xf2\x48\xcd\xc9\xc9\x07\x00"s, 3, 100) == "Hello");
    (void)unpack(forgets, "\xf2\x00\x11\x00\x00"s, 3, 100);
    CHECK(forgets.has_failed());

    inflater i(false);
    CHECK(unpack(i, "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"s, 2, 2) == "Hello");
    CHECK(unpack(i, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"s, 2, 2) == "Hello"); // BFINAL
    CHECK(unpack(i, "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"s, 2, 2) == "Hello");
    CHECK_FALSE(i.has_failed());
}

TEST_CASE("G03 what does not unpack is found") {
    for (const auto& bad : {"\x07\xff\xff"s, "\xff\xff\xff\xff"s, "\x00\x05\x00\xfa\x00"s}) {
        inflater i(false);
        (void)unpack(i, bad, 100, 100);
        CHECK(i.has_failed());
    }
}
