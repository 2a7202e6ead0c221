// SPDX-License-Identifier: Apache-2.0
#include "support/base64.hpp"
#include "support/catch.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace conats::impl; // NOLINT(google-build-using-namespace): the header under test

namespace {

std::optional<std::string> decoded(std::string_view text) {
    std::string out(base64url_decoded_size(text.size()), '\0');
    return base64url_decode(text, out.data()) ? std::optional(out) : std::nullopt;
}

} // namespace

TEST_CASE("P2.22 base64url has no padding, and - and _ for + and /") {
    // RFC 4648, 10, and what differs from base64.
    const std::vector<std::pair<std::string, std::string>> pairs{{"", ""},
                                                                 {"f", "Zg"},
                                                                 {"fo", "Zm8"},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg"},
                                                                 {"fooba", "Zm9vYmE"},
                                                                 {"foobar", "Zm9vYmFy"},
                                                                 {"\xfb\xff\xfe", "-__-"},
                                                                 {std::string(2, '\0'), "AAA"}};
    for (const auto& [bytes, text] : pairs) {
        CHECK(base64url_encode(bytes) == text);
        CHECK(decoded(text) == bytes);
    }
}

TEST_CASE("base64url of every byte and size reads back") {
    std::string bytes;
    for (int i = 0; i != 300; ++i) {
        CHECK(decoded(base64url_encode(bytes)) == bytes);
        bytes += static_cast<char>(i * 7);
    }
}

TEST_CASE("base64url refuses what is none") {
    for (const char* const text : {"A", "AAAAA", "Zg==", "Z+", "Z/", "Z g", "Zg\n", "\xc3\xbc"}) {
        INFO(text);
        CHECK_FALSE(decoded(text));
    }
    CHECK(decoded("Zh") == "f"); // bits left over
}
