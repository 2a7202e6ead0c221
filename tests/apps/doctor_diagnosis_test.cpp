// SPDX-License-Identifier: Apache-2.0
// From an error to a diagnosis, without a server.
#include "doctor_diagnosis.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <string>
#include <string_view>

using conats::connect_attempt;
using conats::connect_phase;
using conats::errc;
using conats::error;
using tool::credential_kind;
using tool::diagnosis;
using tool::failed_attempt;
using tool::neighbour_kind;
using tool::step;
using namespace std::chrono_literals;

namespace {

failed_attempt attempt(connect_phase phase, error why) {
    failed_attempt f;
    f.attempt = connect_attempt("nats://h:4222", 1);
    f.attempt.add_address("10.0.0.1:4222").phase(phase).add_time(phase, 3ms).what(std::move(why));
    f.now = tool::wall_time(std::chrono::hours(24 * 365 * 50));
    return f;
}

diagnosis of(connect_phase phase, errc code, std::string text = {}) {
    const tool::finding found = tool::diagnose(attempt(phase, error(code, std::move(text))));
    CHECK(found.result == tool::verdict::failed);
    CHECK(found.took == 3ms);
    CHECK_FALSE(found.text.empty());
    return found.what;
}

diagnosis of_certificate(const std::string& text) {
    return of(connect_phase::tls, errc::tls_certificate_rejected, text);
}

diagnosis of_handshake(const std::string& text) {
    return of(connect_phase::tls, errc::tls_handshake_failed, text);
}

} // namespace

TEST_CASE("M04 diagnosis: codes that mean the same wherever they come from") {
    CHECK(of(connect_phase::dns, errc::host_not_found) == diagnosis::unknown_host);
    CHECK(of(connect_phase::tcp, errc::connection_refused) == diagnosis::server_down);
    CHECK(of(connect_phase::transport, errc::proxy_failed) == diagnosis::proxy_failed);
    CHECK(of(connect_phase::auth, errc::tls_required) == diagnosis::tls_required);
    CHECK(of(connect_phase::info, errc::tls_not_offered) == diagnosis::tls_not_offered);
    CHECK(of(connect_phase::tls, errc::tls_configuration_invalid) == diagnosis::tls_files_unusable);
    CHECK(of(connect_phase::auth, errc::authentication_timeout) == diagnosis::auth_timeout);
    CHECK(of(connect_phase::auth, errc::authentication_expired) == diagnosis::credentials_expired);
    CHECK(of(connect_phase::auth, errc::authentication_revoked) == diagnosis::credentials_revoked);
    CHECK(of(connect_phase::auth, errc::account_authentication_expired) ==
          diagnosis::account_expired);
    CHECK(of(connect_phase::auth, errc::credentials_unreadable) ==
          diagnosis::credentials_unreadable);
    CHECK(of(connect_phase::auth, errc::nkeys_not_supported) == diagnosis::nkeys_not_supported);
    CHECK(of(connect_phase::info, errc::maximum_connections_exceeded) ==
          diagnosis::max_connections);
    CHECK(of(connect_phase::auth, errc::maximum_account_connections_exceeded) ==
          diagnosis::max_account_connections);
    CHECK(of(connect_phase::auth, errc::connect_too_large) == diagnosis::unexpected);
}

TEST_CASE("M04 diagnosis: time that is over, by how far it came") {
    CHECK(of(connect_phase::dns, errc::timeout) == diagnosis::dns_timeout);
    CHECK(of(connect_phase::tcp, errc::timeout) == diagnosis::host_unreachable);
    CHECK(of(connect_phase::transport, errc::timeout) == diagnosis::no_answer);
    CHECK(of(connect_phase::tls, errc::timeout) == diagnosis::tls_failed);
    CHECK(of(connect_phase::info, errc::timeout) == diagnosis::silent_port);
    CHECK(of(connect_phase::auth, errc::timeout) == diagnosis::auth_timeout);
}

