// SPDX-License-Identifier: Apache-2.0
#include "engine/server_pool.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace conats::impl {
namespace {

std::vector<server_address> addresses_of(std::string_view list) {
    std::vector<server_address> out;
    REQUIRE_FALSE(parse_server_list(list, out));
    return out;
}

server_pool make_pool(std::string_view list) {
    return {addresses_of(list), pool_order::as_given, [] { return std::uint64_t{0}; }};
}

/// The hosts in the order of trying.
std::string order(const server_pool& pool) {
    std::string all;
    for (const pool_server& s : pool.servers())
        all += (all.empty() ? "" : " ") + s.address()->host();
    return all;
}

random_source seeded(std::uint32_t seed) {
    return [engine = std::mt19937_64(seed)]() mutable { return engine(); };
}

random_source none() {
    return []() -> std::uint64_t { throw std::logic_error("no randomness needed"); };
}

std::map<std::string, int> orders_of(std::string_view list, pool_order how, int count) {
    const auto random = seeded(7);
    std::map<std::string, int> orders;
    for (int i = 0; i < count; ++i)
        ++orders[order(server_pool(addresses_of(list), how, [&random] { return random(); }))];
    return orders;
}

const error refusal = error(errc::connection_refused, "no");
constexpr std::uint32_t many = 100;

} // namespace

TEST_CASE("B06 servers are shuffled: 200 pools of two start at each in 40 to 60 %") {
    auto orders = orders_of("a,b", pool_order::shuffled, 200);
    CHECK(orders["a b"] + orders["b a"] == 200);
    CHECK(orders["a b"] >= 80);
    CHECK(orders["a b"] <= 120);
}

