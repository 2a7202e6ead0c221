// SPDX-License-Identifier: Apache-2.0
// Servers that are well, and several at once.
#include "apps/doctor_examined.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/sockets.hpp"

#include <boost/json/array.hpp>

#include <string>
#include <vector>

using namespace conats::test;
using Catch::Matchers::Contains;

TEST_CASE("M04 doctor: a healthy server, step by step") {
    const tls_files files;
    const nats_server server(
        server_options("server_name: n1\n" + files.config()).token("s3cr3t").jetstream());
    const examined found({"-s", server.url("s3cr3t"), "--tlsca", files.path("ca.pem")});
    found.check_secrecy("s3cr3t");
    CHECK(found.code() == 0);
    CHECK(found.json().at("healthy").get_bool());
    CHECK_THAT(found.text(), Contains("\nhealthy\n"));
    CHECK_THAT(found.text(), !Contains("what to do"));

    std::vector<std::string> names;
    for (const auto& step : found.json().at("servers").at(0).at("steps").get_array()) {
        names.emplace_back(step.at("step").get_string());
        CAPTURE(names.back());
        CHECK(step.at("verdict").get_string() == "ok");
        CHECK(step.at("took_ns").to_number<std::int64_t>() > 0);
        CHECK_FALSE(step.at("text").get_string().empty());
    }
    CHECK(names == std::vector<std::string>{"dns", "tcp", "info", "tls", "auth", "round_trip",
                                            "subscribe", "publish", "jetstream"});
    CHECK(found.step("info").at("server_name").get_string() == "n1");
    CHECK(found.step("info").at("version").get_string() == server.version().to_string());
    CHECK(found.step("tls").at("verified").get_bool());
    CHECK(found.step("round_trip").at("count").to_number<int>() == 5);
    CHECK(found.step("jetstream").at("enabled").get_bool());
    CHECK(found.says("auth", "a token"));
    CHECK(found.says("publish", "came back"));
}

TEST_CASE("M04 doctor: as many round trips as wanted") {
    const nats_server server;
    const examined found({"-s", server.url(), "--count", "17"});
    CHECK(found.code() == 0);
    const auto step = found.step("round_trip");
    CHECK(step.at("count").to_number<int>() == 17);
    const auto least = step.at("min_ns").to_number<std::int64_t>();
    const auto median = step.at("median_ns").to_number<std::int64_t>();
    CHECK(least > 0);
    CHECK(least <= median);
    CHECK(median <= step.at("max_ns").to_number<std::int64_t>());
}

TEST_CASE("M04 doctor: each of several servers is checked") {
    const nats_server good;
    const nats_server other(server_options().token("right"));
    const reserved_port down;
    const examined found({"-s", good.url() + ", " + other.url("s3cr3t") + "," + down.address()});
    found.check_secrecy("s3cr3t");
    CHECK(found.code() == 1);
    const auto& servers = found.json().at("servers").get_array();
    REQUIRE(servers.size() == 3);
    CHECK(servers[0].at("server").get_string() == good.url());
    CHECK(servers[0].at("healthy").get_bool());
    CHECK(found.verdict("auth", 1) == "failed wrong_token");
    CHECK(found.verdict("tcp", 2) == "failed server_down");
    CHECK_THAT(found.text(), Contains("\nnot healthy: 2 of 3 servers"));

    const examined both({"-s", good.url() + "," + good.url()});
    CHECK(both.code() == 0);
    CHECK_THAT(both.text(), Contains("\nhealthy: 2 servers"));
}

TEST_CASE("M04 doctor: a host name, and the address that it stands for") {
    const nats_server server;
    const examined found({"-s", "localhost:" + std::to_string(server.port())});
    CHECK(found.code() == 0);
    CHECK(found.says("dns", server.address()));
    const examined address({"-s", server.url()});
    CHECK(address.says("dns", "nothing to resolve"));
}
