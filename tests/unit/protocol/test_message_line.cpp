// SPDX-License-Identifier: Apache-2.0
#include "protocol/message_line.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace {

using reader = bool (*)(const char*, unsigned, std::uint64_t&) noexcept;

/// As it stands in a line: behind a blank, with more behind it.
std::optional<std::uint64_t> read(reader with, const std::string& digits) {
    const std::string line = " " + digits + " 16\r\n0123456789";
    std::uint64_t value = 0;
    if (!with(line.data() + 1, static_cast<unsigned>(digits.size()), value))
        return std::nullopt;
    return value;
}

// What machines of either byte order use must not differ: only one of them runs these tests.
constexpr reader readers[] = {&conats::impl::read_short_decimal,
                              &conats::impl::read_decimal_bytewise};

} // namespace

TEST_CASE("message line: a decimal of each length, by words and by bytes", "[parser]") {
    std::string digits;
    std::uint64_t value = 0;
    for (const unsigned digit : {9U, 0U, 1U, 8U, 2U, 7U, 3U, 6U}) {
        digits += static_cast<char>('0' + digit);
        value = value * 10 + digit;
        for (const reader with : readers)
            CHECK(read(with, digits) == value);
    }
    for (const reader with : readers) {
        CHECK(read(with, "00000000") == 0U);
        CHECK(read(with, "00000042") == 42U);
        CHECK(read(with, "99999999") == 99'999'999U);
    }
}

TEST_CASE("message line: what is no decimal, by words and by bytes", "[parser]") {
    for (const reader with : readers) {
        for (std::string digits : {"1", "12", "1234", "12345678"}) {
            for (char& place : digits) {
                for (const char wrong : {'/', ':', ' ', '-', '\0', '\xb1', 'a'}) {
                    const char right = place;
                    place = wrong;
                    CAPTURE(digits, wrong);
                    CHECK_FALSE(read(with, digits));
                    place = right;
                }
            }
        }
    }
}
