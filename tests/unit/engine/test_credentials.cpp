// SPDX-License-Identifier: Apache-2.0
#include "engine/auth_options.hpp"
#include "engine/credentials.hpp"
#include "support/catch.hpp"

#include <string_view>

namespace {

using namespace conats;
using impl::auth_options;
using impl::choose_credentials;
using impl::credentials;
using impl::server_address;

server_address server(std::string_view text) {
    server_address address;
    REQUIRE_FALSE(parse_server_address(text, address));
    return address;
}

} // namespace

TEST_CASE("A08 P2.14 without an option the userinfo of the server's own URL is used") {
    const auto token = choose_credentials({}, server("mytoken@h"));
    CHECK(token.use.type() == credentials::kind::token);
    CHECK(token.use.token() == secret("mytoken"));
    CHECK_FALSE(token.userinfo_ignored);
    CHECK_FALSE(token.ask);

    const auto user = choose_credentials({}, server("u:p@h"));
    CHECK(user.use.type() == credentials::kind::user);
    CHECK(user.use.user() == secret("u"));
    CHECK(user.use.password() == secret("p"));
    CHECK(user.use.token().empty());

    CHECK(choose_credentials({}, server("h")).use.empty());
}

TEST_CASE("A15 user and empty password is a user") {
    const auto choice = choose_credentials({}, server("u:@h"));
    CHECK(choice.use.type() == credentials::kind::user);
    CHECK(choice.use.password().empty());
}

TEST_CASE("P2.14 an option wins over userinfo, which is then told of") {
    const auth_options option(credentials::from_token("good"));
    const auto over_token = choose_credentials(option, server("bad@h"));
    CHECK(over_token.use.token() == secret("good"));
    CHECK(over_token.userinfo_ignored);

    const auto over_user = choose_credentials(option, server("u:p@h"));
    CHECK(over_user.use.type() == credentials::kind::token);
    CHECK(over_user.use.user().empty());
    CHECK(over_user.userinfo_ignored);

    CHECK_FALSE(choose_credentials(option, server("h")).userinfo_ignored);
    CHECK_FALSE(choose_credentials(option, server("@h")).userinfo_ignored);
}

TEST_CASE("P2.14 a provider wins over userinfo and is asked") {
    const auth_options option(impl::auth_way::token_provider);
    const auto choice = choose_credentials(option, server("bad@h"));
    CHECK(choice.ask);
    CHECK(choice.userinfo_ignored);
    CHECK(choice.use.empty());
}

TEST_CASE("A28 an empty option is not set and leaves the userinfo in force") {
    const auto token = choose_credentials(auth_options(credentials::from_token("")), server("t@h"));
    CHECK(token.use.token() == secret("t"));
    CHECK_FALSE(token.userinfo_ignored);

    const auto user =
        choose_credentials(auth_options(credentials::from_user("", "p")), server("t@h"));
    CHECK(user.use.token() == secret("t"));

    const auto none =
        choose_credentials(auth_options(credentials::from_token("opt")), server("@127.0.0.1"));
    CHECK(none.use.token() == secret("opt"));
    CHECK_FALSE(none.userinfo_ignored);
}