TEST_CASE("M04 diagnosis: connections that fail, by how far they came") {
    CHECK(of(connect_phase::tcp, errc::connection_failed) == diagnosis::host_unreachable);
    CHECK(of(connect_phase::transport, errc::connection_failed) == diagnosis::websocket_refused);
    CHECK(of(connect_phase::transport, errc::protocol_error) == diagnosis::websocket_refused);
    CHECK(of(connect_phase::transport, errc::authorization_violation) ==
          diagnosis::websocket_refused);
    CHECK(of(connect_phase::tls, errc::disconnected) == diagnosis::tls_failed);
    CHECK(of(connect_phase::info, errc::disconnected) == diagnosis::closed_before_info);
    CHECK(of(connect_phase::info, errc::protocol_error) == diagnosis::other_service);
    CHECK(of(connect_phase::auth, errc::disconnected) == diagnosis::connection_lost);
}

TEST_CASE("M04 diagnosis: who listens in place of nats-server") {
    failed_attempt f = attempt(connect_phase::info, errc::timeout);
    const auto found = [&](neighbour_kind kind) {
        f.found.what = kind;
        return tool::diagnose(f);
    };
    f.found.words = "HTTP/1.1 200 OK";
    f.found.nats_port = 4333;
    CHECK(found(neighbour_kind::silent).what == diagnosis::silent_port);
    CHECK(found(neighbour_kind::http).what == diagnosis::http_server);
    CHECK(found(neighbour_kind::http).text.find("\"HTTP/1.1 200 OK\"") != std::string::npos);
    CHECK(found(neighbour_kind::monitoring).what == diagnosis::monitoring_port);
    CHECK(found(neighbour_kind::monitoring).text.find("port 4333") != std::string::npos);
    CHECK(found(neighbour_kind::websocket).what == diagnosis::websocket_port);
    CHECK(found(neighbour_kind::nats_in_tls).what == diagnosis::tls_first_expected);
    CHECK(found(neighbour_kind::other_in_tls).what == diagnosis::other_service);
    CHECK(found(neighbour_kind::other).what == diagnosis::other_service);
    for (const auto kind : {neighbour_kind::unknown, neighbour_kind::silent, neighbour_kind::http})
        CHECK(found(kind).text.find("10.0.0.1:4222") == 0);
}

TEST_CASE("M04 diagnosis: certificates that are rejected") {
    CHECK(of_certificate("the server's certificate: hostname mismatch: it is for DNS:a, not for "
                         "'b'") == diagnosis::wrong_host_name);
    CHECK(of_certificate("the server's certificate: IP address mismatch: it is for no name at "
                         "all") == diagnosis::wrong_host_name);
    CHECK(of_certificate("the server's certificate: certificate has expired (of \"CN=x\")") ==
          diagnosis::certificate_expired);
    CHECK(of_certificate("the server's certificate: certificate is not yet valid (of \"CN=x\")") ==
          diagnosis::certificate_not_yet_valid);
    CHECK(of_certificate("the server's certificate: self-signed certificate (of \"CN=x\")") ==
          diagnosis::unknown_ca);
    CHECK(of_certificate("the server's certificate: unable to get local issuer certificate (of "
                         "\"CN=x\")") == diagnosis::unknown_ca);
    CHECK(of_certificate("the server's certificate: certificate signature failure (of \"CN=x\")") ==
          diagnosis::unknown_ca);
    CHECK(of_certificate("the server's certificate: EE certificate key too weak") ==
          diagnosis::certificate_rejected);

    // Who did not ask for TLS learns that the server does.
    failed_attempt f =
        attempt(connect_phase::tls, error(errc::tls_certificate_rejected,
                                          "the server's certificate: self-signed certificate"));
    f.info.emplace().tls_required = true;
    CHECK(tool::diagnose(f).what == diagnosis::tls_required);
    f.asked_for_tls = true;
    CHECK(tool::diagnose(f).what == diagnosis::unknown_ca);
}

TEST_CASE("M04 diagnosis: TLS handshakes that fail") {
    CHECK(of_handshake("the server did not begin TLS but sent \"INFO {\"server_id\"") ==
          diagnosis::tls_first_not_expected);
    CHECK(of_handshake("the server did not begin TLS but sent \"HTTP/1.1 400 Bad Request\"") ==
          diagnosis::http_server);
    CHECK(of_handshake("the server did not begin TLS but sent \"SSH-2.0\"") ==
          diagnosis::other_service);
    CHECK(of_handshake("the server sent unencrypted text where TLS had to begin: \"-ERR 'maximum "
                       "connections exceeded'\"") == diagnosis::max_connections);
    CHECK(of_handshake("TLS: the peer's alert \"certificate required\"") ==
          diagnosis::client_certificate_required);
    const std::string bad = "the TLS handshake failed: TLS: the peer's alert \"bad certificate\"";
    CHECK(of_handshake(bad) == diagnosis::client_certificate_required);
    failed_attempt f = attempt(connect_phase::tls, error(errc::tls_handshake_failed, bad));
    f.has_certificate = true;
    CHECK(tool::diagnose(f).what == diagnosis::client_certificate_refused);
    CHECK(of_handshake("the TLS handshake failed: TLS: the peer's alert \"protocol version\"") ==
          diagnosis::tls_failed);
    // In TLS 1.3 the server says so when the handshake is over for us.
    const auto late = tool::diagnose(
        attempt(connect_phase::auth, error(errc::tls_handshake_failed,
                                           "TLS: the peer's alert \"certificate required\"")));
    CHECK(late.at == step::tls);
}

