// SPDX-License-Identifier: Apache-2.0
#include "protocol/jwt.hpp"
#include "support/base64.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <optional>
#include <string>

using namespace conats::impl; // NOLINT(google-build-using-namespace): the header under test
using namespace std::chrono_literals;

namespace {

std::string jwt_with(const std::string& claims) {
    return base64url_encode(R"({"typ":"JWT","alg":"ed25519-nkey"})") + "." +
           base64url_encode(claims) + ".c2ln";
}

wall_time at(std::chrono::seconds since_epoch) {
    return wall_time(since_epoch);
}

} // namespace

TEST_CASE("E14 a JWT's expiry is its claim exp") {
    CHECK(jwt_expiry(jwt_with(R"({"exp":1700000000,"sub":"U"})")) == at(1700000000s));
    CHECK(jwt_expiry(jwt_with(R"({"nats":{"exp":5},"exp":1})")) == at(1s));
    CHECK(jwt_expiry("e30." + base64url_encode(R"({"exp":100})") + "==.x") == at(100s));
    CHECK(jwt_expiry(jwt_with(R"({"exp":9223372036})")) == at(9223372036s));
}

TEST_CASE("E14 what has no expiry that can be read never expires") {
    for (const char* const claims :
         {R"({"sub":"U"})", R"({"exp":0})", R"({"exp":-1})", R"({"exp":"1700000000"})",
          R"({"exp":1e99})", R"({"exp":18446744073709551615})", R"({"exp":9223372037})",
          R"({"exp":null})", R"({"nats":{"exp":5}})", "[]", "", "{", "\xff"}) {
        INFO(claims);
        CHECK_FALSE(jwt_expiry(jwt_with(claims)));
    }
    for (const char* const text : {"", ".", "..", "...", "abc", "a.b", "a.b.c", "a.!!!!.c", "\0"}) {
        INFO(text);
        CHECK_FALSE(jwt_expiry(text));
    }
}

TEST_CASE("E14 a JWT that has expired is told with its time") {
    const wall_time now = at(1700000000s);
    CHECK(expiry_words(now, now) == "the JWT has expired at 2023-11-14T22:13:20Z");
    CHECK(expiry_words(at(1s), now) == "the JWT has expired at 1970-01-01T00:00:01Z");
    CHECK(expiry_words(now + 1s, now).empty());
    CHECK(expiry_words(std::nullopt, now).empty());
}

TEST_CASE("E14 a JWT is renewed a tenth of its time, at most a minute, before it expires") {
    const wall_time now = at(1700000000s);
    CHECK(renewal_time(now, now + 1h) == now + 59min);
    CHECK(renewal_time(now, now + 24h) == now + 24h - 60s);
    CHECK(renewal_time(now, now + 600s) == now + 540s);
    CHECK(renewal_time(now, now + 100s) == now + 90s);
    CHECK(renewal_time(now, now + 2s) == now + 1800ms);
    CHECK(renewal_time(now, wall_time::max()) == wall_time::max() - 60s);
}

TEST_CASE("E14 a JWT about to expire is not renewed, so that no provider is asked without end") {
    const wall_time now = at(1700000000s);
    CHECK_FALSE(renewal_time(now, now + 1999ms));
    CHECK_FALSE(renewal_time(now, now));
    CHECK_FALSE(renewal_time(now, now - 1h));
    // One that gives out the same JWT each time is asked for the last time when 6 s are left.
    int asked = 0;
    wall_time then = now;
    while (const auto next = renewal_time(then, now + 1h)) {
        REQUIRE(*next > then + 1s);
        REQUIRE(++asked <= 3);
        then = *next;
    }
    CHECK(then == now + 1h - 600ms);
}
