// SPDX-License-Identifier: Apache-2.0
// Cookies that a server reads credentials from.
#include "integration/outcome.hpp"
#include "integration/websocket_fixture.hpp"
#include "support/catch.hpp"
#include "support/jwt_maker.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>
#include <conats/websocket.hpp>

#include <chrono>
#include <string>
#include <utility>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

TEST_CASE("G08 a cookie is a JWT to the server") {
    const test_operator owner;
    const test_nkey user;
    nats_server server(websocket_server("jwt_cookie: creds", owner.config()));
    const auto with = [&](const std::string& jwt) {
        conats::websocket_options o;
        o.header("Cookie", "other=1; creds=" + jwt);
        return outcome_of(over_ws(websocket_port(server), o));
    };
    const auto refused = errc::authorization_violation;
    const auto bearer = user_claims().bearer();
    CHECK_FALSE(with(owner.user_jwt(user, bearer)));
    CHECK(outcome_of(over_ws(websocket_port(server))).code() == refused);
    // A cookie signs nothing, and lets in whom this operator's account has made, in time.
    CHECK(with(owner.user_jwt(user)).code() == refused);
    CHECK(with(test_operator().user_jwt(user, bearer)).code() == refused);
    CHECK(with(owner.user_jwt(user, user_claims().bearer().expires(-1h))).code() == refused);
}

TEST_CASE("G08 a cookie with a JWT is asked for anew, and its expiry is told") {
    const test_operator owner;
    const test_nkey user;
    nats_server server(websocket_server("jwt_cookie: creds", owner.config()));
    run([&]() -> asio::awaitable<void> {
        // Long enough to connect in time, on a slow machine as well.
        std::chrono::seconds lifetime = std::chrono::ceil<std::chrono::seconds>(scaled(2s));
        const auto provider =
            [&](conats::transport_target) -> asio::awaitable<conats::websocket_headers> {
            const auto claims = user_claims().bearer().expires(std::exchange(lifetime, 1h));
            conats::websocket_headers h;
            h.add("Cookie", "creds=" + owner.user_jwt(user, claims));
            co_return h;
        };
        conats::websocket_options o;
        auto options = over_ws(websocket_port(server), o.header_provider(provider));
        options.reconnect_wait(20ms);
        auto nc = co_await conats::connect(options);
        auto events = nc.events();
        bool expired = false;
        while (!expired) {
            const auto e = co_await events.next();
            REQUIRE(e);
            expired = e->what().code() == errc::authentication_expired;
        }
        const bool back =
            co_await async_eventually([&] { return nc.statistics().reconnects == 1; });
        CHECK(back);
        co_await nc.flush();
    });
}

TEST_CASE("G08 cookies are a token, or a user and password, to servers from 2.11 on") {
    require_server({2, 11});
    nats_server by_token(websocket_server("token_cookie: tok", "authorization { token: s3cr3t }"));
    conats::websocket_options o;
    o.header_provider([](conats::transport_target) -> asio::awaitable<conats::websocket_headers> {
        conats::websocket_headers h;
        h.add("Cookie", "tok=s3cr3t; other=1");
        co_return h;
    });
    CHECK_FALSE(outcome_of(over_ws(websocket_port(by_token), o)));
    CHECK(outcome_of(over_ws(websocket_port(by_token))).code() == errc::authorization_violation);
    nats_server by_user(websocket_server("user_cookie: u, pass_cookie: p",
                                         "authorization { user: joe, password: s3cr3t }"));
    conats::websocket_options both;
    both.header("Cookie", "u=joe; p=s3cr3t");
    CHECK_FALSE(outcome_of(over_ws(websocket_port(by_user), both)));
    conats::websocket_options wrong;
    wrong.header("Cookie", "u=joe; p=other");
    CHECK(outcome_of(over_ws(websocket_port(by_user), wrong)).code() ==
          errc::authorization_violation);
}
