// SPDX-License-Identifier: Apache-2.0
// Auth callout (ADR-26): the server asks a service, written with conats, who a client is.
#include "integration/outcome.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/jwt_maker.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>

#include <boost/asio/detached.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <array>
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

/// Whether what a server asks about a client lets it in.
using decision = std::function<bool(const json::object& question)>;

/// The service's answer to one question of the server. `account` is where the client gets in, or
/// empty in operator mode, where it is the issuer's.
std::string answer_to(std::string_view question, const decision& accepts, const test_nkey& issuer,
                      const std::string& account) {
    const auto asked = claims_of(question).at("nats").as_object();
    const std::string user(asked.at("user_nkey").as_string());
    json::object nats{{"type", "authorization_response"}, {"version", 2}};
    if (accepts(asked))
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

conats::connect_options service_at(const nats_server& server) {
    conats::connect_options o(server.url());
    return o.user("service").password("pw");
}

conats::error outcome_with(const nats_server& server, const decision& accepts,
                           const conats::connect_options& options) {
    return outcome_with(service_at(server), issuer(), "APP", accepts, options);
}

/// What the client presented in CONNECT.
const json::object& connect_of(const json::object& question) {
    return question.at("connect_opts").as_object();
}

bool says(const json::object& question, const char* field, std::string_view value) {
    const auto* const found = connect_of(question).if_contains(field);
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
        return [field, value](const json::object& asked) { return says(asked, field, value); };
    };
    SECTION("a token") {
        CHECK_FALSE(outcome_with(server, by("auth_token", "tok"), options().token("tok")));
        CHECK(outcome_with(server, by("auth_token", "tok"), options().token("kot")).code() ==
              errc::authorization_violation);
    }
    SECTION("a user") {
        const decision both = [](const json::object& asked) {
            return says(asked, "user", "u") && says(asked, "pass", "p");
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
        return [jwt, with_signature](const json::object& asked) {
            return says(asked, "jwt", jwt) && connect_of(asked).contains("sig") == with_signature;
        };
    };
    CHECK_FALSE(outcome(is(sentinel, false), sentinel, ""));
    CHECK_FALSE(outcome(is(signed_jwt, true), signed_jwt, user.seed()));
    CHECK(outcome(is(sentinel, false), signed_jwt, user.seed()).code() ==
          errc::authorization_violation);
}

TEST_CASE("E13 an auth callout is told of TLS, and decides over client certificates") {
    require_server({2, 10});
    const tls_files files;
    nats_server server(callout_config() + files.config("verify: true"));
    const auto shows = [&](conats::connect_options o, const certificate& own) {
        auto tls = files.trusting();
        tls.certificate_pem(own.pem).key_pem(own.key);
        return o.tls(tls).connect_timeout(scaled(10s));
    };
    const auto joe = files.ca.client("joe");
    const auto jim = files.ca.client("jim");
    json::object told;
    const decision is_joe = [&](const json::object& asked) {
        told = asked.at("client_tls").as_object();
        const auto& chain = told.at("verified_chains").at(0).as_array();
        return std::string_view(chain.at(0).as_string()) == joe.pem;
    };
    const auto outcome = [&](const certificate& own) {
        const auto service = shows(service_at(server), files.ca.client("the service"));
        return outcome_with(service, issuer(), "APP", is_joe, shows(server.url(), own));
    };
    CHECK_FALSE(outcome(joe));
    CHECK(told.at("version").as_string() == "1.3");
    CHECK(std::string_view(told.at("cipher").as_string()).starts_with("TLS_"));
    CHECK(outcome(jim).code() == errc::authorization_violation);
    CHECK(told.at("verified_chains").at(0).at(0).as_string() == jim.pem);
}

TEST_CASE("E13 a slow callout is a timeout, and lets in who gives it more time than the usual") {
    require_server({2, 10});
    nats_server server(callout_config());
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(service_at(server));
        auto questions = co_await nc.subscribe("$SYS.REQ.USER.AUTH");
        co_await nc.flush();

        conats::connect_options o(server.url());
        o.token("patient").connect_timeout(scaled(10s));
        conats::client patient;
        bool is_in = false;
        const auto connect = [&]() -> asio::awaitable<void> {
            patient = co_await conats::connect(o);
            is_in = true;
        };
        asio::co_spawn(executor, connect(), asio::detached);
        auto its_question = co_await questions.next(scaled(10s));
        REQUIRE(its_question);

        // Two seconds by default, and the service is slower than that.
        conats::connect_options hasty(server.url());
        hasty.token("hasty");
        conats::error failure;
        auto client = co_await conats::connect(hasty, failure);
        CHECK(failure.code() == errc::timeout);
        auto other_question = co_await questions.next(scaled(10s));
        REQUIRE(other_question); // it did ask
        CHECK_FALSE(is_in);

        const std::array questions_asked = {&*its_question, &*other_question};
        const decision by_token = [](const json::object& asked) {
            return says(asked, "auth_token", "patient");
        };
        // Both: a server that waits for an answer does not stop.
        for (const auto* question : questions_asked)
            question->try_respond(answer_to(question->text(), by_token, issuer(), "APP"));
        const bool came_in = co_await async_eventually([&] { return is_in; }, 10s);
        CHECK(came_in);
        co_await patient.close();
        co_await nc.close();
    });
}