TEST_CASE("M04 diagnosis: refused credentials, by what was shown") {
    failed_attempt f = attempt(connect_phase::auth, errc::authorization_violation);
    f.attempt.server_words("Authorization Violation");
    const auto with = [&](credential_kind kind) {
        f.presented = kind;
        const auto found = tool::diagnose(f);
        CHECK(found.at == step::auth);
        CHECK(found.server_words == "Authorization Violation");
        return found.what;
    };
    CHECK(with(credential_kind::none) == diagnosis::credentials_required);
    CHECK(with(credential_kind::token) == diagnosis::wrong_token);
    CHECK(with(credential_kind::user) == diagnosis::wrong_password);
    CHECK(with(credential_kind::nkey) == diagnosis::wrong_nkey);
    CHECK(with(credential_kind::jwt) == diagnosis::wrong_jwt);
    f.credentials_expire = f.now + 1s;
    CHECK(with(credential_kind::jwt) == diagnosis::wrong_jwt);
    f.credentials_expire = f.now;
    CHECK(with(credential_kind::jwt) == diagnosis::credentials_expired);
    CHECK(with(credential_kind::token) == diagnosis::wrong_token);
}

TEST_CASE("M04 diagnosis: a token or password for a server that has NKeys or JWTs") {
    failed_attempt f = attempt(connect_phase::auth, errc::authorization_violation);
    const auto text_with = [&](credential_kind kind) {
        f.presented = kind;
        return tool::diagnose(f).text;
    };
    f.info.emplace();
    CHECK(text_with(credential_kind::token) == "the server refuses the token");
    CHECK(text_with(credential_kind::user) == "the server refuses user and password");
    f.info->nonce = "nonce";
    CHECK(text_with(credential_kind::token).ends_with("--nkey or --creds instead"));
    CHECK(text_with(credential_kind::user).ends_with("--nkey or --creds instead"));
}

TEST_CASE("M04 diagnosis: the port of the cluster, and other words of the server") {
    failed_attempt f = attempt(connect_phase::auth,
                               error(errc::server_error, "attempted to connect to route port"));
    CHECK(tool::diagnose(f).what == diagnosis::cluster_port);
    f.info.emplace().connect_urls.emplace_back("10.0.0.1:4333");
    CHECK(tool::diagnose(f).text.find("10.0.0.1:4333") != std::string::npos);
    f.attempt.what(error(errc::server_error, "something new"));
    CHECK(tool::diagnose(f).what == diagnosis::unexpected);
}

TEST_CASE("M04 diagnosis: steps on a connection") {
    const auto what = [](step s, errc code) { return tool::diagnose(s, error(code)).what; };
    CHECK(what(step::round_trip, errc::timeout) == diagnosis::no_answer);
    CHECK(what(step::round_trip, errc::disconnected) == diagnosis::connection_lost);
    CHECK(what(step::round_trip, errc::stale_connection) == diagnosis::connection_lost);
    CHECK(what(step::publish, errc::closed) == diagnosis::connection_lost);
    CHECK(what(step::jetstream, errc::malformed_headers) == diagnosis::unexpected);

    error e(errc::permission_denied, "Permissions Violation for Publish to \"a\"");
    e.subject("a");
    const auto publish = tool::diagnose(step::publish, e);
    CHECK(publish.what == diagnosis::publish_not_permitted);
    CHECK(publish.text == "this user may not publish to \"a\"");
    CHECK(publish.server_words == e.text());
    CHECK(tool::diagnose(step::subscribe, e).what == diagnosis::subscribe_not_permitted);
}
