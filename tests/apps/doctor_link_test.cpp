// SPDX-License-Identifier: Apache-2.0
// What a connection that stands is good for.
#include "apps/doctor_examined.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/scripted_peer.hpp"

#include <chrono>
#include <string>

using namespace conats::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

std::string user(const std::string& permissions) {
    return "authorization { users: [ { user: joe, password: s3cr3t, permissions: { " + permissions +
           " } } ] }";
}

examined as_joe(const nats_server& server, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"-s", server.url("joe:s3cr3t")});
    const examined found(more);
    found.check_secrecy("s3cr3t");
    return found;
}

} // namespace

TEST_CASE("M04 doctor: a missing permission to publish") {
    const nats_server server(user("publish: \"orders.>\""));
    const auto found = as_joe(server);
    found.check_diagnosis("publish", "failed", "publish_not_permitted", "`permissions`");
    CHECK(found.code() == 1);
    CHECK(found.verdict("subscribe") == "ok");
    CHECK_THAT(std::string(found.step("publish").at("server_words").get_string()),
               Contains("Permissions Violation for Publish to \"_INBOX."));
    CHECK(found.verdict("jetstream") == "note jetstream_not_permitted");

    // Where it may publish all is well.
    const auto allowed = as_joe(server, {"--subject", "orders.test"});
    CHECK(allowed.code() == 0);
    CHECK(allowed.says("publish", "\"orders.test\", and the message came back"));
}

TEST_CASE("M04 doctor: a missing permission to subscribe") {
    const nats_server server(user("subscribe: \"orders.>\""));
    const auto found = as_joe(server);
    found.check_diagnosis("subscribe", "failed", "subscribe_not_permitted", "`permissions`");
    CHECK(found.code() == 1);
    CHECK_THAT(std::string(found.step("subscribe").at("server_words").get_string()),
               Contains("Permissions Violation for Subscription to \"_INBOX."));
    CHECK(found.verdict("publish") == "ok");
    CHECK(found.verdict("jetstream") == "skipped");
}

TEST_CASE("M04 doctor: an inbox prefix that is permitted") {
    const nats_server server(
        user("publish: [\"in.joe.>\", \"$JS.API.INFO\"], subscribe: \"in.joe.>\""));
    CHECK(as_joe(server).code() == 1);
    const auto found = as_joe(server, {"--inbox-prefix", "in.joe"});
    CHECK(found.code() == 0);
    CHECK(found.says("subscribe", "\"in.joe."));
}

TEST_CASE("M04 doctor: JetStream on, off, not for this account, not permitted") {
    {
        const nats_server server(server_options().jetstream());
        const examined found({"-s", server.url()});
        CHECK(found.code() == 0);
        CHECK(found.verdict("jetstream") == "ok");
        CHECK(found.says("jetstream", "0 streams"));
        CHECK(found.step("jetstream").at("streams").to_number<int>() == 0);
    }
    const nats_server off;
    examined({"-s", off.url()}).check_remark("jetstream", "note", "jetstream_off", "--jetstream");

    const nats_server server(
        server_options("accounts { A { jetstream: enabled, users: [ { user: a, password: a }, "
                       "{ user: p, password: p, permissions: { publish: \"_INBOX.>\" } } ] }, "
                       "B { users: [ { user: b, password: b } ] } }")
            .jetstream());
    CHECK(examined({"-s", server.url("a:a")}).verdict("jetstream") == "ok");
    const examined other({"-s", server.url("b:b")});
    other.check_remark("jetstream", "note", "jetstream_not_enabled", "this account");
    CHECK(other.step("jetstream").at("server_words").get_string() ==
          "JetStream not enabled for account");
    examined({"-s", server.url("p:p")})
        .check_remark("jetstream", "note", "jetstream_not_permitted", "$JS.API.>");
}

TEST_CASE("M04 doctor: lame duck mode, when connecting and later") {
    peer_options options;
    options.info(info_builder().lame_duck(true));
    const scripted_peer before(options, [](peer_session& s) {
        s.handshake();
        s.serve();
    });
    const examined found({"-s", before.url(), "--timeout", scaled_text(500ms)});
    found.check_diagnosis("info", "failed", "lame_duck", "another server");
    CHECK(found.code() == 1);

    const scripted_peer later([](peer_session& s) {
        s.handshake();
        s.send_info(info_builder().lame_duck(true));
        s.serve();
    });
    const examined told({"-s", later.url(), "--timeout", scaled_text(500ms)});
    CHECK(told.code() == 1);
    CHECK_THAT(told.text(), Contains("lame_duck: "));
}

TEST_CASE("M04 doctor: a server that answers no more, and one that closes") {
    const scripted_peer mute([](peer_session& s) {
        s.handshake();
        s.stop_reading();
    });
    examined({"-s", mute.url(), "--timeout", scaled_text(500ms)})
        .check_failure("round_trip", "no_answer", "--timeout");

    const scripted_peer closing([](peer_session& s) {
        s.handshake();
        s.expect("PING");
        s.send("-ERR 'Stale Connection'\r\n");
        s.close();
    });
    examined({"-s", closing.url()}).check_failure("round_trip", "connection_lost", "server's log");
}

TEST_CASE("M04 doctor: round trips take no longer than the timeout, however many are wanted") {
    const nats_server server;
    const examined found(
        {"-s", server.url(), "--count", "1000000000", "--timeout", scaled_text(300ms)});
    CHECK(found.code() == 0);
    CHECK(found.verdict("round_trip") == "ok");
    CHECK(found.step("round_trip").at("count").to_number<int>() > 1);
}

TEST_CASE("M04 doctor: a message that does not come back") {
    // It takes everything and delivers nothing.
    const scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.serve();
    });
    const examined found({"-s", peer.url(), "--timeout", scaled_text(500ms)});
    found.check_diagnosis("publish", "failed", "message_lost", "did not come back");
    CHECK(found.verdict("jetstream") == "failed no_answer");
    CHECK(found.code() == 1);
}
