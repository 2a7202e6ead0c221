// SPDX-License-Identifier: Apache-2.0
#include "protocol/info_codec.hpp"
#include "support/catch.hpp"
#include "unit/protocol/padded.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using conats::errc;
using conats::error;
using conats::server_info;
using conats::impl::info_parser;

namespace {

error parse(std::string_view json, server_info& out) {
    const conats::test::padded bytes(json, '}');
    info_parser parser;
    return parser.parse(bytes.begin(), bytes.size(), out);
}

std::string failure(std::string_view json) {
    server_info info;
    const error e = parse(json, info);
    return e.code() == errc::protocol_error ? e.text() : "another code";
}

} // namespace

TEST_CASE("info_codec: every field we read") {
    server_info info;
    const error e = parse(
        R"({"server_id":"ID","server_name":"n1","version":"2.12.0","proto":1,"git_commit":"abc",)"
        R"("go":"go1.26","host":"0.0.0.0","port":4222,"headers":true,"auth_required":true,)"
        R"("tls_required":true,"tls_verify":true,"tls_available":true,"max_payload":1048576,)"
        R"("jetstream":true,"client_id":18446744073709551615,"client_ip":"127.0.0.1","nonce":"N",)"
        R"("cluster":"c1","domain":"hub","connect_urls":["a:1","[::1]:2"],)"
        R"("ws_connect_urls":["w:1"],"ldm":true,"connect_info":true,"remote_account":"$G",)"
        R"("acc_is_sys":true,"api_lvl":2,"xkey":"X","ip":"1.2.3.4","unknown":{"a":[1,null]}})",
        info);
    REQUIRE_FALSE(e);
    CHECK(info.server_id == "ID");
    CHECK(info.server_name == "n1");
    CHECK(info.version == "2.12.0");
    CHECK(info.proto == 1);
    CHECK(info.git_commit == "abc");
    CHECK(info.go == "go1.26");
    CHECK(info.host == "0.0.0.0");
    CHECK(info.port == 4222);
    CHECK(info.headers);
    CHECK(info.auth_required);
    CHECK(info.tls_required);
    CHECK(info.tls_verify);
    CHECK(info.tls_available);
    CHECK(info.max_payload == 1048576);
    CHECK(info.jetstream);
    CHECK(info.client_id == 18446744073709551615U); // no double on the way
    CHECK(info.client_ip == "127.0.0.1");
    CHECK(info.nonce == "N");
    CHECK(info.cluster == "c1");
    CHECK(info.domain == "hub");
    CHECK(info.connect_urls == std::vector<std::string>{"a:1", "[::1]:2"});
    CHECK(info.ws_connect_urls == std::vector<std::string>{"w:1"});
    CHECK(info.lame_duck_mode);
    CHECK(info.connect_info);
    CHECK(info.remote_account == "$G");
    CHECK(info.is_system_account);
    CHECK(info.api_level == 2);
    CHECK(info.xkey == "X");
}

TEST_CASE("info_codec: what nats-server 2.9.10 sends") {
    server_info info;
    REQUIRE_FALSE(parse(
        R"({"server_id":"NDWP","server_name":"NDWP","version":"2.9.10","proto":1,"go":"go1.19.8",)"
        R"("host":"0.0.0.0","port":4222,"headers":true,"max_payload":1048576,"client_id":4,)"
        R"("client_ip":"127.0.0.1"} )",
        info));
    CHECK(info.version == "2.9.10");
    CHECK(info.headers);
    CHECK_FALSE(info.auth_required);
    CHECK(info.api_level == 0);
}

TEST_CASE("info_codec: what is absent has its default, also after another INFO") {
    info_parser parser;
    server_info info;
    const conats::test::padded first(R"({"nonce":"N","connect_urls":["a:1"],"port":1,"ldm":true})");
    const conats::test::padded second(R"({})");
    REQUIRE_FALSE(parser.parse(first.begin(), first.size(), info));
    REQUIRE(info.lame_duck_mode);
    info_parser moved(std::move(parser));
    REQUIRE_FALSE(moved.parse(second.begin(), second.size(), info));
    CHECK(info.nonce.empty());
    CHECK(info.connect_urls.empty());
    CHECK(info.port == 0);
    CHECK_FALSE(info.lame_duck_mode);
}

TEST_CASE("info_codec: a field of the wrong type is named") {
    const auto names = [](std::string_view json, std::string_view field) {
        return failure(json) ==
               "INFO: the field \"" + std::string(field) + "\" is of the wrong type";
    };
    CHECK(names(R"({"server_id":1})", "server_id"));
    CHECK(names(R"({"port":"4222"})", "port"));
    CHECK(names(R"({"port":65536})", "port"));
    CHECK(names(R"({"port":-1})", "port"));
    CHECK(names(R"({"port":4222.0})", "port"));
    CHECK(names(R"({"proto":2147483648})", "proto"));
    CHECK(names(R"({"max_payload":-1})", "max_payload"));
    CHECK(names(R"({"max_payload":null})", "max_payload"));
    CHECK(names(R"({"headers":1})", "headers"));
    CHECK(names(R"({"connect_urls":"a:1"})", "connect_urls"));
    CHECK(names(R"({"connect_urls":["a:1",2]})", "connect_urls"));
    CHECK(names(R"({"nonce":[]})", "nonce"));
    CHECK(names(R"({"ldm":"true","connect_info":0})", "ldm")); // the first one
}

TEST_CASE("info_codec: what is not one JSON object is refused and changes nothing") {
    server_info info;
    info.server_id = "kept";
    for (const std::string_view bad : {"", "[]", "1", "{", "{} {}", "{\"a\":tru}", "{\"port\":1",
                                       "{\"server_id\":\"\xff\"}", "not json"}) {
        CAPTURE(bad);
        const error e = parse(bad, info);
        CHECK(e.code() == errc::protocol_error);
        CHECK(e.text().starts_with("INFO is not valid JSON: "));
        CHECK(info.server_id == "kept");
    }
    CHECK(parse(R"({"server_id":"new","port":"x"})", info));
    CHECK(info.server_id == "kept");
}
