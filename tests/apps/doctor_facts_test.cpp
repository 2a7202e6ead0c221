// SPDX-License-Identifier: Apache-2.0
// What servers, ports and credentials say of themselves.
#include "doctor_facts.hpp"
#include "support/catch.hpp"
#include "support/info_builder.hpp"
#include "support/jwt_maker.hpp"

#include <chrono>
#include <string>

using namespace std::chrono_literals;
using tool::credential_kind;
using tool::diagnosis;
using tool::neighbour_kind;
using tool::verdict;

TEST_CASE("M04 doctor reads INFO") {
    conats::test::info_builder info;
    info.version("2.15.2").set("server_name", "n\x1b[31m").set("server_id", "NX").max_payload(512);
    info.set("cluster", "c").auth_required(true).tls_required(true).set("tls_verify", true);
    info.set("jetstream", true).lame_duck(true);
    const auto read = tool::read_info(info.line());
    REQUIRE(read);
    CHECK(read->version == "2.15.2");
    CHECK(read->max_payload == 512);
    CHECK(read->lame_duck_mode);
    CHECK(tool::describe(*read) ==
          "nats-server 2.15.2 \"n\\x1b[31m\" of cluster \"c\", messages up to 512 B, wants "
          "credentials, wants TLS and a certificate of the client, JetStream on");
    for (const char* const none : {"", "INFO", "INFO [1]", "INFO {", "+OK", "INFO {} x"})
        CHECK_FALSE(tool::read_info(none));
    const auto odd = tool::read_info(R"(INFO {"version":7,"max_payload":-1,"headers":"yes"})");
    REQUIRE(odd);
    CHECK(odd->version.empty());
    CHECK(odd->max_payload == 0);
    CHECK_FALSE(odd->headers);
}

TEST_CASE("M04 doctor reads from CONNECT who we said we are") {
    const auto kind = [](const std::string& fields) {
        return tool::read_credential_kind("CONNECT {\"verbose\":false" + fields + "}");
    };
    CHECK(kind("") == credential_kind::none);
    CHECK(kind(R"(,"auth_token":"***")") == credential_kind::token);
    CHECK(kind(R"(,"user":"***","pass":"***")") == credential_kind::user);
    CHECK(kind(R"(,"nkey":"UA","sig":"***")") == credential_kind::nkey);
    CHECK(kind(R"(,"jwt":"***","sig":"***")") == credential_kind::jwt);
    CHECK(tool::read_credential_kind("CONNECT") == credential_kind::none);
}

TEST_CASE("M04 doctor tells ports by what they answer") {
    const auto kind = [](const std::string& bytes) { return tool::read_http_answer(bytes).what; };
    CHECK(kind("") == neighbour_kind::unknown);
    CHECK(kind("\r\n") == neighbour_kind::unknown);
    CHECK(kind("SSH-2.0-x\r\n") == neighbour_kind::other);
    CHECK(kind("HTTP/1.1 404 Not Found\r\n\r\n") == neighbour_kind::http);
    CHECK(kind("HTTP/1.1 200 OK\r\n\r\n{\"a\":1}") == neighbour_kind::http);
    CHECK(kind("HTTP/1.1 200 OK\r\n\r\n{\"server_id\":") == neighbour_kind::http);
    CHECK(kind("HTTP/1.0 400 Bad Request\r\nSec-Websocket-Version: 13\r\n\r\nBad Request\n") ==
          neighbour_kind::websocket);
    const auto monitoring =
        tool::read_http_answer("HTTP/1.0 200 OK\r\n\r\n{\"server_id\":\"N\",\"port\":4333}");
    CHECK(monitoring.what == neighbour_kind::monitoring);
    CHECK(monitoring.nats_port == 4333);
    CHECK(monitoring.words == "HTTP/1.0 200 OK");
    CHECK(tool::read_http_answer("HTTP/1.0 200 " + std::string(9000, 'x')).words.size() == 120);
}