TEST_CASE("B06 every order of three comes up about equally often") {
    const auto orders = orders_of("a,b,c", pool_order::shuffled, 6'000);
    CHECK(orders.size() == 6);
    for (const auto& [hosts, count] : orders) {
        CAPTURE(hosts);
        CHECK(count > 850);
        CHECK(count < 1'150);
    }
}

TEST_CASE("B06 with retained order the first is always first") {
    const auto orders = orders_of("a,b,c", pool_order::as_given, 200);
    CHECK(orders == std::map<std::string, int>{{"a b c", 200}});
    CHECK(order(server_pool(addresses_of("a,b"), pool_order::as_given, none())) == "a b");
}

TEST_CASE("B06 shuffling asks again for a number that would favour some orders") {
    bool asked = false;
    const server_pool pool(addresses_of("a,b,c,d"), pool_order::shuffled,
                           [&asked]() -> std::uint64_t {
                               asked = !asked;
                               return asked ? ~std::uint64_t{0} : 0;
                           });
    std::set<std::string> hosts;
    for (const pool_server& s : pool.servers())
        hosts.insert(s.address()->host());
    CHECK(hosts.size() == 4);
}

TEST_CASE("B05 a pool without servers, and one that has nothing to shuffle") {
    const server_pool pool;
    CHECK(pool.empty());
    CHECK(pool.size() == 0);
    CHECK(order(server_pool(addresses_of("a"), pool_order::shuffled, none())) == "a");
}

TEST_CASE("B05 a server remembers its failures until it is reached") {
    server_pool pool(addresses_of("a,b"), pool_order::as_given, none());
    pool.on_failed({errc::connection_refused, "no"}, many);
    pool.on_failed({errc::connection_refused, "no"}, many); // b
    pool.on_failed({errc::timeout, "slow"}, many);
    REQUIRE(order(pool) == "b a");
    CHECK(pool.servers()[1].failures() == 2);
    CHECK(pool.servers()[1].last_error() == error(errc::timeout, "slow"));
    CHECK(pool.servers()[0].failures() == 1);
    CHECK_FALSE(pool.servers()[1].is_discovered());
    pool.prefer(1);
    pool.on_connected();
    CHECK(pool.front().failures() == 0);
    CHECK_FALSE(pool.front().last_error());
}

TEST_CASE("F11 a server to move to becomes the next, and is kept if the cluster forgot it") {
    server_pool pool = make_pool("a,b,c");
    pool.on_connected();
    const auto others = pool.others();
    REQUIRE(others.size() == 2);
    CHECK(others[0]->host() == "b");
    CHECK(others[1]->host() == "c");
    pool.prefer(others[1]);
    CHECK(order(pool) == "c a b");
    pool.replace(addresses_of("a,b"));
    pool.prefer(others[1]);
    CHECK(order(pool) == "c a b");
    CHECK(pool.front().address() == others[1]);
    CHECK(pool.front().is_discovered());
    pool.on_connected();
    CHECK(pool.states()[0].is_current());
    CHECK_FALSE(pool.states()[1].is_current());
}

TEST_CASE("F02 a server that failed is tried last, and goes after its last failure") {
    server_pool pool = make_pool("a,b");
    pool.on_failed(refusal, 2);
    CHECK(order(pool) == "b a");
    CHECK(pool.servers()[1].failures() == 1);
    CHECK(pool.servers()[1].last_error() == refusal);
    pool.on_failed(refusal, 2);
    pool.on_failed(refusal, 2);
    CHECK(order(pool) == "b");
    pool.on_failed(refusal, 2);
    CHECK(pool.empty());
}

TEST_CASE("F24 only a connection forgets failures") {
    server_pool pool = make_pool("a");
    pool.on_failed(refusal, many);
    CHECK(pool.front().failures() == 1);
    pool.on_connected();
    CHECK(pool.front().failures() == 0);
    CHECK_FALSE(pool.front().last_error());
    CHECK(pool.states().front().is_current());
}

TEST_CASE("A lost server is tried last") {
    server_pool pool = make_pool("a,b,c");
    pool.on_connected();
    CHECK(pool.on_lost());
    CHECK(order(pool) == "b c a");
    pool.replace(addresses_of("x,y"));
    CHECK_FALSE(pool.on_lost());
    CHECK(order(pool) == "x y");
}

TEST_CASE("F08, P2.16 discovered servers come and go; given and current ones and an empty list "
          "change nothing") {
    server_pool pool = make_pool("a");
    pool.on_connected();
    const std::vector<std::string> three{"b:4222", "c:5", "[::1]:7"};
    CHECK(pool.discover(three) == 3);
    CHECK(order(pool) == "a b c ::1");
    CHECK(pool.discover(three) == 0);
    CHECK(pool.discover({}) == 0);
    CHECK(pool.size() == 4);
    const std::vector<std::string> one{"c:5"};
    CHECK(pool.discover(one) == 0);
    CHECK(order(pool) == "a c");
    // The current one stays, even when no server names it any more.
    pool.prefer(1);
    pool.on_connected();
    const std::vector<std::string> other{"d:1"};
    CHECK(pool.discover(other) == 1);
    CHECK(order(pool) == "c a d");
    CHECK(pool.states()[0].is_discovered());
    CHECK_FALSE(pool.states()[1].is_discovered());
}

TEST_CASE("A23, P2.15 a discovered server has scheme, userinfo and TLS name of who named it") {
    server_pool pool = make_pool("tls://t0k3n@seed.example:4222");
    pool.on_connected();
    const std::vector<std::string> one{"10.0.0.2:4333"};
    REQUIRE(pool.discover(one) == 1);
    const server_address& found = *pool.servers()[1].address();
    CHECK(found.scheme() == scheme::tls);
    CHECK(found.token().reveal() == "t0k3n");
    CHECK(found.host() == "10.0.0.2");
    CHECK(found.tls_name() == "seed.example");
    // Also through more than one.
    pool.prefer(1);
    pool.on_connected();
    const std::vector<std::string> next{"10.0.0.2:4333", "10.0.0.3:4333"};
    REQUIRE(pool.discover(next) == 1);
    CHECK(pool.servers().back().address()->tls_name() == "seed.example");
}

TEST_CASE("S52 what does not parse, lies or never ends is left out") {
    server_pool pool = make_pool("a");
    pool.on_connected();
    std::vector<std::string> urls{"",         ":",       ":4222",          "4222",
                                  "b:0",      "b:99999", "user:pw@b:4222", "b c:1",
                                  "\r\nb:44", "b:4222",  "B:4222"};
    CHECK(pool.discover(urls) == 1);
    CHECK(order(pool) == "a b");
    urls.clear();
    for (int i = 0; i != 5000; ++i)
        urls.push_back("h" + std::to_string(i) + ":4222");
    CHECK(pool.discover(urls) == 1024);
    CHECK(pool.size() == 1025);
}

TEST_CASE("F07 replaced servers keep what is known of them") {
    server_pool pool = make_pool("a,b");
    pool.on_failed(refusal, many); // a
    pool.on_connected();           // b
    pool.replace(addresses_of("b,a,c"));
    const auto states = pool.states();
    REQUIRE(states.size() == 3);
    CHECK(states[0].url() == "nats://b:4222");
    CHECK(states[0].is_current());
    CHECK(states[1].failures() == 1);
    CHECK(states[2].failures() == 0);
}

} // namespace conats::impl
