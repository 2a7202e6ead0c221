// SPDX-License-Identifier: Apache-2.0
#include "exit_code.hpp"

#include <string_view>

namespace tool {

using conats::condition;
using conats::errc;

const char* const exit_codes_help = R"(Exit codes:
  0         done
  1         failed: refused by the server, or the output cannot be written
  2         wrong usage; nothing was sent
  3         not connected: no server reached, none let us in, or the connection lost for good
  4         no answer in time, or not as many as were wanted
  5         nobody is subscribed to the request's subject
  130, 143  ended by Ctrl-C or SIGTERM before it was done

Options go before environment variables, these before contexts. NO_COLOR=1 leaves colours out.)";

int code_of(const conats::error& e) {
    if (e == condition::no_responders)
        return nobody_there;
    if (e == condition::timeout)
        return no_answer;
    if (e == condition::invalid_use)
        return bad_usage;
    if (e == condition::disconnected || e == condition::unreachable || e == condition::auth ||
        e == condition::tls || e == errc::closed)
        return no_connection;
    return failed;
}

namespace {

std::string_view advice_on_certificate(std::string_view text) {
    const auto says = [text](std::string_view part) {
        return text.find(part) != std::string_view::npos;
    };
    if (says("mismatch"))
        return "connect by a name that the certificate is for";
    if (says("has expired") || says("not yet valid"))
        return "renew it, or set the clock of this machine right";
    return "--tlsca names whom to trust";
}

/// Empty where there is nothing to be done but to read.
std::string_view advice(const conats::error& e) {
    if (e == errc::connection_refused || e == errc::host_not_found || e == errc::no_servers)
        return "is a server running there? --server or NATS_URL name another";
    if (e == errc::authorization_violation && e.text().find("has expired") != std::string::npos)
        return "get new credentials";
    if (e == errc::authorization_violation)
        return "check --user and --password, --token, --creds, --nkey or the context; conats "
               "doctor "
               "tells more";
    if (e == errc::authentication_expired || e == errc::authentication_revoked ||
        e == errc::account_authentication_expired)
        return "get new credentials";
    if (e == errc::credentials_unreadable)
        return "check --creds, --nkey or the context";
    if (e == errc::tls_certificate_rejected)
        return advice_on_certificate(e.text());
    if (e == errc::tls_configuration_invalid)
        return "check --tlsca, --tlscert and --tlskey";
    if (e == errc::tls_not_offered)
        return "this server speaks no TLS: leave out --tlsca, --tlscert, --tlsfirst and tls://";
    if (e == errc::invalid_address)
        return "write addresses as nats://host:port";
    if (e == errc::invalid_context)
        return "--no-context leaves contexts out";
    if (e == errc::no_responders)
        return "is the service running, and the subject right?";
    if (e == errc::permission_denied)
        return "the server does not let this user do that";
    if (e == errc::payload_too_large)
        return "conats info tells the server's limits";
    return {};
}

} // namespace

std::string advise(const conats::error& e) {
    std::string line = e.what();
    if (const std::string_view what_to_do = advice(e); !what_to_do.empty())
        line.append("; ").append(what_to_do);
    return line;
}

} // namespace tool
