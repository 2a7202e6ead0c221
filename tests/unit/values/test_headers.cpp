// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"

#include <conats/headers.hpp>

#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using conats::header_field;
using conats::headers;
using conats::headers_view;

namespace {

std::vector<std::pair<std::string, std::string>> list(headers_view view) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const header_field& field : view) {
        out.emplace_back(field.name, field.value);
    }
    return out;
}

} // namespace

TEST_CASE("C06 P2.31 headers keep case and order, and several values of a name") {
    headers h;
    h.add("Foo", "1").add("foo", "2").add("Foo", "3").add("BAR", "");
    CHECK(h.get("Foo") == "1");
    CHECK(h.get("foo") == "2");
    CHECK_FALSE(h.get("FOO"));
    CHECK(h.get("BAR") == "");
    CHECK(h.values("Foo") == std::vector<std::string_view>{"1", "3"});
    CHECK(h.view().get_ignore_case("bar") == "");
    CHECK(h.view().get_ignore_case("fOO") == "1");
    CHECK_FALSE(h.view().get_ignore_case("none"));
    CHECK(h.size() == 4);
    CHECK(h.view().lines() == "Foo: 1\r\nfoo: 2\r\nFoo: 3\r\nBAR: \r\n");
}

TEST_CASE("C06 headers: set removes exactly its name and appends, erase counts") {
    headers h;
    h.add("A", "1").add("a", "2").add("A", "3").add("B", "4");
    h.set("A", "new");
    CHECK(h.view().lines() == "a: 2\r\nB: 4\r\nA: new\r\n");
    CHECK(h.erase("A") == 1);
    CHECK(h.erase("A") == 0);
    CHECK_FALSE(h.contains("A"));
    CHECK(h.contains("a"));
    h.clear();
    CHECK(h.empty());
}

TEST_CASE("headers: an argument may point into the headers themselves") {
    headers h;
    h.add("Name", std::string(100, 'v'));
    for (int i = 0; i != 20; ++i) {
        h.add(*&h.begin()->name, *h.get("Name"));
    }
    h.set("Name", *h.get("Name"));
    CHECK(h.size() == 1);
    CHECK(h.get("Name") == std::string(100, 'v'));
    h.clear();
    h.add("A", "1").add("B", "2").add("A", "3").add("C", "4").add("A", "5");
    CHECK(h.erase(h.begin()->name) == 3);
    CHECK(h.view().lines() == "B: 2\r\nC: 4\r\n");
    h.set(h.begin()->name, *h.get("C"));
    CHECK(h.view().lines() == "C: 4\r\nB: 4\r\n");
    CHECK(h.erase("C") == 1);
    CHECK(h.erase("B") == 1);
    CHECK(h.empty());
}

TEST_CASE("C04 a header name is printable ASCII without a colon") {
    for (const std::string_view bad :
         {std::string_view(""), std::string_view("a b"), std::string_view("a:b"),
          std::string_view("a\r\nb"), std::string_view("a\0b", 3), std::string_view("\x7f"),
          std::string_view("caf\xc3\xa9"), std::string_view(" a"), std::string_view("a\t")}) {
        headers h;
        h.add("Good", "1").add(bad, "x");
        CAPTURE(bad);
        CHECK(h.view().lines() == "Good: 1\r\n");
        CHECK_FALSE(h.fault().empty());
    }
    headers all;
    for (char c = '!'; c <= '~'; ++c) {
        if (c != ':') {
            all.add(std::string(1, c), "x");
        }
    }
    CHECK(all.fault().empty());
    CHECK(all.size() == 93);
}

TEST_CASE("C05 P2.32 a header value with CR, LF or NUL is refused and named") {
    headers h;
    h.add("X", "x\nNats-Rollup: all");
    CHECK(h.fault() == "value of header \"X\" holds '\\x0a' at position 1");
    CHECK(h.view().empty());
    CHECK_FALSE(h.empty()); // so that it is not taken for a message without headers
    h.add("Y", "a\rb").set("Z", std::string_view("\0", 1));
    CHECK(h.fault() == "value of header \"X\" holds '\\x0a' at position 1"); // the first stays
    CHECK(h.view().empty());
    headers set;
    set.add("K", "old").set("K", "a\r\nb");
    CHECK(set.get("K") == "old");
    CHECK(set.fault() == "value of header \"K\" holds '\\x0d' at position 1");
}

TEST_CASE("headers: the fault names what is wrong with a name") {
    CHECK(headers().add("", "x").fault() == "header name is empty");
    CHECK(headers().add("a b", "x").fault() == "header name \"a b\" holds ' ' at position 1");
}

TEST_CASE("headers_view takes blanks around a value away and nothing in it") {
    const headers_view view("A:1\r\nB:  two words \t\r\nC: a: b\r\nD:\r\nE: caf\xc3\xa9\r\n");
    const auto expected = std::vector<std::pair<std::string, std::string>>{
        {"A", "1"}, {"B", "two words"}, {"C", "a: b"}, {"D", ""}, {"E", "caf\xc3\xa9"}};
    CHECK(list(view) == expected);
    CHECK(view.size() == 5);
}

TEST_CASE("headers_view: a CR or LF alone belongs to the value") {
    const headers_view view("A: x\nB: y\r\nC: \rz\r\n");
    CHECK(list(view) ==
          std::vector<std::pair<std::string, std::string>>{{"A", "x\nB: y"}, {"C", "\rz"}});
}

TEST_CASE("headers_view survives lines that are none") {
    CHECK(list(headers_view("no colon\r\n")) ==
          std::vector<std::pair<std::string, std::string>>{{"no colon", ""}});
    CHECK(list(headers_view("A: no end")) ==
          std::vector<std::pair<std::string, std::string>>{{"A", "no end"}});
    CHECK(headers_view("\r\n").size() == 1);
    CHECK(headers_view("\r").size() == 1);
    CHECK(headers_view().begin() == headers_view().end());
}

TEST_CASE("headers_view iterators are forward iterators") {
    const headers_view view("A: 1\r\nB: 2\r\n");
    auto it = view.begin();
    const auto first = it++;
    CHECK(first->name == "A");
    CHECK(it->name == "B");
    CHECK(++it == view.end());
    CHECK(first == view.begin());
}

TEST_CASE("headers copied from a message are checked again") {
    const headers good(headers_view("A: 1\r\nA: 2\r\n"));
    CHECK(good.view().lines() == "A: 1\r\nA: 2\r\n");
    const headers bad(headers_view("A: x\nB: y\r\nC: 1\r\n"));
    CHECK_FALSE(bad.fault().empty());
    CHECK(bad.view().lines() == "C: 1\r\n");
}

TEST_CASE("headers: what was added is read back, whatever it is") {
    std::mt19937 random(5);
    const std::string name_chars = "aZ09-_!~*'/";
    const std::string value_chars = "aZ09 \t:,;\x01\x7f\xc3\xa9";
    for (int round = 0; round != 500; ++round) {
        headers h;
        std::vector<std::pair<std::string, std::string>> expected;
        for (auto i = random() % 6; i != 0; --i) {
            std::string name;
            std::string value = "v"; // not a blank at either end
            for (auto n = 1 + random() % 8; n != 0; --n) {
                name += name_chars[random() % name_chars.size()];
            }
            for (auto n = random() % 30; n != 0; --n) {
                value += value_chars[random() % value_chars.size()];
            }
            value += 'v';
            h.add(name, value);
            expected.emplace_back(name, value);
        }
        REQUIRE(h.fault().empty());
        REQUIRE(list(h) == expected);
        REQUIRE(list(headers(h.view())) == expected);
    }
}
