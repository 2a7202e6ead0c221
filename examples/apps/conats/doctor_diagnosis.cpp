// SPDX-License-Identifier: Apache-2.0
#include "doctor_diagnosis.hpp"

#include "text.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace tool {

using conats::connect_phase;
using conats::errc;

namespace {

step step_of(connect_phase p) {
    switch (p) {
    case connect_phase::dns: return step::dns;
    case connect_phase::tcp: return step::tcp;
    case connect_phase::transport: return step::transport;
    case connect_phase::tls: return step::tls;
    case connect_phase::info: return step::info;
    case connect_phase::auth: return step::auth;
    }
    return step::auth;
}

/// Where it was tried: the last address, or the server.
std::string place_of(const failed_attempt& f) {
    const auto& addresses = f.attempt.addresses();
    return addresses.empty() ? f.attempt.server() : addresses.back();
}

bool holds(std::string_view text, std::string_view part) {
    return text.find(part) != text.npos;
}

template <std::size_t Size>
bool holds_one(std::string_view text, const std::array<std::string_view, Size>& parts) {
    return std::any_of(parts.begin(), parts.end(),
                       [text](std::string_view part) { return holds(text, part); });
}

/// What the library says of it.
std::string words_of(const conats::error& e) {
    return e.text().empty() ? e.code().message() : e.text();
}

finding fail(const failed_attempt& f, diagnosis d, std::string text) {
    return {step_of(f.attempt.phase()), verdict::failed, std::move(text), d};
}

/// In the library's words.
finding fail(const failed_attempt& f, diagnosis d) {
    return fail(f, d, words_of(f.attempt.what()));
}

// --- Codes that mean one thing

struct meaning {
    errc code;
    diagnosis what;
    std::string_view text; ///< empty: the library's words
};

constexpr std::array meanings{
    meaning{errc::host_not_found, diagnosis::unknown_host, ""},
    meaning{errc::connection_refused, diagnosis::server_down, ""},
    meaning{errc::proxy_failed, diagnosis::proxy_failed, ""},
    meaning{errc::tls_required, diagnosis::tls_required,
            "the server wants TLS, and had not said so before it got plain text"},
    meaning{errc::tls_not_offered, diagnosis::tls_not_offered,
            "TLS is asked for, and the server has none"},
    meaning{errc::tls_configuration_invalid, diagnosis::tls_files_unusable, ""},
    meaning{errc::authentication_timeout, diagnosis::auth_timeout,
            "the server did not get or judge the credentials in its time"},
    meaning{errc::authentication_expired, diagnosis::credentials_expired,
            "the user's credentials have expired"},
    meaning{errc::authentication_revoked, diagnosis::credentials_revoked,
            "the user's credentials are revoked"},
    meaning{errc::account_authentication_expired, diagnosis::account_expired,
            "the credentials of the user's account have expired"},
    meaning{errc::credentials_unreadable, diagnosis::credentials_unreadable, ""},
    meaning{errc::nkeys_not_supported, diagnosis::nkeys_not_supported, ""},
    meaning{errc::maximum_connections_exceeded, diagnosis::max_connections,
            "the server has as many connections as it allows"},
    meaning{errc::maximum_account_connections_exceeded, diagnosis::max_account_connections,
            "the account has as many connections as it may"},
};

const meaning* meaning_of(const conats::error& e) {
    const auto* const found = std::find_if(meanings.begin(), meanings.end(),
                                           [&](const meaning& m) { return e == m.code; });
    return found == meanings.end() ? nullptr : found;
}

// --- What answers instead of nats-server

finding about_neighbour(const failed_attempt& f) {
    const std::string place = place_of(f);
    const std::string words = f.found.words.empty() ? "" : ": it says " + in_quotes(f.found.words);
    switch (f.found.what) {
    case neighbour_kind::silent:
        if (f.attempt.what() != errc::timeout)
            break;
        return fail(f, diagnosis::silent_port,
                    place + " accepts connections and says nothing, to nobody; nats-server would "
                            "send INFO at once");
    case neighbour_kind::http:
        return fail(f, diagnosis::http_server, place + " is a web server" + words);
    case neighbour_kind::websocket:
        return fail(f, diagnosis::websocket_port, place + " is for WebSockets" + words);
    case neighbour_kind::nats_in_tls:
        return fail(f, diagnosis::tls_first_expected,
                    place + " is nats-server, and wants TLS before it sends INFO");
    case neighbour_kind::other_in_tls:
        return fail(f, diagnosis::other_service,
                    place + " speaks TLS, and what is within is not NATS");
    case neighbour_kind::other:
        return fail(f, diagnosis::other_service, place + " is not nats-server" + words);
    case neighbour_kind::monitoring:
        return fail(f, diagnosis::monitoring_port,
                    place + " is nats-server's port for monitoring" +
                        (f.found.nats_port == 0 ? std::string()
                                                : "; its clients connect to port " +
                                                      std::to_string(f.found.nats_port)));
    case neighbour_kind::unknown: break;
    }
    if (f.attempt.what() == errc::timeout)
        return fail(f, diagnosis::silent_port,
                    place + " accepts connections and sends no INFO, which nats-server does at "
                            "once");
    return fail(f, diagnosis::closed_before_info, place + " closes connections without a word");
}

// --- TLS

finding about_certificate(const failed_attempt& f) {
    const std::string text = words_of(f.attempt.what());
    // The last one comes of a CA that was made anew with its old name.
    constexpr std::array<std::string_view, 6> unknown{
        "self-signed certificate", "self signed certificate",    "unable to get local issuer",
        "unable to get issuer",    "unable to verify the first", "certificate signature failure"};
    if (holds(text, "mismatch"))
        return fail(f, diagnosis::wrong_host_name);
    if (holds(text, "has expired"))
        return fail(f, diagnosis::certificate_expired);
    if (holds(text, "not yet valid"))
        return fail(f, diagnosis::certificate_not_yet_valid);
    if (!holds_one(text, unknown))
        return fail(f, diagnosis::certificate_rejected);
    if (!f.asked_for_tls && f.info && f.info->tls_required)
        return fail(f, diagnosis::tls_required,
                    "the server wants TLS, and this machine knows nobody who vouches for its "
                    "certificate: " +
                        text.substr(text.find(": ") + 2));
    return fail(f, diagnosis::unknown_ca);
}

finding about_handshake(const failed_attempt& f) {
    const std::string text = words_of(f.attempt.what());
    constexpr std::array<std::string_view, 5> refusals{"bad certificate", "unknown ca",
                                                       "certificate unknown", "certificate expired",
                                                       "unsupported certificate"};
    if (holds(text, "sent \"INFO "))
        return fail(f, diagnosis::tls_first_not_expected,
                    "the server did not begin TLS but sent INFO, in plain");
    if (holds(text, "sent \"HTTP/"))
        return fail(f, diagnosis::http_server);
    if (holds(text, "maximum connections exceeded"))
        return fail(f, diagnosis::max_connections);
    if (holds(text, "did not begin TLS but sent"))
        return fail(f, diagnosis::other_service);
    finding found = fail(f, diagnosis::tls_failed);
    const bool is_refused = holds(text, "alert") && holds_one(text, refusals);
    // Older servers call it a bad one where there is none.
    if (holds(text, "certificate required") || (is_refused && !f.has_certificate))
        found = fail(f, diagnosis::client_certificate_required,
                     "the server wants a certificate of this client; " + text);
    else if (is_refused)
        found = fail(f, diagnosis::client_certificate_refused,
                     "the server refuses the certificate of this client; " + text);
    // With TLS 1.3 the server tells when the handshake is over for us.
    found.at = step::tls;
    return found;
}

// --- Authentication

/// A nonce is given where there are NKeys or JWTs, which sign it.
std::string wanted_instead(const failed_attempt& f) {
    if (!f.info || f.info->nonce.empty())
        return {};
    return "; it knows NKeys or JWTs, so it may want --nkey or --creds instead";
}

finding about_refusal(const failed_attempt& f) {
    switch (f.presented) {
    case credential_kind::none:
        return fail(f, diagnosis::credentials_required,
                    "the server wants credentials, and none were given");
    case credential_kind::token:
        return fail(f, diagnosis::wrong_token, "the server refuses the token" + wanted_instead(f));
    case credential_kind::user:
        return fail(f, diagnosis::wrong_password,
                    "the server refuses user and password" + wanted_instead(f));
    case credential_kind::nkey:
        return fail(f, diagnosis::wrong_nkey, "the server refuses the NKey");
    case credential_kind::jwt: break;
    }
    if (f.credentials_expire && *f.credentials_expire <= f.now)
        return fail(f, diagnosis::credentials_expired,
                    "the JWT has expired " + relative_time(*f.credentials_expire, f.now) + ", on " +
                        write_time(*f.credentials_expire));
    return fail(f, diagnosis::wrong_jwt, "the server refuses the JWT or its signature");
}

finding about_server_error(const failed_attempt& f) {
    if (!holds(words_of(f.attempt.what()), "attempted to connect to"))
        return fail(f, diagnosis::unexpected);
    std::string text = place_of(f) + " is nats-server's port for other servers";
    if (f.info && !f.info->connect_urls.empty())
        text += "; its clients connect to " + f.info->connect_urls.front();
    return fail(f, diagnosis::cluster_port, std::move(text));
}

// --- Codes whose meaning depends on how far it came

finding about_timeout(const failed_attempt& f) {
    switch (f.attempt.phase()) {
    case connect_phase::dns: return fail(f, diagnosis::dns_timeout);
    case connect_phase::tcp:
        return fail(f, diagnosis::host_unreachable,
                    place_of(f) + " does not answer: it neither accepts nor refuses");
    case connect_phase::transport: return fail(f, diagnosis::no_answer);
    case connect_phase::tls: return fail(f, diagnosis::tls_failed);
    case connect_phase::info: return about_neighbour(f);
    case connect_phase::auth: return fail(f, diagnosis::auth_timeout);
    }
    return fail(f, diagnosis::unexpected);
}

finding about_connection(const failed_attempt& f) {
    switch (f.attempt.phase()) {
    case connect_phase::tcp: return fail(f, diagnosis::host_unreachable);
    case connect_phase::transport: return fail(f, diagnosis::websocket_refused);
    case connect_phase::tls: return fail(f, diagnosis::tls_failed);
    case connect_phase::info: return about_neighbour(f);
    default: return fail(f, diagnosis::connection_lost);
    }
}

finding by_code(const failed_attempt& f) {
    const conats::error& e = f.attempt.what();
    const connect_phase phase = f.attempt.phase();
    // Before INFO it was HTTP that refused.
    if (phase == connect_phase::transport && e == errc::authorization_violation)
        return fail(f, diagnosis::websocket_refused);
    if (const meaning* const known = meaning_of(e))
        return known->text.empty() ? fail(f, known->what)
                                   : fail(f, known->what, std::string(known->text));
    if (e == errc::authorization_violation)
        return about_refusal(f);
    if (e == errc::tls_certificate_rejected)
        return about_certificate(f);
    if (e == errc::tls_handshake_failed)
        return about_handshake(f);
    if (e == errc::timeout)
        return about_timeout(f);
    if (e == conats::condition::disconnected || e == errc::connection_failed)
        return about_connection(f);
    if (e == errc::server_error)
        return about_server_error(f);
    if (e == errc::protocol_error && phase == connect_phase::transport)
        return fail(f, diagnosis::websocket_refused);
    if (e == errc::protocol_error && phase == connect_phase::info)
        return fail(f, diagnosis::other_service,
                    place_of(f) + " is not nats-server: " + words_of(e));
    return fail(f, diagnosis::unexpected);
}

} // namespace

finding diagnose(const failed_attempt& f) {
    finding found = by_code(f);
    found.took = f.attempt.took(f.attempt.phase());
    found.server_words = f.attempt.server_words();
    return found;
}

finding diagnose(step s, const conats::error& e) {
    finding f(s, verdict::failed, words_of(e), diagnosis::unexpected);
    if (e == errc::permission_denied) {
        const bool publishes = s == step::publish;
        f.what = publishes ? diagnosis::publish_not_permitted : diagnosis::subscribe_not_permitted;
        f.text = std::string("this user may not ") + (publishes ? "publish" : "subscribe") +
                 " to " + in_quotes(e.subject());
        f.server_words = e.text();
    } else if (e == errc::timeout) {
        f.what = diagnosis::no_answer;
    } else if (e == conats::condition::disconnected || e == conats::condition::closed) {
        f.what = diagnosis::connection_lost;
    }
    return f;
}

} // namespace tool
