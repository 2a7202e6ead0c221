// SPDX-License-Identifier: Apache-2.0
// Auth callout (ADR-26): the server asks a service, written with conats, who a client is.
#include "integration/outcome.hpp"
#include "support/catch.hpp"
#include "support/jwt_maker.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
namespace json = boost::json;

namespace {

const test_nkey& issuer() {
    static const test_nkey key(conats::impl::nkey_kind::account_key);
    return key;
}

std::string callout_config(const std::string& more = {}) {
    return "accounts { AUTH: { users: [ { user: service, password: pw } ] }, APP: {}, SYS: {} }\n"
           "system_account: SYS\n"
           "authorization { timeout: 10, auth_callout { issuer: " +
           issuer().public_key() + ", account: AUTH, auth_users: [ service ] } " + more + " }\n";
}

/// Whether what a client presented in CONNECT lets it in.
using decision = std::function<bool(const json::object& connect_options)>;

/// The service's answer to one question of the server. `account` is where the client gets in, or
/// empty in operator mode, where it is the issuer's.
std::string answer_to(std::string_view question, const decision& accepts, const test_nkey& issuer,
                      const std::string& account) {
    const auto asked = claims_of(question).at("nats").as_object();
    const std::string user(asked.at("user_nkey").as_string());
    json::object nats{{"type", "authorization_response"}, {"version", 2}};
    if (accepts(asked.at("connect_opts").as_object()))
        nats["jwt"] = make_jwt(user_claims().audience(account).made_for(user), issuer);
    else
        nats["error"] = "unknown";
    json::object claims{{"sub", user}, {"nats", std::move(nats)}};
    claims["aud"] = asked.at("server_id").as_object().at("id");
    return make_jwt(std::move(claims), issuer);
}

/// Connects with the options while such a service runs; how that ends.
conats::error outcome_with(const conats::connect_options& service, const test_nkey& key,
                           const std::string& account, const decision& accepts,
                           const conats::connect_options& options) {
    return run([&]() -> asio::awaitable<conats::error> {
        auto nc = co_await conats::connect(service);
        const auto on_question = [&](const conats::message& question) {
            question.try_respond(answer_to(question.text(), accepts, key, account));
        };
        auto questions = nc.on("$SYS.REQ.USER.AUTH", on_question);
        co_await nc.flush();
        conats::error e;
        auto client = co_await conats::connect(options, e);
        if (!e)
            co_await client.flush();
        co_await client.close();
        co_await nc.close();
        co_return e;
    });
}

conats::error outcome_with(const nats_server& server, const decision& accepts,
                           const conats::connect_options& options) {
    conats::connect_options service(server.url());
    service.user("service").password("pw");
    return outcome_with(service, issuer(), "APP", accepts, options);
}

bool says(const json::object& connect, const char* field, std::string_view value) {
    const auto* const found = connect.if_contains(field);
    return found != nullptr && std::string_view(found->as_string()) == value;
}

} // namespace

TEST_CASE("E13 an auth callout decides over tokens and users") {
    require_server({2, 10});
    nats_server server(callout_config());
    const auto options = [&] {
        return conats::connect_options(server.url()).connect_timeout(scaled(10s));
    };
    const auto by = [](const char* field, std::string value) -> decision {
        return [field, value](const json::object& connect) { return says(connect, field, value); };
    };
    SECTION("a token") {
        CHECK_FALSE(outcome_with(server, by("auth_token", "tok"), options().token("tok")));
        CHECK(outcome_with(server, by("auth_token", "tok"), options().token("kot")).code() ==
              errc::authorization_violation);
    }
    SECTION("a user") {
        const decision both = [](const json::object& connect) {
            return says(connect, "user", "u") && says(connect, "pass", "p");
        };
        CHECK_FALSE(outcome_with(server, both, options().user("u").password("p")));
        const auto provider = [](conats::auth_request) -> asio::awaitable<conats::user_login> {
            co_return conats::user_login("u", "p");
        };
        CHECK_FALSE(outcome_with(server, both, options().user_provider(provider)));
        CHECK(outcome_with(server, both, options().user("u").password("q")).code() ==
              errc::authorization_violation);
    }
    SECTION("nothing") {
        const decision any = [](const json::object&) { return true; };
        CHECK_FALSE(outcome_with(server, any, options()));
    }
}

TEST_CASE("E13 E12 an auth callout in operator mode decides over JWTs") {
    require_server({2, 10});
    test_operator owner;
    const test_nkey service_key;
    const test_nkey user;
    nats_server server(owner.callout_by(service_key).config());
    conats::connect_options service(server.url());
    service.jwt(owner.user_jwt(service_key), service_key.seed());
    const auto outcome = [&](const decision& accepts, const std::string& jwt,
                             const conats::secret& seed) {
        conats::connect_options o(server.url());
        o.jwt(jwt, seed).connect_timeout(scaled(10s));
        return outcome_with(service, owner.account(), "", accepts, o);
    };
    const auto sentinel = owner.user_jwt(user, user_claims().name("sentinel").bearer());
    const auto signed_jwt = owner.user_jwt(user, user_claims().name("signs"));
    const auto is = [](const std::string& jwt, bool with_signature) -> decision {
        return [jwt, with_signature](const json::object& connect) {
            return says(connect, "jwt", jwt) && connect.contains("sig") == with_signature;
        };
    };
    CHECK_FALSE(outcome(is(sentinel, false), sentinel, ""));
    CHECK_FALSE(outcome(is(signed_jwt, true), signed_jwt, user.seed()));
    CHECK(outcome(is(sentinel, false), signed_jwt, user.seed()).code() ==
          errc::authorization_violation);
}

TEST_CASE("E13 a callout that takes longer than the connect timeout is a timeout") {
    require_server({2, 10});
    nats_server server(callout_config());
    const auto e = run([&]() -> asio::awaitable<conats::error> {
        conats::connect_options service(server.url());
        service.user("service").password("pw");
        auto nc = co_await conats::connect(service);
        auto questions = co_await nc.subscribe("$SYS.REQ.USER.AUTH");
        co_await nc.flush();
        conats::connect_options o(server.url());
        o.token("t").connect_timeout(200ms);
        conats::error failure;
        auto client = co_await conats::connect(o, failure);
        // It did ask.
        auto question = co_await questions.next(scaled(10s));
        CHECK(question.has_value());
        co_await nc.close();
        co_return failure;
    });
    CHECK(e.code() == errc::timeout);
}
