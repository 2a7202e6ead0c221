// SPDX-License-Identifier: Apache-2.0
// Several servers, and several addresses of one.
#include "integration/outcome.hpp"
#include "integration/scratch_directory.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"
#include "support/sockets.hpp"

#include <conats/conats.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::condition;
using conats::errc;

namespace {

constexpr const char* closed_port = "127.0.0.1:1";

// Of a server that nobody verifies: made for this test, worth nothing.
constexpr const char* certificate = R"(-----BEGIN CERTIFICATE-----
MIIBfjCCASWgAwIBAgIUWo5PYiGVxZ2+6TWLr3b58Ozts9gwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDA3MTYxMFoYDzIxMjYxMDMx
MDcxNjEwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATCTzTrGmgS99SacIkHIJ2gwF6zmKoF+orfJE9sYVD0+Ys2Z0lDOyX7
2hYYtJYCpyVsiDYlMLZJ/LtDt+6KuCKNo1MwUTAdBgNVHQ4EFgQUYskOVSi8f4Dj
MA8fK76o1TlvvN4wHwYDVR0jBBgwFoAUYskOVSi8f4DjMA8fK76o1TlvvN4wDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBEAiAvTbT8bc6WwvbWsnN3Iw0H
e0LIsdZ4GTLH3dzsGIfPGQIgAcfsrztqturYEQVpccpMpZf88Az33yjfQMkmOeKE
jpc=
-----END CERTIFICATE-----
)";
constexpr const char* key = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqOeYRcxihYDBYiEb
kI95eNae/eJWgdqr1Q15B4C0+nqhRANCAATCTzTrGmgS99SacIkHIJ2gwF6zmKoF
+orfJE9sYVD0+Ys2Z0lDOyX72hYYtJYCpyVsiDYlMLZJ/LtDt+6KuCKN
-----END PRIVATE KEY-----
)";

std::string tls_config(const scratch_directory& scratch) {
    return "tls { cert_file: \"" + scratch.write("cert.pem", certificate).string() +
           "\", key_file: \"" + scratch.write("key.pem", key).string() + "\" }";
}

/// A resolver that knows one name.
conats::resolver_function resolver_of(std::string name, std::vector<std::string> addresses) {
    return [name, addresses](std::string host) -> asio::awaitable<std::vector<std::string>> {
        if (host != name)
            throw std::runtime_error("who is " + host + "?");
        co_return addresses;
    };
}

std::string port_of(const nats_server& s) {
    return std::to_string(s.port());
}

/// The server that was reached.
asio::awaitable<std::string> reached(conats::connect_options o) {
    auto nc = co_await conats::connect(o);
    std::string where = nc.remote_address();
    co_await nc.close();
    co_return where;
}

} // namespace

TEST_CASE("A04 a list with one token: the first that answers, in any order") {
    nats_server server("authorization { token: mytoken }");
    for (const bool in_order : {true, false})
        for (int i = 0; i != 8; ++i) {
            conats::connect_options o;
            o.servers({closed_port, server.address()}).token("mytoken").retain_order(in_order);
            CHECK_FALSE(outcome_of(o));
        }
    conats::connect_options in_one_text(std::string(closed_port) + ", " + server.address());
    in_one_text.token("mytoken");
    CHECK_FALSE(outcome_of(in_one_text));
    CHECK(server.monitor().total_connections() == 17);
}

TEST_CASE("B05, S13 each server of the list is tried once, and the most telling error returned") {
    const scratch_directory scratch;
    nats_server demands_tls(tls_config(scratch));
    nats_server wants_token("authorization { token: other }");
    nats_server good;
    conats::connect_options o;
    o.retain_order(true).token("mytoken");

    SECTION("one that connects ends the walk") {
        o.servers({closed_port, demands_tls.address(), good.address(), wants_token.address()});
        CHECK_FALSE(outcome_of(o));
        CHECK(demands_tls.monitor().total_connections() == 1);
        CHECK(good.monitor().total_connections() == 1);
        CHECK(wants_token.monitor().total_connections() == 0);
    }
    SECTION("all refused") {
        o.servers({closed_port, "127.0.0.2:1", "127.0.0.3:1"});
        const auto begin = std::chrono::steady_clock::now();
        const auto e = outcome_of(o);
        CHECK(std::chrono::steady_clock::now() - begin < scaled(1s));
        CHECK(e.code() == errc::connection_refused);
        CHECK(e.code() == condition::unreachable);
        CHECK(e.text().find("3 servers tried") != std::string::npos);
    }
    SECTION("TLS tells more than a refusal") {
        o.servers({closed_port, demands_tls.address(), "127.0.0.2:1"});
        const auto e = outcome_of(o);
        CHECK(e.code() == errc::tls_certificate_rejected);
        CHECK(e.server() == demands_tls.url());
    }
    SECTION("authentication tells more than TLS") {
        o.servers({demands_tls.address(), wants_token.address(), closed_port});
        const auto e = outcome_of(o);
        CHECK(e.code() == errc::authorization_violation);
        CHECK(e.server() == wants_token.url());
        CHECK(demands_tls.monitor().total_connections() == 1);
        CHECK(wants_token.monitor().total_connections() == 1);
    }
}

