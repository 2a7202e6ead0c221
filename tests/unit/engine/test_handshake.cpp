// SPDX-License-Identifier: Apache-2.0
#include "engine/handshake.hpp"
#include "support/catch.hpp"
#include "support/info_builder.hpp"

#include <conats/error.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace conats;
using impl::credentials;
using impl::handshake;
using impl::handshake_action;
using impl::handshake_options;
using impl::operation_kind;
using test::info_builder;

/// A handshake under test, fed like the loop feeds it.
class driver {
public:
    explicit driver(handshake_options options = {}) : machine(std::move(options)) {}

    handshake_action info(const info_builder& fields = {}) {
        return raw_info(boost::json::serialize(fields.json()));
    }
    handshake_action raw_info(std::string json) {
        const auto size = json.size();
        json.resize(size + impl::info_parser::padding);
        return machine.on_operation(operation_kind::info, json.data(), size);
    }
    handshake_action err(std::string_view text) {
        return machine.on_operation(operation_kind::err, text.data(), text.size());
    }
    handshake_action simple(operation_kind kind) { return machine.on_operation(kind, "", 0); }
    handshake_action ping() { return simple(operation_kind::ping); }
    handshake_action pong() { return simple(operation_kind::pong); }
    handshake_action ok() { return simple(operation_kind::ok); }

    /// Up to the bytes of CONNECT and PING, which it returns.
    std::string connect(const info_builder& fields = {}, const credentials& who = {}) {
        REQUIRE(info(fields) == handshake_action::send_connect);
        secret out;
        const auto e = machine.make_connect(who, out);
        CAPTURE(e.text());
        REQUIRE_FALSE(e);
        return std::string(out.reveal());
    }

    handshake machine;
};

void check_failed(const driver& d, handshake_action action, errc code, std::string_view text) {
    CAPTURE(d.machine.failure().text());
    CHECK(action == handshake_action::failed);
    CHECK(d.machine.failure().code() == code);
    CHECK(d.machine.failure().text().find(text) != std::string::npos);
}

boost::json::object connect_json(const std::string& bytes) {
    constexpr std::string_view head = "CONNECT ";
    constexpr std::string_view tail = "\r\nPING\r\n";
    REQUIRE(bytes.starts_with(head));
    REQUIRE(bytes.ends_with(tail));
    return boost::json::parse(bytes.substr(head.size(), bytes.size() - head.size() - tail.size()))
        .as_object();
}

} // namespace

namespace conats::impl {
// For Catch's messages.
inline std::ostream& operator<<(std::ostream& os, handshake_action action) {
    static constexpr const char* names[] = {"need_more", "upgrade_tls", "send_connect",
                                            "send_pong", "connected",   "failed"};
    return os << names[static_cast<std::size_t>(action)];
}
} // namespace conats::impl

TEST_CASE("B01 P2.7 connected only after the PONG") {
    driver d;
    d.connect();
    CHECK(d.pong() == handshake_action::connected);
    CHECK_FALSE(d.machine.failure());
    CHECK(d.machine.info().headers);
}

TEST_CASE("B01 P2.5 +OK, PING and INFO may come before the PONG") {
    driver d;
    d.connect(info_builder().max_payload(10));
    CHECK(d.ok() == handshake_action::need_more);
    CHECK(d.ping() == handshake_action::send_pong);
    CHECK(d.info(info_builder().max_payload(20)) == handshake_action::need_more);
    CHECK(d.ping() == handshake_action::send_pong);
    CHECK(d.pong() == handshake_action::connected);
    CHECK(d.machine.info().max_payload == 20);
}

TEST_CASE("B01 CONNECT and PING are one write that states what it must") {
    driver d;
    const auto fields = connect_json(d.connect());
    CHECK(fields.at("verbose") == false);
    CHECK(fields.at("pedantic") == false);
    CHECK(fields.at("echo") == true);
    CHECK(fields.at("headers") == true);
    CHECK(fields.at("no_responders") == true);
    CHECK(fields.at("tls_required") == false);
    CHECK(fields.at("protocol") == 1);
    CHECK_FALSE(fields.contains("auth_token"));
    CHECK_FALSE(fields.contains("user"));
    CHECK_FALSE(fields.contains("pass"));
    CHECK_FALSE(fields.contains("name"));
}

