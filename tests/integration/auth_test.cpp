// SPDX-License-Identifier: Apache-2.0
// Credentials: which are sent, from where, and what the server says to them.
#include "integration/outcome.hpp"
#include "support/catch.hpp"
#include "support/jwt_maker.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <conats/conats.hpp>

#include <boost/asio/post.hpp>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::condition;
using conats::errc;

namespace {

conats::token_provider_function provider_of(std::string token) {
    return [token](conats::auth_request) -> asio::awaitable<conats::secret> {
        co_return conats::secret(token);
    };
}

conats::user_provider_function login_provider_of(std::string user, std::string password) {
    return [user, password](conats::auth_request) -> asio::awaitable<conats::user_login> {
        co_return conats::user_login(user, password);
    };
}

asio::awaitable<std::string> no_signer(conats::auth_request) {
    co_return std::string();
}

asio::awaitable<conats::user_jwt> no_jwt_provider(conats::auth_request) {
    co_return conats::user_jwt();
}

std::int64_t closed_connections(const nats_server& s) {
    return s.monitor().get("/connz?state=closed").at("num_connections").to_number<std::int64_t>();
}

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

} // namespace

TEST_CASE("A14 B26 options that exclude each other are named, before any I/O") {
    nats_server server(server_options().trace());
    struct pair {
        conats::connect_options options;
        const char* one;
        const char* other;
    };
    std::vector<pair> pairs;
    const auto add = [&](const char* one, const char* other) -> conats::connect_options& {
        pairs.push_back({conats::connect_options(server.url()), one, other});
        return pairs.back().options;
    };
    add("token", "token_provider").token("t").token_provider(provider_of("t"));
    add("token", "user").token("t").user("u");
    add("token", "user").token("t").user("u").password("p");
    add("token_provider", "user").token_provider(provider_of("t")).user("u");
    add("password", "user").password("p");
    // Every way excludes every other.
    using set_way = std::function<void(conats::connect_options&)>;
    const test_nkey key;
    const std::vector<std::pair<const char*, set_way>> ways{
        {"token", [](auto& o) { o.token("t"); }},
        {"token_provider", [](auto& o) { o.token_provider(provider_of("t")); }},
        {"user", [](auto& o) { o.user("u").password("p"); }},
        {"user_provider", [](auto& o) { o.user_provider(login_provider_of("u", "p")); }},
        {"nkey_seed", [&](auto& o) { o.nkey_seed(key.seed()); }},
        {"nkey_file", [](auto& o) { o.nkey_file("/none"); }},
        {"nkey", [&](auto& o) { o.nkey(key.public_key(), no_signer); }},
        {"jwt", [](auto& o) { o.jwt("a.b.c"); }},
        {"jwt_provider", [](auto& o) { o.jwt_provider(no_jwt_provider); }},
        {"credentials",
         [&](auto& o) { o.credentials(credentials_text("a.b.c", key.seed_text())); }},
        {"credentials_file", [](auto& o) { o.credentials_file("/none"); }}};
    for (std::size_t i = 0; i != ways.size(); ++i) {
        for (std::size_t j = i + 1; j != ways.size(); ++j) {
            auto& o = add(ways[i].first, ways[j].first);
            ways[j].second(o);
            ways[i].second(o);
        }
        conats::connect_options alone(server.url());
        ways[i].second(alone);
        INFO(ways[i].first);
        CHECK_FALSE(alone.validate());
    }
    for (const pair& each : pairs) {
        INFO(each.one << " and " << each.other);
        const auto e = outcome_of(each.options);
        CHECK(e.code() == errc::invalid_options);
        CHECK(e.code() == condition::invalid_use);
        CHECK(contains(e.text() + " ", std::string(each.one) + " "));
        CHECK(contains(e.text(), each.other));
    }
    // Empty is not set, and userinfo in a URL contradicts nothing.
    conats::connect_options fine(server.url("in-the-url"));
    fine.token("").user("").password("").token_provider(provider_of("t"));
    CHECK_FALSE(fine.validate());
    CHECK(server.monitor().total_connections() == 0);
    CHECK_FALSE(contains(server.log(), "Client connection created"));
    CHECK_FALSE(outcome_of(fine));
    CHECK(contains(server.log(), "Client connection created"));
}

