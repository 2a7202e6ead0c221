// SPDX-License-Identifier: Apache-2.0
#include "engine/auth_options.hpp"
#include "support/catch.hpp"
#include "support/jwt_maker.hpp"

#include <conats/connect_options.hpp>

#include <chrono>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace conats;
using namespace std::chrono_literals;
using impl::auth_options;
using impl::auth_way;
using impl::credentials;
using impl::take_authentication;
using test::test_nkey;

asio::awaitable<std::string> sign(auth_request) {
    co_return std::string();
}
asio::awaitable<secret> give_token(auth_request) {
    co_return secret();
}
asio::awaitable<user_login> give_login(auth_request) {
    co_return user_login();
}
asio::awaitable<user_jwt> give_jwt(auth_request) {
    co_return user_jwt();
}

} // namespace

TEST_CASE("B26 what is set decides where credentials come from") {
    const test_nkey user;
    const auto text = test::credentials_text("a.b.c", user.seed_text());
    const auto way = [](connect_options o) {
        CHECK_FALSE(impl::check_authentication(o));
        return take_authentication(o).way;
    };
    const connect_options none;
    CHECK(way(none) == auth_way::userinfo);
    CHECK(way(connect_options().token("t")) == auth_way::fixed);
    CHECK(way(connect_options().user("u")) == auth_way::fixed);
    CHECK(way(connect_options().token_provider(give_token)) == auth_way::token_provider);
    CHECK(way(connect_options().user_provider(give_login)) == auth_way::user_provider);
    CHECK(way(connect_options().nkey_seed(user.seed())) == auth_way::nkey_seed);
    CHECK(way(connect_options().nkey_file("f")) == auth_way::nkey_file);
    CHECK(way(connect_options().nkey(user.public_key(), sign)) == auth_way::nkey_signer);
    CHECK(way(connect_options().jwt("a.b.c")) == auth_way::jwt);
    CHECK(way(connect_options().jwt_provider(give_jwt)) == auth_way::jwt_provider);
    CHECK(way(connect_options().credentials(text)) == auth_way::jwt);
    CHECK(way(connect_options().credentials_file("f")) == auth_way::credentials_file);
    CHECK(way(connect_options().credentials_files("f", "g")) == auth_way::credentials_file);
}

TEST_CASE("E16 secrets are taken out of the options, and seeds are not kept as text") {
    const test_nkey user;
    connect_options by_seed;
    by_seed.nkey_seed(user.seed());
    CHECK(take_authentication(by_seed).key.public_key() == user.public_key());
    CHECK(by_seed.nkey_seed().empty());

    connect_options by_jwt;
    by_jwt.jwt("a.b.c", user.seed());
    const auto jwt = take_authentication(by_jwt);
    CHECK(jwt.jwt == secret("a.b.c"));
    CHECK(jwt.key.public_key() == user.public_key());
    CHECK(by_jwt.jwt().empty());

    connect_options by_signer;
    by_signer.jwt(user_jwt("a.b.c", sign));
    CHECK(take_authentication(by_signer).key.empty());
    CHECK(by_signer.jwt().token().empty());
    CHECK(by_signer.jwt().signer());

    connect_options by_text;
    by_text.credentials(test::credentials_text("a.b.c", user.seed_text()));
    const auto parts = take_authentication(by_text);
    CHECK(parts.jwt == secret("a.b.c"));
    CHECK(parts.key.public_key() == user.public_key());
    CHECK(by_text.credentials().empty());

    connect_options by_user;
    by_user.user("u").password("p");
    CHECK(take_authentication(by_user).fixed.password() == secret("p"));
    CHECK(by_user.user().empty());
    CHECK(by_user.password().empty());
}

TEST_CASE("A25 which ways are set is printed, and no more") {
    const auto printed = [](const connect_options& o) {
        std::ostringstream os;
        impl::print_authentication(os, o);
        return os.str();
    };
    CHECK(printed(connect_options().nkey_file("/secret/path")) == ", nkey_file: ***");
    CHECK(printed(connect_options().user("u").password("p")) == ", user: ***, password: ***");
    CHECK(printed(connect_options().name("n")).empty());
}

TEST_CASE("P2.14 each way but fixed credentials asks, reads or signs") {
    impl::server_address server;
    REQUIRE_FALSE(impl::parse_server_address("u:p@h", server));
    const auto fixed = impl::choose_credentials(auth_options(credentials::from_token("t")), server);
    CHECK_FALSE(fixed.ask);
    CHECK(fixed.userinfo_ignored);
    for (const auth_way way : {auth_way::token_provider, auth_way::user_provider,
                               auth_way::nkey_seed, auth_way::nkey_file, auth_way::nkey_signer,
                               auth_way::jwt, auth_way::jwt_provider, auth_way::credentials_file}) {
        const auto choice = impl::choose_credentials(auth_options(way), server);
        CHECK(choice.ask);
        CHECK(choice.use.empty());
        CHECK(choice.userinfo_ignored);
    }
}

TEST_CASE("E14 only a JWT provider is asked before its JWT expires") {
    const impl::wall_time now(1700000000s);
    const auto expires = now + 100s;
    CHECK(impl::planned_renewal(auth_options(auth_way::jwt_provider), expires, now) == now + 90s);
    CHECK_FALSE(impl::planned_renewal(auth_options(auth_way::jwt_provider), std::nullopt, now));
    CHECK_FALSE(impl::planned_renewal(auth_options(auth_way::jwt_provider), now, now));
    CHECK_FALSE(impl::planned_renewal(auth_options(auth_way::jwt), expires, now));
    CHECK_FALSE(impl::planned_renewal(auth_options(auth_way::credentials_file), expires, now));
}

TEST_CASE("E07 a JWT that would break the line is none") {
    CHECK(impl::check_jwt("a.b.c") == nullptr);
    for (const char* const text : {"a b", "a\n", "\r", "a\tb", "\x7f", "\xc3\xbc"})
        CHECK(impl::check_jwt(text) != nullptr);
}
