// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "testing/subject_tree.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace conats::testing::impl;

TEST_CASE("The broker's subjects match as they should") {
    const auto yes = [](const char* p, const char* s) { CHECK(matches(p, s)); };
    const auto no = [](const char* p, const char* s) { CHECK_FALSE(matches(p, s)); };
    yes("a", "a");
    yes("a.*", "a.b");
    yes("*.b", "a.b");
    yes(">", "a.b.c");
    yes("a.>", "a.b.c");
    yes("a.*", "a.>");
    no("a.>", "a");
    no("a.*", "a");
    no("a.*", "a.b.c");
    no("a", "a.b");
    no("a*", "ab");
    no(">", "a..b");
    no(">", "");
    CHECK(is_subscribable("a.*.>"));
    CHECK(is_subscribable("a>.b"));
    CHECK_FALSE(is_subscribable("a.>.b"));
    CHECK_FALSE(is_subscribable("a..b"));
    CHECK_FALSE(is_subscribable(""));
    CHECK(has_wildcard("a.*"));
    CHECK_FALSE(has_wildcard("a*.b>"));
}

TEST_CASE("The broker's tree finds what a comparison of each finds") {
    std::mt19937 random(7);
    const std::vector<std::string> tokens{"a", "b", "*", ">", "cc"};
    const auto make = [&](bool literal) {
        std::string subject;
        const std::size_t n = 1 + random() % 4;
        for (std::size_t i = 0; i != n; ++i) {
            std::string token = tokens[random() % tokens.size()];
            if (token == ">" && (literal || i + 1 != n))
                token = "b";
            if (token == "*" && literal)
                token = "a";
            subject += (i == 0 ? "" : ".") + token;
        }
        return subject;
    };
    std::vector<std::string> present;
    present.reserve(2000);
    std::vector<std::string*> inside;
    subject_tree<std::string> tree;
    for (int round = 0; round != 2000; ++round) {
        if (!inside.empty() && random() % 3 == 0) {
            const std::size_t i = random() % inside.size();
            tree.remove(*inside[i], inside[i]);
            inside.erase(inside.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
            present.push_back(make(false));
            inside.push_back(&present.back());
            tree.insert(present.back(), &present.back());
        }
        const std::string subject = make(true);
        std::vector<std::string*> found;
        tree.match(subject, found);
        std::vector<std::string*> expected;
        std::copy_if(inside.begin(), inside.end(), std::back_inserter(expected),
                     [&](const std::string* s) { return matches(*s, subject); });
        std::sort(found.begin(), found.end());
        std::sort(expected.begin(), expected.end());
        REQUIRE(found == expected);
    }
}