TEST_CASE("B26 E04 E07 an option that cannot be what it is meant to be is named, before any I/O") {
    nats_server server;
    const test_nkey user;
    const test_nkey account(conats::impl::nkey_kind::account_key);
    const std::string seed = user.seed_text();
    const auto fault = [&](const conats::connect_options& o) {
        const auto e = outcome_of(o);
        CHECK(e.code() == errc::invalid_options);
        for (const auto& part : {seed, account.seed_text()}) {
            CHECK_FALSE(contains(e.what(), part.substr(4, 8)));
        }
        return e.text();
    };
    const auto options = [&] { return conats::connect_options(server.url()); };
    CHECK(fault(options().nkey_seed(seed.substr(0, 57))) == "nkey_seed: it is too short");
    CHECK(fault(options().nkey_seed(account.seed())) == "nkey_seed: it is not one of a user");
    CHECK(fault(options().nkey_seed(user.public_key())) ==
          "nkey_seed: it does not begin with S, as a seed does");
    CHECK(fault(options().nkey(seed, no_signer)) ==
          "nkey: it is a seed, which is secret, and no public key");
    CHECK(fault(options().nkey(account.public_key(), no_signer)) ==
          "nkey: it is not one of a user");
    CHECK(fault(options().nkey("", no_signer)) == "nkey: it is too short");
    CHECK(fault(options().nkey(user.public_key(), nullptr)) ==
          "nkey: there is a public key and no signer");
    CHECK(fault(options().jwt("", seed)) == "jwt: there is no JWT");
    CHECK(fault(options().jwt("a.b.c", seed + "A")) == "jwt: the seed: it is too long");
    CHECK(contains(fault(options().jwt(credentials_text("a.b.c", seed))),
                   "jwt: the JWT holds a blank"));
    CHECK(fault(options().credentials("a.b.c")) ==
          "credentials: there is neither a JWT nor a seed");
    CHECK(fault(options().credentials(seed)) == "credentials: there is no JWT");
    CHECK(fault(options().credentials(credentials_text("a.b.c", account.seed_text()))) ==
          "credentials: the seed: it is not one of a user");
    CHECK(fault(options().credentials_files("", "/seed.nk")) ==
          "credentials_files: there is no file with the JWT");
    CHECK(server.monitor().total_connections() == 0);
}

TEST_CASE("A28 an empty authentication option is not set") {
    nats_server server("authorization { token: in-the-url }");
    conats::connect_options o(server.url("in-the-url"));
    o.nkey_seed("").nkey_file("").nkey("", nullptr).jwt("").jwt("", "").credentials("");
    o.credentials_file("").credentials_files("", "").user_provider(nullptr).jwt_provider(nullptr);
    CHECK_FALSE(outcome_of(o));
}

TEST_CASE("E01 S10 user and password as options") {
    nats_server server("authorization { users: [ { user: u, password: p } ] }");
    const auto with = [&](const char* user, const char* password) {
        conats::connect_options o(server.url());
        return outcome_of(o.user(user).password(password));
    };
    CHECK_FALSE(with("u", "p"));
    CHECK(with("u", "q").code() == errc::authorization_violation);
    CHECK(with("v", "p").code() == errc::authorization_violation);
    CHECK(with("u", "").code() == errc::authorization_violation);
    CHECK(outcome_of(server.url()).code() == errc::authorization_violation); // none at all
}

TEST_CASE("E02 user and password in the URL") {
    nats_server server("authorization { users: [ { user: u, password: \"p@:/%\" } ] }");
    CHECK_FALSE(outcome_of(server.url("u:p%40%3A%2F%25")));
    CHECK_FALSE(outcome_of("u:p%40%3A%2F%25@" + server.address()));
    CHECK(outcome_of(server.url("u:p")).code() == errc::authorization_violation);
    // Each server's own.
    nats_server other("authorization { user: w, password: q }");
    conats::connect_options o;
    o.servers({server.url("u:q"), other.url("w:q")}).retain_order(true);
    CHECK_FALSE(outcome_of(o));
}

