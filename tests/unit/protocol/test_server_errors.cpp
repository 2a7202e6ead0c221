// SPDX-License-Identifier: Apache-2.0
#include "protocol/server_errors.hpp"
#include "support/catch.hpp"

#include <cctype>
#include <string>
#include <string_view>

using conats::errc;
using conats::impl::classify;
using conats::impl::server_failure;
using conats::impl::told_text;

namespace {

std::string upper(std::string text) {
    for (char& c : text) {
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return text;
}

struct row {
    const char* text;
    errc code;
    bool fatal;
};

// As nats-server writes them (errors.go, client.go, parser.go, server.go, accounts.go).
constexpr row table[] = {
    {"Authorization Violation", errc::authorization_violation, true},
    {"Authentication Timeout", errc::authentication_timeout, true},
    {"User Authentication Expired", errc::authentication_expired, true},
    {"User Authentication Revoked", errc::authentication_revoked, true},
    {"Account Authentication Expired", errc::account_authentication_expired, true},
    {"maximum connections exceeded", errc::maximum_connections_exceeded, true},
    {"Connection throttling is active. Please try again later.", errc::maximum_connections_exceeded,
     true},
    {"maximum account active connections exceeded", errc::maximum_account_connections_exceeded,
     true},
    {"maximum subscriptions exceeded", errc::maximum_subscriptions_exceeded, false},
    {"Maximum Payload Violation", errc::maximum_payload_violation, true},
    {"maximum control line exceeded", errc::maximum_control_line_exceeded, true},
    {"invalid client protocol", errc::invalid_client_protocol, true},
    {"Invalid Subject", errc::invalid_subject, false},
    {"Invalid Publish Subject", errc::invalid_subject, false},
    {"Permissions Violation for Publish to \"x\"", errc::permission_denied, false},
    {"Permissions Violation", errc::permission_denied, false},
    {"Stale Connection", errc::stale_connection, true},
    {"Slow Consumer", errc::slow_consumer, true},
    {"Server Shutdown", errc::server_shutdown, true},
    {"Secure Connection - TLS Required", errc::tls_required, true},
    {"message headers not supported", errc::headers_not_supported, true},
    {"no responders requires headers support", errc::headers_not_supported, true},
    {"Unknown Protocol Operation", errc::protocol_error, true},
    {"Parser Error", errc::protocol_error, true},
    {"attempted to connect to route port", errc::server_error, true},
    {"attempted to connect to leaf node port", errc::server_error, true},
    {"attempted to connect to gateway port", errc::server_error, true},
    {"Failed Account Registration", errc::server_error, false},
    {"Something nobody has heard of", errc::server_error, false},
    {"", errc::server_error, false},
};

} // namespace

TEST_CASE("P2.9 P2.29 each text of the server has its code, in any case of letters") {
    for (const row& r : table) {
        CAPTURE(r.text);
        for (const std::string& text :
             {std::string(r.text), upper(r.text), " " + std::string(r.text) + " "}) {
            const server_failure f = classify(text);
            CHECK(f.code == r.code);
            CHECK(f.fatal == r.fatal);
        }
    }
}

TEST_CASE("server_errors: what an error is about") {
    CHECK(classify("Invalid Subject").about_subscription);
    CHECK(classify("Invalid Publish Subject").about_publish);
    CHECK(classify("maximum subscriptions exceeded").about_subscription);
    CHECK(classify("Maximum Payload Violation").about_publish);
    const server_failure auth = classify("Authorization Violation");
    CHECK_FALSE(auth.about_publish);
    CHECK_FALSE(auth.about_subscription);
    CHECK_FALSE(classify("Permissions Violation").about_publish);
}

TEST_CASE("C27 a refused publish names its subject") {
    const server_failure f = classify("Permissions Violation for Publish to \"foo.bar\"");
    CHECK(f.about_publish);
    CHECK_FALSE(f.about_subscription);
    CHECK(f.subject == "foo.bar");
    CHECK(f.reply.empty());
}

TEST_CASE("D12 a refused reply subject is told apart from a refused subject") {
    const server_failure f =
        classify("Permissions Violation for Publish with Reply of \"_INBOX.x\"");
    CHECK(f.code == errc::permission_denied);
    CHECK(f.about_publish);
    CHECK(f.subject.empty());
    CHECK(f.reply == "_INBOX.x");
}

TEST_CASE("C26 P2.29 a refused subscription, in all forms of its text") {
    const server_failure plain = classify("Permissions Violation for Subscription to \"foo.>\"");
    CHECK(plain.about_subscription);
    CHECK(plain.subject == "foo.>");
    CHECK(plain.queue.empty());
    CHECK(plain.sid == 0);

    const server_failure queue =
        classify("permissions violation for subscription to \"Foo\" using queue \"Q\"");
    CHECK(queue.subject == "Foo");
    CHECK(queue.queue == "Q");

    const server_failure sid =
        classify("Permissions Violation for Subscription to \"foo\" (sid \"3\")");
    CHECK(sid.subject == "foo");
    CHECK(sid.sid == 3);

    const server_failure both = classify(
        "Permissions Violation for Subscription to \"foo\" using queue \"q\" (sid \"42\")");
    CHECK(both.subject == "foo");
    CHECK(both.queue == "q");
    CHECK(both.sid == 42);

    const server_failure tokens =
        classify("Permissions Violation for Subscription to \"a.b.c\", too many tokens");
    CHECK(tokens.subject == "a.b.c");
    CHECK(tokens.about_subscription);
}

TEST_CASE("server_errors: S36 odd and broken texts do no harm") {
    CHECK(classify("Permissions Violation for Publish to \"a\\\"b\"").subject == "a\\\"b");
    CHECK(classify("Permissions Violation for Publish to \"never ends").subject.empty());
    CHECK(classify("Permissions Violation for Publish to \"ends in \\").subject.empty());
    CHECK(classify("Permissions Violation for Publish to x").subject.empty());
    CHECK(classify("Permissions Violation for Publish to \"").about_publish);
    CHECK(classify("Permissions Violation for Subscription to \"a\" (sid \"x\")").sid == 0);
    CHECK(classify("Permissions Violation for Subscription to \"a\" (sid \"99999999999999999999\")")
              .sid == 0);
    CHECK(classify(std::string_view("\0\xff'", 3)).code == errc::server_error);
    CHECK(classify(std::string(70'000, 'x')).code == errc::server_error);
}

TEST_CASE("server_errors: S36 what is told of a text is short and harms no terminal") {
    CHECK(told_text("Permissions Violation for Publish to \"b\xc3\xbc\"") ==
          "Permissions Violation for Publish to \"b\xc3\xbc\"");
    CHECK(told_text(std::string(1024, 'x')) == std::string(1024, 'x'));
    CHECK(told_text(std::string(1025, 'x')) == std::string(1024, 'x') + "...");
    CHECK(told_text(std::string_view("a\0\x1b[2Jb\x7f", 8)) == "a\\x00\\x1b[2Jb\\x7f");
    CHECK(told_text("").empty());
}
