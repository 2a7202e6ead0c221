// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/json_in.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using conats::impl::json_get;
using conats::impl::json_object;
using conats::impl::json_reader;

namespace {

/// Parses a text with padding that is no help to the parser.
class document {
public:
    explicit document(std::string text) : size_(text.size()), text_(std::move(text)) {
        text_.append(conats::impl::json_padding, '}');
        fault_ = reader_.parse(text_.data(), size_);
    }
    [[nodiscard]] bool good() const { return fault_ == nullptr; }
    [[nodiscard]] const json_object& root() const { return reader_.root(); }

private:
    std::size_t size_;
    std::string text_;
    json_reader reader_;
    const char* fault_;
};

} // namespace

TEST_CASE("json_in reads members of each type") {
    const document doc(R"({"s":"a\u00e9\"","n":18446744073709551615,"b":true,)"
                       R"("l":["x","y"],"o":{"inner":1}})");
    REQUIRE(doc.good());
    std::string text;
    std::uint64_t number = 0;
    bool flag = false;
    std::vector<std::string> list;
    json_object inner;
    CHECK(doc.root().get("s", text) == json_get::found);
    CHECK(text == "a\xc3\xa9\"");
    CHECK(doc.root().get("n", number) == json_get::found);
    CHECK(number == 18446744073709551615U);
    CHECK(doc.root().get("b", flag) == json_get::found);
    CHECK(flag);
    CHECK(doc.root().get("l", list) == json_get::found);
    CHECK(list == std::vector<std::string>{"x", "y"});
    CHECK(doc.root().get("o", inner) == json_get::found);
    CHECK(inner.get("inner", number) == json_get::found);
    CHECK(number == 1);
}

TEST_CASE("json_in tells absent members from wrong ones and leaves the output alone") {
    const document doc(
        R"({"s":1,"n":"1","d":4222.0,"neg":-1,"null":null,"l":["a",2],"big":18446744073709551616})");
    REQUIRE_FALSE(doc.good()); // a number beyond 64 bits makes the whole text wrong
    const document good(R"({"s":1,"n":"1","d":4222.0,"neg":-1,"null":null,"l":["a",2]})");
    REQUIRE(good.good());
    std::string text = "kept";
    std::uint64_t number = 7;
    std::vector<std::string> list{"kept"};
    CHECK(good.root().get("nothing", text) == json_get::absent);
    CHECK(good.root().get("s", text) == json_get::wrong_type);
    for (const std::string_view name : {"n", "d", "neg", "null", "l"}) {
        CAPTURE(name);
        CHECK(good.root().get(name, number) == json_get::wrong_type);
    }
    CHECK(good.root().get("l", list) == json_get::wrong_type);
    CHECK(text == "kept");
    CHECK(number == 7);
    CHECK(list == std::vector<std::string>{"kept"});
}

TEST_CASE("json_in accepts one whole object and nothing else") {
    CHECK(document(" {} ").good());
    for (const char* bad : {"", " ", "[]", "1", "\"a\"", "{", "{\"a\":1", "{\"a\":1,}", "{\"a\" 1}",
                            "{} {}", "{}x", "{\"a\":tru}", "{\"a\":01}", "{\"a\":\"\xff\"}",
                            "{\"a\":\"\n\"}", "{'a':1}", "{\"a\":12345678901234567890123}"}) {
        CAPTURE(bad);
        CHECK_FALSE(document(bad).good());
    }
    CHECK_FALSE(document(std::string(1'000'000, '[')).good());
}

TEST_CASE("json_in gives nothing from an object that was never parsed") {
    const json_object none;
    std::string text = "kept";
    CHECK(none.get("a", text) == json_get::absent);
    CHECK(text == "kept");
}

TEST_CASE("json_in forgets the former document when the next one is wrong") {
    std::string good = R"({"a":"1"})" + std::string(64, ' ');
    std::string bad = R"({"a")" + std::string(64, ' ');
    json_reader reader;
    REQUIRE(reader.parse(good.data(), good.size() - 64) == nullptr);
    REQUIRE(reader.parse(bad.data(), bad.size() - 64) != nullptr);
    std::string text;
    CHECK(reader.root().get("a", text) == json_get::absent);
    json_reader moved(std::move(reader));
    CHECK(moved.parse(good.data(), good.size() - 64) == nullptr);
}