TEST_CASE("B01 CONNECT carries options and credentials") {
    handshake_options options;
    options.name = "API \"Token\" Example";
    options.verbose = true;
    options.pedantic = true;
    driver token(options);
    auto fields = connect_json(token.connect({}, credentials::from_token("my\\token")));
    CHECK(fields.at("name") == "API \"Token\" Example");
    CHECK(fields.at("verbose") == true);
    CHECK(fields.at("pedantic") == true);
    CHECK(fields.at("auth_token") == "my\\token");
    CHECK_FALSE(fields.contains("user"));

    driver user;
    fields = connect_json(user.connect({}, credentials::from_user("u", "")));
    CHECK(fields.at("user") == "u");
    CHECK(fields.at("pass") == "");
    CHECK_FALSE(fields.contains("auth_token"));
}

TEST_CASE("B01 P2.35 no_responders is not asked of a server without headers") {
    driver d;
    const auto fields = connect_json(d.connect(info_builder().headers(false)));
    CHECK(fields.at("no_responders") == false);
    CHECK(d.pong() == handshake_action::connected);

    handshake_options options;
    options.no_responders = false;
    driver unwanted(options);
    CHECK(connect_json(unwanted.connect()).at("no_responders") == false);
}

TEST_CASE("B01 anything but INFO or -ERR first is a protocol error") {
    using enum operation_kind;
    for (const auto& [kind, name] :
         {std::pair(ping, "PING"), {pong, "PONG"}, {ok, "+OK"}, {msg, "MSG"}}) {
        driver d;
        check_failed(d, d.simple(kind), errc::protocol_error, std::string(name) + " before INFO");
    }
    driver bad_json;
    check_failed(bad_json, bad_json.raw_info("{\"port\":"), errc::protocol_error, "");
    driver no_object;
    check_failed(no_object, no_object.raw_info("[]"), errc::protocol_error, "");
}

TEST_CASE("B01 a message, a bad INFO and an early PONG are protocol errors") {
    driver message;
    message.connect();
    check_failed(message, message.simple(operation_kind::msg), errc::protocol_error, "MSG");

    driver info;
    info.connect();
    check_failed(info, info.raw_info("nonsense"), errc::protocol_error, "");

    // The PONG cannot be the answer to a PING that was not sent.
    driver early;
    CHECK(early.info() == handshake_action::send_connect);
    check_failed(early, early.pong(), errc::protocol_error, "PONG before PING");
}

TEST_CASE("B01 while the credentials are awaited PING and INFO go on") {
    driver d;
    CHECK(d.info() == handshake_action::send_connect);
    CHECK(d.ping() == handshake_action::send_pong);
    CHECK(d.info(info_builder().max_payload(5)) == handshake_action::need_more);
    secret out;
    REQUIRE_FALSE(d.machine.make_connect(credentials::from_token("late"), out));
    CHECK(d.machine.info().max_payload == 5);
    CHECK(d.pong() == handshake_action::connected);
}

TEST_CASE("A18 A19 P2.8 a refusal is its own error and wins over the close behind it") {
    driver d;
    d.connect();
    check_failed(d, d.err("Authorization Violation"), errc::authorization_violation,
                 "Authorization Violation");
    CHECK(d.machine.failure().code() == condition::auth);
    check_failed(d, d.machine.on_closed("Connection reset by peer"), errc::authorization_violation,
                 "");
    check_failed(d, d.machine.on_timeout(), errc::authorization_violation, "");
    check_failed(d, d.pong(), errc::authorization_violation, "");
}

TEST_CASE("A18 P2.9 each -ERR of the handshake is a typed error") {
    const std::vector<std::pair<std::string_view, errc>> rows{
        {"Authorization Violation", errc::authorization_violation},
        {"Authentication Timeout", errc::authentication_timeout},
        {"User Authentication Expired", errc::authentication_expired},
        {"User Authentication Revoked", errc::authentication_revoked},
        {"Account Authentication Expired", errc::account_authentication_expired},
        {"maximum connections exceeded", errc::maximum_connections_exceeded},
        {"maximum account active connections exceeded", errc::maximum_account_connections_exceeded},
        {"maximum control line exceeded", errc::maximum_control_line_exceeded},
        {"invalid client protocol", errc::invalid_client_protocol},
        {"Secure Connection - TLS Required", errc::tls_required},
        {"Stale Connection", errc::stale_connection}};
    for (const auto& [text, code] : rows) {
        CAPTURE(text);
        driver d;
        d.connect();
        const auto action = d.err(text);
        // Fatal or not, after the close it is what is reported.
        CHECK(action != handshake_action::connected);
        check_failed(d, d.machine.on_closed(), code, text);
    }
}

