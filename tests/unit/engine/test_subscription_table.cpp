// SPDX-License-Identifier: Apache-2.0
#include "engine/subscription_state.hpp"
#include "engine/subscription_table.hpp"
#include "queue_fixture.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

namespace {

using conats::impl::subscription_state;
using conats::impl::subscription_table;
using conats::test::make_subscription;
using pointer = subscription_table::pointer;

std::set<const subscription_state*> all_of(const subscription_table& table) {
    std::set<const subscription_state*> all;
    table.for_each([&](const pointer& s) { CHECK(all.insert(s.get()).second); });
    return all;
}

} // namespace

TEST_CASE("subscription_table counts sids from 1") {
    subscription_table table;
    const auto a = make_subscription();
    const auto b = make_subscription();
    CHECK(table.add(a) == 1);
    CHECK(table.add(b) == 2);
    CHECK(table.size() == 2);
    CHECK(table.find(1) == a.get());
    CHECK(table.find_shared(2) == b);
    CHECK(all_of(table) == std::set<const subscription_state*>{a.get(), b.get()});
}

TEST_CASE("subscription_table does not find what it does not hold") {
    subscription_table table;
    CHECK(table.find(0) == nullptr);
    CHECK(table.find(1) == nullptr);
    table.add(make_subscription());
    CHECK(table.find(0) == nullptr);
    CHECK(table.find(2) == nullptr);
    CHECK(table.find(~std::uint64_t{0}) == nullptr);
    CHECK(table.find_shared(2) == nullptr);
    CHECK(table.erase(2) == nullptr);
    CHECK(table.size() == 1);
}

TEST_CASE("subscription_table uses a slot again, its sid never") {
    subscription_table table;
    const auto old = make_subscription();
    const std::uint64_t first = table.add(old);
    CHECK(table.erase(first) == old);
    CHECK(old.use_count() == 1);
    CHECK(table.size() == 0);
    CHECK(table.erase(first) == nullptr);
    CHECK(table.find(0) == nullptr);

    std::set<std::uint64_t> used{first};
    for (int i = 0; i != 1'000; ++i) {
        const auto s = make_subscription();
        const std::uint64_t sid = table.add(s);
        REQUIRE(used.insert(sid).second);
        REQUIRE(sid % (1U << 24U) == 1); // the first slot
        REQUIRE(table.find(sid) == s.get());
        REQUIRE(table.find(first) == nullptr);
        REQUIRE(table.erase(sid) == s);
    }
}

TEST_CASE("subscription_table uses all free slots before it grows") {
    subscription_table table;
    std::vector<std::uint64_t> sids;
    for (int i = 0; i != 10; ++i)
        sids.push_back(table.add(make_subscription()));
    for (const std::uint64_t sid : {sids[3], sids[9], sids[0], sids[5]})
        table.erase(sid);
    int entries = 0;
    table.for_each_entry([&](std::uint64_t sid, const pointer& /*s*/) {
        ++entries;
        CHECK(table.find(sid) != nullptr);
    });
    CHECK(entries == 6);
    std::set<std::uint64_t> slots;
    for (int i = 0; i != 5; ++i) {
        const std::uint64_t sid = table.add(make_subscription());
        CHECK(std::find(sids.begin(), sids.end(), sid) == sids.end());
        slots.insert(sid % (1U << 24U));
    }
    CHECK(slots == std::set<std::uint64_t>{1, 4, 6, 10, 11});
}

TEST_CASE("subscription_table of the reader follows another one") {
    subscription_table table;
    subscription_table readers;
    const auto a = make_subscription();
    const auto b = make_subscription();
    const std::uint64_t first = table.add(a);
    readers.put(first, a);
    CHECK(readers.find(first) == a.get());

    table.erase(first);
    const std::uint64_t second = table.add(b);
    readers.drop(first);
    readers.put(second, b);
    CHECK(readers.find(first) == nullptr);
    CHECK(readers.find(second) == b.get());
    CHECK(a.use_count() == 1);

    readers.drop(first); // late: the slot is another's
    CHECK(readers.find(second) == b.get());
    readers.drop(second);
    CHECK(readers.find(second) == nullptr);
    CHECK(b.use_count() == 2);

    const auto far = make_subscription();
    readers.put(1'000, far);
    CHECK(readers.find(1'000) == far.get());
    CHECK(readers.find(999) == nullptr);
}

TEST_CASE("subscription_table does as a map does, at random") {
    for (const std::uint32_t seed : {31U, 32U, 33U}) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        subscription_table table;
        std::map<std::uint64_t, pointer> expected;
        std::vector<std::uint64_t> gone;
        for (int step = 0; step != 5'000; ++step) {
            if (expected.size() < random() % 60) {
                const auto s = make_subscription();
                REQUIRE(expected.emplace(table.add(s), s).second);
            } else if (!expected.empty()) {
                const auto it = std::next(expected.begin(),
                                          static_cast<std::ptrdiff_t>(random() % expected.size()));
                REQUIRE(table.erase(it->first) == it->second);
                gone.push_back(it->first);
                expected.erase(it);
            }
            REQUIRE(table.size() == expected.size());
            for (const auto& [sid, s] : expected)
                REQUIRE(table.find(sid) == s.get());
            if (!gone.empty())
                REQUIRE(table.find(gone[random() % gone.size()]) == nullptr);
        }
    }
}