TEST_CASE("M04 doctor reads when a JWT expires") {
    const conats::test::test_nkey issuer;
    const auto jwt = [&](boost::json::object claims) {
        return conats::test::make_jwt(std::move(claims), issuer);
    };
    boost::json::object claims;
    CHECK_FALSE(tool::read_jwt_expiry(jwt(claims)));
    claims["exp"] = 0;
    CHECK_FALSE(tool::read_jwt_expiry(jwt(claims)));
    claims["exp"] = 1'700'000'000;
    const auto when = tool::read_jwt_expiry(jwt(claims));
    REQUIRE(when);
    CHECK(tool::write_time(*when) == "2023-11-14T22:13:20Z");
    claims["exp"] = 90'000'000'000;
    CHECK_FALSE(tool::read_jwt_expiry(jwt(claims)));
    for (const char* const none : {"", "a", "a.b.c", "a.!!.c", "."})
        CHECK_FALSE(tool::read_jwt_expiry(none));
}

TEST_CASE("M04 doctor's times") {
    const auto t = tool::read_time("2026-01-31T23:59:58Z");
    REQUIRE(t);
    CHECK(tool::write_time(*t) == "2026-01-31T23:59:58Z");
    for (const char* const none : {"", "2026-01-31", "2026-02-30T00:00:00Z", "soon"})
        CHECK_FALSE(tool::read_time(none));
    CHECK(tool::relative_time(*t + 24h * 3, *t) == "in 3 days");
    CHECK(tool::relative_time(*t + 47h, *t) == "in 47 hours");
    CHECK(tool::relative_time(*t + 59s, *t) == "in 1 minute");
    CHECK(tool::relative_time(*t - 90min, *t) == "90 minutes ago");
    CHECK(tool::relative_time(*t - 2h, *t) == "2 hours ago");
}

TEST_CASE("M04 doctor judges how long a certificate is good for") {
    const auto now = tool::read_time("2026-01-01T00:00:00Z").value();
    conats::tls_info tls;
    tls.version = "TLSv1.3";
    tls.peer.subject = "CN=n";
    tls.peer.not_after = "2026-01-11T00:00:00Z";
    const auto good = tool::judge_tls(tls, now, 24h * 10);
    CHECK(good.result == verdict::ok);
    CHECK(good.text.find("2026-01-11") != std::string::npos);
    const auto soon = tool::judge_tls(tls, now, 24h * 10 + 1s);
    CHECK(soon.result == verdict::warning);
    CHECK(soon.what == diagnosis::certificate_expires_soon);
    CHECK(soon.text.find("in 10 days") != std::string::npos);
    tls.peer.not_after.clear();
    CHECK(tool::judge_tls(tls, now, 24h).result == verdict::ok);
}

TEST_CASE("M04 doctor reads JetStream's answer") {
    const auto on =
        tool::read_jetstream_answer(R"({"memory":1024,"storage":2048,"streams":3,"consumers":4})");
    CHECK(on.result == verdict::ok);
    CHECK(on.text == "enabled, with 3 streams and 4 consumers, 2 KiB on disk and 1 KiB in memory");
    const auto answer = [](const std::string& code) {
        return tool::read_jetstream_answer(R"({"error":{"code":503,"err_code":)" + code +
                                           R"(,"description":"so"}})");
    };
    CHECK(answer("10039").what == diagnosis::jetstream_not_enabled);
    CHECK(answer("10039").result == verdict::note);
    CHECK(answer("10076").what == diagnosis::jetstream_not_enabled);
    CHECK(answer("10008").what == diagnosis::jetstream_failed);
    CHECK(answer("10008").result == verdict::failed);
    CHECK(answer("10008").server_words == "so");
    for (const char* const other : {"", "hello", "[]", "{}"})
        CHECK(tool::read_jetstream_answer(other).what == diagnosis::jetstream_failed);
}