TEST_CASE("A18 an -ERR in place of INFO or while the credentials are awaited") {
    driver first;
    check_failed(first, first.err("maximum connections exceeded"),
                 errc::maximum_connections_exceeded, "");
    driver waiting;
    CHECK(waiting.info() == handshake_action::send_connect);
    check_failed(waiting, waiting.err("Authentication Timeout"), errc::authentication_timeout, "");
}

TEST_CASE("A18 an -ERR that need not be the end is told only if the end comes") {
    for (const std::string_view text :
         {"Something New", "Permissions Violation for Publish to \"a\""}) {
        driver recovers;
        recovers.connect();
        CHECK(recovers.err(text) == handshake_action::need_more);
        CHECK(recovers.pong() == handshake_action::connected);
        CHECK_FALSE(recovers.machine.failure());

        driver closed;
        closed.connect();
        CHECK(closed.err(text) == handshake_action::need_more);
        CHECK(closed.machine.on_closed() == handshake_action::failed);
        CHECK(closed.machine.failure().text() == text);

        driver silent;
        silent.connect();
        CHECK(silent.err(text) == handshake_action::need_more);
        CHECK(silent.machine.on_timeout() == handshake_action::failed);
        CHECK(silent.machine.failure().text() == text);
    }
}

TEST_CASE("B01 a close without a word says how far it came") {
    driver before;
    check_failed(before, before.machine.on_closed(), errc::disconnected, "before INFO");
    driver after;
    after.connect();
    check_failed(after, after.machine.on_closed("Connection reset by peer"), errc::disconnected,
                 "answer to CONNECT (Connection reset by peer)");
}

TEST_CASE("B01 a timeout says what was missing") {
    driver info;
    check_failed(info, info.machine.on_timeout(), errc::timeout, "no INFO");
    driver credentials_late;
    CHECK(credentials_late.info() == handshake_action::send_connect);
    check_failed(credentials_late, credentials_late.machine.on_timeout(), errc::timeout,
                 "no credentials");
    driver answer;
    answer.connect();
    check_failed(answer, answer.machine.on_timeout(), errc::timeout, "answer to CONNECT");
}

namespace {

handshake_options with_tls() {
    handshake_options options;
    options.wants_tls = true;
    return options;
}

std::string connect_after_upgrade(driver& d) {
    REQUIRE(d.machine.on_upgraded() == handshake_action::send_connect);
    secret out;
    REQUIRE_FALSE(d.machine.make_connect({}, out));
    return std::string(out.reveal());
}

} // namespace

TEST_CASE("P2.18 E19 TLS that is wanted and not offered fails before CONNECT") {
    driver client_wants(with_tls());
    check_failed(client_wants, client_wants.info(), errc::tls_not_offered, "TLS");
    // Whoever may be behind TLS says nothing about it.
    handshake_options options = with_tls();
    options.is_encrypted = true;
    driver encrypted(options);
    CHECK(encrypted.info() == handshake_action::send_connect);
}

TEST_CASE("E18 INFO that demands TLS is answered by an upgrade, and CONNECT comes after it") {
    const info_builder demands = info_builder().tls_required(true);
    driver asked(with_tls());
    CHECK(asked.info(demands) == handshake_action::upgrade_tls);
    CHECK(connect_json(connect_after_upgrade(asked)).at("tls_required") == true);
    CHECK(asked.pong() == handshake_action::connected);
    driver unasked;
    CHECK(unasked.info(demands) == handshake_action::upgrade_tls);
    CHECK(connect_json(connect_after_upgrade(unasked)).at("tls_required") == false);
    // Encrypted before INFO.
    handshake_options options = with_tls();
    options.is_encrypted = true;
    driver first(options);
    CHECK(connect_json(first.connect(demands)).at("tls_required") == true);
}