TEST_CASE("B06 the list is shuffled, unless its order is to be kept") {
    nats_server first;
    nats_server second;
    conats::connect_options o;
    o.servers({first.address(), second.address()});
    const auto connect_often = [&](int count, bool in_order) -> asio::awaitable<int> {
        o.retain_order(in_order);
        int firsts = 0;
        for (int i = 0; i != count; ++i) {
            auto attempt = reached(o);
            const std::string where = co_await std::move(attempt);
            firsts += where == first.address() ? 1 : 0;
        }
        co_return firsts;
    };
    // 200 fair draws fall outside 60..140 once in 10^8 runs.
    const int firsts = run(connect_often(200, false));
    CHECK(firsts >= 60);
    CHECK(firsts <= 140);
    CHECK(second.monitor().total_connections() == 200 - firsts);
    CHECK(run(connect_often(50, true)) == 50);
    CHECK(second.monitor().total_connections() == 200 - firsts);
}

TEST_CASE("B08 all addresses of a host are tried") {
    nats_server server("authorization { token: mytoken }");
    conats::connect_options o("mytoken@many.test:" + port_of(server));

    SECTION("a dead one is passed over, wherever it stands") {
        const std::vector<std::string> addresses(
            {"127.0.0.2", "127.0.0.3", "127.0.0.1", "127.0.0.4"});
        o.resolver(resolver_of("many.test", addresses));
        for (int i = 0; i != 10; ++i)
            CHECK_FALSE(outcome_of(o));
        o.retain_order(true);
        CHECK_FALSE(outcome_of(o));
        CHECK(server.monitor().total_connections() == 11);
    }
    SECTION("all dead") {
        o.resolver(resolver_of("many.test", {"127.0.0.2", "127.0.0.3"}));
        CHECK(outcome_of(o).code() == errc::connection_refused);
    }
    SECTION("no address, and none that is one") {
        o.resolver(resolver_of("many.test", {}));
        CHECK(outcome_of(o).code() == errc::host_not_found);
        o.resolver(resolver_of("many.test", {"no address"}));
        CHECK(outcome_of(o).code() == errc::host_not_found);
        o.resolver(resolver_of("other.test", {"127.0.0.1"}));
        CHECK(outcome_of(o).code() == errc::host_not_found);
    }
    SECTION("the next server has its turn after them") {
        o.servers({"mytoken@many.test:" + port_of(server), server.url("mytoken")});
        o.resolver(resolver_of("many.test", {"127.0.0.2", "127.0.0.3"})).retain_order(true);
        CHECK_FALSE(outcome_of(o));
    }
    SECTION("an address in digits and localhost are not looked up") {
        o.resolver(resolver_of("many.test", {}));
        CHECK_FALSE(outcome_of(o.servers(server.url("mytoken"))));
        CHECK_FALSE(outcome_of(o.servers("mytoken@localhost:" + port_of(server))));
    }
}

TEST_CASE("B08 the addresses of a host are shuffled, unless their order is to be kept") {
    nats_server one;
    nats_server other(server_options().host("127.0.0.2").port(one.port()));
    conats::connect_options o("both.test:" + port_of(one));
    o.resolver(resolver_of("both.test", {"127.0.0.1", "127.0.0.2"}));
    const auto count_ones = [&](bool in_order) -> asio::awaitable<int> {
        o.retain_order(in_order);
        int ones = 0;
        for (int i = 0; i != 60; ++i) {
            auto attempt = reached(o);
            const std::string where = co_await std::move(attempt);
            ones += where == one.address() ? 1 : 0;
        }
        co_return ones;
    };
    const int ones = run(count_ones(false));
    CHECK(ones > 0);
    CHECK(ones < 60);
    CHECK(run(count_ones(true)) == 60);
}