TEST_CASE("E03 user and password are asked for on every attempt") {
    nats_server refuses("authorization { user: u, password: \"password 9\" }");
    nats_server accepts("authorization { user: u, password: \"password 2\" }");
    std::vector<conats::auth_request> asked;
    const auto provider = [&](conats::auth_request r) -> asio::awaitable<conats::user_login> {
        asked.push_back(r);
        auto executor = co_await asio::this_coro::executor;
        co_await asio::post(executor, asio::use_awaitable);
        const std::string password = "password " + std::to_string(r.attempt());
        co_return conats::user_login("u", password);
    };
    conats::connect_options o;
    o.servers({refuses.url("ignored:ignored"), accepts.url()}).retain_order(true);
    o.user_provider(provider).connect_timeout(scaled(10s));
    CHECK_FALSE(outcome_of(o));
    REQUIRE(asked.size() == 2);
    CHECK(asked[0].server() == refuses.url());
    CHECK(asked[1].server() == accepts.url());

    const auto throws = [](conats::auth_request) -> asio::awaitable<conats::user_login> {
        throw std::runtime_error("vault is sealed");
        co_return conats::user_login();
    };
    const auto e = outcome_of(conats::connect_options(accepts.url()).user_provider(throws));
    CHECK(e.code() == errc::provider_failed);
    CHECK(e.text() == "the user provider failed: vault is sealed");
    // Nobody's name: no credentials.
    CHECK(outcome_of(conats::connect_options(accepts.url())
                         .user_provider(login_provider_of("", "password 1")))
              .code() == errc::authorization_violation);
}

TEST_CASE("P2.14 S10 every authentication option wins over userinfo") {
    const test_operator owner;
    const test_nkey user;
    nats_server by_jwt(owner.config());
    nats_server by_nkey("authorization { users: [ { nkey: " + user.public_key() + " } ] }");
    nats_server by_user("authorization { user: u, password: p }");
    const auto told = [](const conats::connect_options& o) {
        return run([&]() -> asio::awaitable<bool> {
            auto nc = co_await conats::connect(o);
            auto events = nc.events();
            bool ignored = false;
            while (auto event = events.try_next())
                ignored = ignored || event->kind() == conats::event_kind::userinfo_ignored;
            co_return ignored;
        });
    };
    const auto at = [](const nats_server& s) { return conats::connect_options(s.url("x:y")); };
    CHECK(told(at(by_user).user_provider(login_provider_of("u", "p"))));
    CHECK(told(at(by_nkey).nkey_seed(user.seed())));
    CHECK(told(at(by_jwt).jwt(owner.user_jwt(user), user.seed())));
    CHECK(told(at(by_jwt).credentials(credentials_text(owner.user_jwt(user), user.seed_text()))));
    CHECK_FALSE(told(conats::connect_options(by_nkey.url()).nkey_seed(user.seed())));
}

TEST_CASE("A20 credentials that come after the server's patience are an authentication timeout") {
    nats_server server("authorization { token: good, timeout: 0.2 }");
    const auto late = [&](conats::auth_request) -> asio::awaitable<conats::secret> {
        co_await async_eventually([&] { return closed_connections(server) == 1; }, 10s);
        co_return conats::secret("good");
    };
    conats::connect_options o(server.url());
    o.token_provider(late).connect_timeout(scaled(15s));
    const auto e = outcome_of(o);
    CHECK(e.code() == errc::authentication_timeout);
    CHECK(e.code() == condition::auth);
    CHECK(e.text() == "Authentication Timeout");
    CHECK(e.server() == server.url());
}

