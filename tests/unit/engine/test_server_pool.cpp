// SPDX-License-Identifier: Apache-2.0
#include "engine/server_pool.hpp"
#include "support/catch.hpp"

#include <conats/error.hpp>

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace conats;
using impl::pool_order;
using impl::random_source;
using impl::server_address;
using impl::server_pool;

std::vector<server_address> servers(const std::string& names) {
    std::vector<server_address> list;
    for (const char name : names) {
        list.emplace_back(impl::scheme::nats, std::string(1, name), std::uint16_t{4222});
    }
    return list;
}

/// The hosts of one walk, in order.
std::string walk(server_pool& pool) {
    std::string hosts;
    pool.begin_walk();
    for (const auto* server = pool.current(); server != nullptr; server = pool.next()) {
        hosts += server->address().host();
    }
    return hosts;
}

random_source seeded(std::uint32_t seed) {
    return [engine = std::mt19937_64(seed)]() mutable { return engine(); };
}

std::map<std::string, int> orders_of(const std::string& names, pool_order order, int count) {
    const auto random = seeded(7);
    std::map<std::string, int> orders;
    for (int i = 0; i < count; ++i) {
        server_pool pool(servers(names), order, random);
        ++orders[walk(pool)];
    }
    return orders;
}

random_source none() {
    return []() -> std::uint64_t { throw std::logic_error("no randomness needed"); };
}

} // namespace

TEST_CASE("B06 servers are shuffled: 200 pools of two start at each in 40 to 60 %") {
    auto orders = orders_of("ab", pool_order::shuffled, 200);
    CHECK(orders["ab"] + orders["ba"] == 200);
    CHECK(orders["ab"] >= 80);
    CHECK(orders["ab"] <= 120);
}

TEST_CASE("B06 every order of three comes up about equally often") {
    const auto orders = orders_of("abc", pool_order::shuffled, 6'000);
    CHECK(orders.size() == 6);
    for (const auto& [order, count] : orders) {
        CAPTURE(order);
        CHECK(count > 850);
        CHECK(count < 1'150);
    }
}

TEST_CASE("B06 with retained order the first is always first") {
    const auto orders = orders_of("abc", pool_order::as_given, 200);
    CHECK(orders == std::map<std::string, int>{{"abc", 200}});
    server_pool pool(servers("ab"), pool_order::as_given, none());
    CHECK(walk(pool) == "ab");
}

TEST_CASE("B06 the first server stays first when a list is added") {
    const auto orders = orders_of("abc", pool_order::first_stays, 200);
    CHECK(orders.size() == 2);
    CHECK(orders.count("abc") == 1);
    CHECK(orders.count("acb") == 1);
}

TEST_CASE("B06 shuffling asks again for a number that would favour some orders") {
    bool asked = false;
    server_pool pool(servers("abcd"), pool_order::shuffled, [&asked]() -> std::uint64_t {
        asked = !asked;
        return asked ? ~std::uint64_t{0} : 0;
    });
    const auto order = walk(pool);
    CHECK(std::set<char>(order.begin(), order.end()).size() == 4);
}

TEST_CASE("B05 a walk tries each server once and then ends") {
    server_pool pool(servers("abc"), pool_order::as_given, none());
    CHECK(walk(pool) == "abc");
    CHECK(pool.current() == nullptr);
    CHECK(pool.next() == nullptr);
    pool.on_failed(errc::timeout); // of none
    pool.on_connected();
    CHECK(walk(pool) == "abc");
}

TEST_CASE("B05 a server remembers its failures until it is reached") {
    server_pool pool(servers("ab"), pool_order::as_given, none());
    pool.on_failed({errc::connection_refused, "no"});
    pool.on_failed({errc::timeout, "slow"});
    CHECK(pool.servers()[0].failures() == 2);
    CHECK(pool.servers()[0].last_error() == error(errc::timeout, "slow"));
    CHECK(pool.servers()[1].failures() == 0);
    CHECK_FALSE(pool.servers()[0].is_discovered());

    pool.on_connected();
    CHECK(pool.servers()[0].failures() == 0);
    CHECK_FALSE(pool.servers()[0].last_error());
    CHECK(pool.current() == &pool.servers()[0]);
}

TEST_CASE("B05 a pool without servers") {
    server_pool pool;
    CHECK(pool.size() == 0);
    CHECK(pool.current() == nullptr);
    CHECK(pool.next() == nullptr);
    server_pool one(servers("a"), pool_order::shuffled, none());
    CHECK(walk(one) == "a");
}
