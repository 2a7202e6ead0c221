// SPDX-License-Identifier: Apache-2.0
// Credentials that are refused, and connections that there is no room for.
#include "apps/doctor_examined.hpp"
#include "integration/scratch_directory.hpp"
#include "support/catch.hpp"
#include "support/jwt_maker.hpp"
#include "support/nats_server.hpp"
#include "support/scripted_peer.hpp"
#include "support/sockets.hpp"
#include "support/timing.hpp"

#include <chrono>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;

TEST_CASE("M04 doctor: a wrong token, which is not shown") {
    const nats_server server(server_options().token("right"));
    const auto check = [](const examined& found) {
        found.check_failure("auth", "wrong_token", "`authorization` block");
        CHECK(found.step("auth").at("server_words").get_string() == "Authorization Violation");
        CHECK(found.verdict("info") == "ok");
        found.check_secrecy("s3cr3t");
    };
    check(examined({"-s", server.url(), "--token", "s3cr3t"}));
    check(examined({"-s", server.url("s3cr3t")}));
    check(examined({}, {{"NATS_URL", server.url()}, {"NATS_TOKEN", "s3cr3t"}}));
}

TEST_CASE("M04 doctor: a token where NKeys or JWTs are wanted") {
    const nats_server server(test_operator().config());
    const examined found({"-s", server.url(), "--token", "s3cr3t"});
    found.check_failure("auth", "wrong_token", "`authorization` block");
    CHECK(found.says("auth", "--nkey or --creds instead"));
    found.check_secrecy("s3cr3t");
}

TEST_CASE("M04 doctor: a wrong password") {
    const nats_server server("authorization { user: joe, password: right }");
    const examined found({"-s", server.url(), "--user", "joe", "--password", "s3cr3t"});
    found.check_failure("auth", "wrong_password", "the users in");
    found.check_secrecy("s3cr3t");
}

TEST_CASE("M04 doctor: no credentials where some are wanted") {
    const nats_server server(server_options().token("right"));
    const examined found({"-s", server.url()});
    found.check_failure("auth", "credentials_required", "--creds");
    CHECK(found.step("info").at("auth_required").get_bool());
}

TEST_CASE("M04 doctor: an expired JWT, and one that is good") {
    const test_operator owner;
    const test_nkey user;
    const scratch_directory files;
    const nats_server server(owner.config());
    const auto run = [&](const user_claims& claims) {
        const auto jwt = owner.user_jwt(user, claims);
        const auto path =
            files.write("user.creds", credentials_text(jwt, user.seed_text())).string();
        examined found({"-s", server.url(), "--creds", path});
        found.check_secrecy(user.seed_text());
        found.check_secrecy(jwt);
        return found;
    };
    const auto expired = run(user_claims().expires(-50h));
    expired.check_failure("auth", "credentials_expired", "new credentials");
    CHECK(expired.says("auth", "2 days ago"));

    const auto good = run(user_claims().expires(50h));
    CHECK(good.code() == 0);
    CHECK(good.says("auth", "a JWT that expires in 2 days"));
    CHECK(good.step("auth").at("expires").get_string().ends_with("Z"));
}

TEST_CASE("M04 doctor: a JWT of another operator") {
    const test_nkey user;
    const scratch_directory files;
    const nats_server server(test_operator().config());
    const auto text = credentials_text(test_operator().user_jwt(user), user.seed_text());
    const examined found({"-s", server.url(), "--creds", files.write("user.creds", text).string()});
    found.check_failure("auth", "wrong_jwt", "operator");
    found.check_secrecy(user.seed_text());
}

TEST_CASE("M04 doctor: an NKey that the server does not know, or knows nothing of") {
    const test_nkey known;
    const test_nkey user;
    const scratch_directory files;
    const auto path = files.write("user.nk", user.seed_text()).string();
    const nats_server server("authorization { users: [ { nkey: " + known.public_key() + " } ] }");
    const examined found({"-s", server.url(), "--nkey", path});
    found.check_failure("auth", "wrong_nkey", "public key");
    found.check_secrecy(user.seed_text());

    const nats_server open;
    examined({"-s", open.url(), "--nkey", path})
        .check_failure("auth", "nkeys_not_supported", "no NKeys");
}

TEST_CASE("M04 doctor: credentials that cannot be read") {
    const nats_server server(server_options().token("right"));
    const examined found({"-s", server.url(), "--creds", "/nowhere/user.creds"});
    found.check_failure("auth", "credentials_unreadable", "--creds");
    CHECK(found.says("auth", "/nowhere/user.creds"));
}

TEST_CASE("M04 doctor: the server has no room for another connection") {
    const nats_server server("max_connections: 1");
    const auto first =
        connect_tcp(server.host(), server.port(), deadline(5s)); // counts once it is accepted
    REQUIRE(eventually([&] { return server.monitor().connections() == 1; }));
    const examined found({"-s", server.url()});
    found.check_failure("auth", "max_connections", "max_connections");
    CHECK(found.step("auth").at("server_words").get_string() == "maximum connections exceeded");
}

TEST_CASE("M04 doctor: a server that never says whether it accepts") {
    const scripted_peer peer([](peer_session& s) {
        s.send_info();
        s.stop_reading();
    });
    examined({"-s", peer.url(), "--timeout", scaled_text(500ms)})
        .check_failure("auth", "auth_timeout", "--timeout");
}