TEST_CASE("A22 a token provider is asked on each attempt and told about it") {
    // Refuses whoever comes, and has a nonce.
    peer_options with_nonce;
    with_nonce.info(info_builder().auth_required(true).set("nonce", "PXoWU7zWAMt75FY"));
    scripted_peer refuses(with_nonce, [](peer_session& s) {
        s.send_info();
        const auto connect = s.expect_connect();
        if (connect.at("auth_token").as_string() != "token of attempt 1")
            s.fail("another token");
        s.send("-ERR 'Authorization Violation'\r\n");
    });
    nats_server other("authorization { token: \"token of attempt 1\" }");
    nats_server takes("authorization { token: \"token of attempt 3\" }");

    std::vector<conats::auth_request> asked;
    const auto provider = [&](conats::auth_request r) -> asio::awaitable<conats::secret> {
        asked.push_back(r);
        auto executor = co_await asio::this_coro::executor;
        co_await asio::post(executor, asio::use_awaitable);
        co_return conats::secret("token of attempt " + std::to_string(r.attempt()));
    };
    conats::connect_options o;
    o.servers({refuses.url("userinfo"), other.address(), takes.address()}).retain_order(true);
    o.token_provider(provider).connect_timeout(scaled(10s));
    const auto before = std::chrono::steady_clock::now();
    CHECK_FALSE(outcome_of(o));
    const auto after = std::chrono::steady_clock::now();
    CHECK(refuses.result() == "ok");
    REQUIRE(asked.size() == 3);
    const std::string servers[] = {refuses.url(), other.url(), takes.url()};
    for (std::size_t i = 0; i != 3; ++i) {
        CHECK(asked[i].server() == servers[i]);
        CHECK(asked[i].attempt() == i + 1);
        CHECK(asked[i].deadline() >= before + scaled(10s));
        CHECK(asked[i].deadline() <= after + scaled(10s));
    }
    CHECK(asked[0].nonce() == "PXoWU7zWAMt75FY");
    CHECK(asked[1].nonce().empty());

    SECTION("one that throws is an error of its own") {
        const auto throwing = [](conats::auth_request) -> asio::awaitable<conats::secret> {
            throw std::runtime_error("vault is sealed");
            co_return conats::secret();
        };
        conats::connect_options fails(takes.address());
        fails.token_provider(throwing);
        const auto e = outcome_of(fails);
        CHECK(e.code() == errc::provider_failed);
        CHECK(contains(e.text(), "vault is sealed"));
    }
    SECTION("one that never answers is cancelled at the deadline") {
        bool cancelled = false;
        const auto waits = [&](conats::auth_request) -> asio::awaitable<conats::secret> {
            auto executor = co_await asio::this_coro::executor;
            asio::steady_timer forever(executor, asio::steady_timer::time_point::max());
            try {
                co_await forever.async_wait(asio::use_awaitable);
            } catch (const boost::system::system_error& e) {
                cancelled = e.code() == asio::error::operation_aborted;
                throw;
            }
            co_return conats::secret();
        };
        conats::connect_options fails(takes.address());
        fails.token_provider(waits).connect_timeout(100ms);
        CHECK(outcome_of(fails).code() == errc::timeout);
        CHECK(cancelled);
    }
}

TEST_CASE("A24 the token is sent in plain where the server keeps a bcrypt hash") {
    // Of "mytoken".
    nats_server server("authorization { token: "
                       "\"$2a$04$abcdefghijklmnopqrstuughQ0V9SCrGhIi6ryq0YgcPux.RTQpJy\" }");
    CHECK_FALSE(outcome_of(server.url("mytoken")));
    conats::connect_options by_option(server.url());
    by_option.token("mytoken");
    CHECK_FALSE(outcome_of(by_option));
    CHECK(outcome_of(server.url("mytokem")).code() == errc::authorization_violation);
    CHECK(outcome_of(server.url("$2a$04$abcdefghijklmnopqrstuughQ0V9SCrGhIi6ryq0YgcPux.RTQpJy"))
              .code() == errc::authorization_violation);
}

