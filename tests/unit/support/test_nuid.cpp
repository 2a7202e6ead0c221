// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/nuid.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

using conats::impl::nuid;

namespace {

std::uint64_t from_engine(void* engine) {
    return (*static_cast<std::mt19937_64*>(engine))();
}

/// Gives the numbers of a script, then zeros.
struct script {
    std::vector<std::uint64_t> numbers;
    std::size_t used = 0;

    static std::uint64_t next(void* self) {
        auto& s = *static_cast<script*>(self);
        return s.used < s.numbers.size() ? s.numbers[s.used++] : 0;
    }
};

} // namespace

TEST_CASE("nuid is 22 letters and digits, each id new") {
    std::mt19937_64 engine(1);
    nuid ids(&from_engine, &engine);
    std::set<std::string> seen;
    for (int i = 0; i != 10'000; ++i) {
        const std::string id(ids.next());
        REQUIRE(id.size() == 22);
        REQUIRE(std::all_of(id.begin(), id.end(),
                            [](unsigned char c) { return std::isalnum(c) != 0; }));
        REQUIRE(seen.insert(id).second);
    }
}

TEST_CASE("nuid counts up by its step behind a constant prefix") {
    script numbers;
    numbers.numbers = {0, 1, 2, 10, 36, 61, 0, 0, 0, 0, 0, 0, /* sequence */ 5, /* step */ 0};
    nuid ids(&script::next, &numbers);
    CHECK(ids.next() == "012Aaz0000000000000005");
    CHECK(ids.next() == "012Aaz000000000000000c"); // 5 + 33
    CHECK(ids.next() == "012Aaz000000000000001"
                        "9"); // 5 + 66
}

TEST_CASE("nuid draws a new prefix when its sequence is used up") {
    constexpr std::uint64_t end = 839299365868340224U; // 62^10
    script numbers;
    numbers.numbers.assign(12, 1);
    numbers.numbers.push_back(end - 1);
    numbers.numbers.push_back(0);
    numbers.numbers.resize(26, 2); // the next prefix
    nuid ids(&script::next, &numbers);
    CHECK(ids.next() == "111111111111zzzzzzzzzz");
    CHECK(ids.next() == "2222222222220000000000");
}

TEST_CASE("nuid draws numbers anew that would favour some characters") {
    constexpr std::uint64_t unfair = 0xFFFFFFFFFFFFFFFFU; // 2^64 is no multiple of 62
    script numbers;
    numbers.numbers = {unfair, unfair, 3};
    nuid ids(&script::next, &numbers);
    CHECK(ids.next() == "3000000000000000000000");
    CHECK(numbers.used == 3);
}
