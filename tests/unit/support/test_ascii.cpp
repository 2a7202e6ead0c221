// SPDX-License-Identifier: Apache-2.0
#include "support/ascii.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

using namespace conats::impl; // NOLINT(google-build-using-namespace): the header under test

namespace {

std::string written(std::uint64_t value) {
    char text[max_decimal_size];
    return {text, write_decimal(text, value)};
}

} // namespace

TEST_CASE("ascii compares letters without case and everything else exactly") {
    CHECK(equal_ignore_case("PiNg", "pInG"));
    CHECK_FALSE(equal_ignore_case("ping", "pin"));
    CHECK_FALSE(equal_ignore_case("[", "{")); // differ by the bit that case differs by
    CHECK_FALSE(equal_ignore_case("@", "`"));
    CHECK_FALSE(equal_ignore_case("\xc4", "\xe4")); // no locale
    CHECK(starts_with_ignore_case("Permissions Violation", "PERMISSIONS"));
    CHECK_FALSE(starts_with_ignore_case("Perm", "Permissions"));
}

TEST_CASE("ascii trims blanks and tabs, nothing else") {
    CHECK(trim_blanks(" \t a b\t ") == "a b");
    CHECK(trim_blanks(" \t ").empty());
    CHECK(trim_blanks("\ra\n") == "\ra\n");
}

TEST_CASE("ascii reads decimals up to the largest and not one more") {
    std::uint64_t value = 7;
    CHECK(parse_decimal("0", value));
    CHECK(value == 0);
    CHECK(parse_decimal("0000000000000000000000000000012", value));
    CHECK(value == 12);
    CHECK(parse_decimal("18446744073709551615", value));
    CHECK(value == std::numeric_limits<std::uint64_t>::max());
    value = 7;
    for (const std::string_view bad :
         {"", "18446744073709551616", "99999999999999999999", "184467440737095516150", "-1", "+1",
          " 1", "1 ", "1.0", "0x1", "1e3", "\xd9\xa1"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_decimal(bad, value));
        CHECK(value == 7);
    }
}

TEST_CASE("ascii writes what it reads") {
    for (std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{9}, std::uint64_t{10}, std::uint64_t{4096},
          std::uint64_t{9999999999U}, std::numeric_limits<std::uint64_t>::max()}) {
        const std::string text = written(value);
        CHECK(text == std::to_string(value));
        CHECK(decimal_size(value) == text.size());
    }
}

TEST_CASE("ascii shows bytes that are not printable, and not too many") {
    CHECK(escaped('\r') == "\\x0d");
    CHECK(escaped('a') == "a");
    CHECK(escaped_excerpt(std::string_view("a\0b\x7f\xff", 5)) == "a\\x00b\\x7f\\xff");
    CHECK(escaped_excerpt(std::string(64, 'a')) == std::string(64, 'a'));
    CHECK(escaped_excerpt(std::string(65, 'a')) == std::string(64, 'a') + "...");
}