TEST_CASE("P2.9 what the server refuses credentials for is told apart") {
    using refusal = std::pair<const char*, errc>;
    const auto [text, code] =
        GENERATE(refusal("Authorization Violation", errc::authorization_violation),
                 refusal("Authentication Timeout", errc::authentication_timeout),
                 refusal("User Authentication Expired", errc::authentication_expired),
                 refusal("User Authentication Revoked", errc::authentication_revoked),
                 refusal("Account Authentication Expired", errc::account_authentication_expired));
    INFO(text);
    const std::string line = "-ERR '" + std::string(text) + "'\r\n";
    // While connecting, and once connected.
    std::vector<peer_script> scripts;
    scripts.emplace_back([&](peer_session& s) {
        s.send_info();
        s.expect_connect();
        s.expect("PING");
        s.send(line);
    });
    scripts.emplace_back([&](peer_session& s) {
        s.handshake();
        s.wait_for_test();
        s.send(line);
    });
    scripted_peer peer(scripts);
    const auto e = outcome_of(peer.url());
    CHECK(e.code() == code);
    CHECK(e.code() == condition::auth);
    CHECK(e.text() == text);
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(peer.url());
        auto nc = co_await conats::connect(o.max_reconnects(0));
        auto events = nc.events();
        peer.proceed();
        while (auto event = co_await events.next()) {}
        CHECK(nc.close_reason().code() == code);
        CHECK(nc.close_reason().text() == text);
    });
    CHECK(peer.result(2) == "ok");
}

TEST_CASE("P2.12 names, tokens, users and passwords reach the server as they are") {
    const std::string odd = "q\" b\\ t\t c\x01 \x7f u\xc3\xbc e\xe2\x82\xac %s {}";
    const std::string as_config = "\"q\\\" b\\\\ t\\t c\\x01 \\x7f u\xc3\xbc e\xe2\x82\xac %s {}\"";
    nats_server by_token("authorization { token: " + as_config + " }");
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(by_token.url());
        o.token(odd).name(odd);
        auto nc = co_await conats::connect(o);
        CHECK(by_token.monitor().connection(odd).has_value());
    });
    CHECK(outcome_of(conats::connect_options(by_token.url()).token(odd + " ")).code() ==
          errc::authorization_violation);
    nats_server by_user("authorization { user: " + as_config + ", password: " + as_config + " }");
    conats::connect_options o(by_user.url());
    o.user(odd).password(odd);
    CHECK_FALSE(outcome_of(o));
    CHECK(outcome_of(o.password(odd + "x")).code() == errc::authorization_violation);
}

TEST_CASE("P2.13 userinfo is read as it is meant") {
    nats_server empty_password("authorization { user: u, password: \"\" }");
    CHECK_FALSE(outcome_of(empty_password.url("u:")));
    CHECK_FALSE(outcome_of("u:@" + empty_password.address()));
    CHECK(outcome_of(empty_password.url("u")).code() == errc::authorization_violation);
    nats_server odd_token("authorization { token: \"a+b@c d%40\" }");
    CHECK_FALSE(outcome_of("a+b%40c%20d%2540@" + odd_token.address()));
    CHECK(outcome_of("a%20b%40c%20d%2540@" + odd_token.address()).code() ==
          errc::authorization_violation);
    nats_server odd_user("authorization { user: \"a@b\", password: \"c:d+e\" }");
    CHECK_FALSE(outcome_of("a%40b:c%3Ad+e@" + odd_user.address()));
}

TEST_CASE("P2.14 any authentication option wins over userinfo, which is the fallback") {
    nats_server by_token("authorization { token: good }");
    nats_server by_user("authorization { user: u, password: p }");
    CHECK_FALSE(outcome_of(by_token.url("good")));
    CHECK_FALSE(outcome_of(by_user.url("u:p")));
    const auto with = [](const std::string& url) { return conats::connect_options(url); };
    CHECK_FALSE(outcome_of(with(by_token.url("bad")).token("good")));
    CHECK_FALSE(outcome_of(with(by_token.url("bad")).token_provider(provider_of("good"))));
    CHECK_FALSE(outcome_of(with(by_user.url("u:bad")).user("u").password("p")));
    const auto refused = [](const conats::connect_options& o) {
        return outcome_of(o).code() == errc::authorization_violation;
    };
    CHECK(refused(with(by_token.url("good")).token("bad")));
    CHECK(refused(with(by_token.url("good")).token_provider(provider_of("bad"))));
    CHECK(refused(with(by_token.url("good")).user("u").password("p")));
    CHECK(refused(with(by_user.url("u:p")).token("good")));
    CHECK(refused(with(by_user.url("u:p")).user("u").password("bad")));
}