TEST_CASE("P2.19 E20 tls_available is not tls_required") {
    const info_builder offers = info_builder().set("tls_available", true);
    driver plain;
    CHECK(plain.info(offers) == handshake_action::send_connect);
    driver encrypted(with_tls());
    CHECK(encrypted.info(offers) == handshake_action::upgrade_tls);
    CHECK(encrypted.machine.on_upgraded() == handshake_action::send_connect);
}

TEST_CASE("P2.18 what comes in plain behind INFO is shown and ends the handshake") {
    driver d(with_tls());
    CHECK(d.info(info_builder().tls_required(true)) == handshake_action::upgrade_tls);
    check_failed(d, d.machine.on_unencrypted("PONG\r\nMSG a 1 1\r\n"), errc::tls_handshake_failed,
                 "\"PONG..MSG a 1 1..\"");
    CHECK(d.pong() == handshake_action::failed);
}

TEST_CASE("E29 P2.20 what TLS says ends the handshake, unless the server has said more") {
    driver d(with_tls());
    CHECK(d.info(info_builder().tls_required(true)) == handshake_action::upgrade_tls);
    (void)connect_after_upgrade(d);
    check_failed(d, d.machine.on_tls_failed("TLS: bad"), errc::tls_handshake_failed, "TLS: bad");
    driver told(with_tls());
    CHECK(told.info(info_builder().tls_required(true)) == handshake_action::upgrade_tls);
    (void)connect_after_upgrade(told);
    CHECK(told.err("odd") == handshake_action::need_more);
    check_failed(told, told.machine.on_tls_failed("TLS: bad"), errc::server_error, "odd");
}

TEST_CASE("E21 where INFO does not come and TLS is wanted, handshake_first is what may be meant") {
    driver silent(with_tls());
    check_failed(silent, silent.machine.on_timeout(), errc::timeout, "handshake_first");
    driver closed(with_tls());
    check_failed(closed, closed.machine.on_closed(), errc::disconnected, "handshake_first");
    handshake_options options = with_tls();
    options.is_encrypted = true;
    driver encrypted(options);
    check_failed(encrypted, encrypted.machine.on_timeout(), errc::timeout, "no INFO");
    CHECK(encrypted.machine.failure().text().find("handshake_first") == std::string::npos);
}

TEST_CASE("B10 no_echo needs a server of protocol level 1") {
    handshake_options options;
    options.echo = false;
    driver old(options);
    check_failed(old, old.info(info_builder().proto(0)), errc::feature_not_supported,
                 "echo(false)");
    driver current(options);
    CHECK(connect_json(current.connect()).at("echo") == false);
    driver indifferent;
    CHECK(indifferent.info(info_builder().proto(0)) == handshake_action::send_connect);
}

TEST_CASE("A27 P2.11 a CONNECT longer than the server's control line is not sent") {
    handshake_options options;
    options.name.assign(5'000, 'n');
    driver d(options);
    REQUIRE(d.info() == handshake_action::send_connect);
    secret out("untouched");
    const auto e = d.machine.make_connect(credentials::from_token("hush"), out);
    CHECK(e.code() == errc::connect_too_large);
    CHECK(e.text().find("4096") != std::string::npos);
    CHECK(e.text().find("hush") == std::string::npos);
    CHECK(out == secret("untouched"));
    CHECK_FALSE(d.machine.make_connect({}, out, 6'000));
}

TEST_CASE("A27 the limit is the server's own, to the byte") {
    CHECK_FALSE(impl::check_connect_size(4'096, 4'096));
    const auto e = impl::check_connect_size(4'097, 4'096);
    CHECK(e.code() == errc::connect_too_large);
    CHECK(e.text().find("4097") != std::string::npos);
}

TEST_CASE("B01 text that is not UTF-8 is refused by name and not shown") {
    driver d;
    REQUIRE(d.info() == handshake_action::send_connect);
    secret out;
    const auto e = d.machine.make_connect(credentials::from_token("hush\xff"), out);
    CHECK(e.code() == errc::invalid_options);
    CHECK(e.text().find("hush") == std::string::npos);
    CHECK(out.empty());
}
