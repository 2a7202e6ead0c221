// SPDX-License-Identifier: Apache-2.0
#include "protocol/server_errors.hpp"

#include "support/ascii.hpp"

#include <algorithm>
#include <array>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

enum class topic : std::uint8_t { none, publish, subscription };

struct known_text {
    std::string_view prefix; // servers add details behind some of them
    errc code;
    bool fatal;
    topic about = topic::none;
};

constexpr std::array known_texts{
    known_text{"Authorization Violation", errc::authorization_violation, true},
    known_text{"Authentication Timeout", errc::authentication_timeout, true},
    known_text{"User Authentication Expired", errc::authentication_expired, true},
    known_text{"User Authentication Revoked", errc::authentication_revoked, true},
    known_text{"Account Authentication Expired", errc::account_authentication_expired, true},
    known_text{"maximum connections exceeded", errc::maximum_connections_exceeded, true},
    known_text{"Connection throttling is active", errc::maximum_connections_exceeded, true},
    known_text{"maximum account active connections exceeded",
               errc::maximum_account_connections_exceeded, true},
    known_text{"maximum subscriptions exceeded", errc::maximum_subscriptions_exceeded, false,
               topic::subscription},
    known_text{"Maximum Payload Violation", errc::maximum_payload_violation, true, topic::publish},
    known_text{"maximum control line exceeded", errc::maximum_control_line_exceeded, true},
    known_text{"invalid client protocol", errc::invalid_client_protocol, true},
    known_text{"Invalid Subject", errc::invalid_subject, false, topic::subscription},
    known_text{"Invalid Publish Subject", errc::invalid_subject, false, topic::publish},
    known_text{"Permissions Violation", errc::permission_denied, false},
    known_text{"Stale Connection", errc::stale_connection, true},
    known_text{"Slow Consumer", errc::slow_consumer, true},
    known_text{"Server Shutdown", errc::server_shutdown, true},
    known_text{"Secure Connection - TLS Required", errc::tls_required, true},
    known_text{"message headers not supported", errc::headers_not_supported, true},
    known_text{"no responders requires headers support", errc::headers_not_supported, true},
    known_text{"Unknown Protocol Operation", errc::protocol_error, true},
    known_text{"Parser Error", errc::protocol_error, true},
    known_text{"attempted to connect to route port", errc::server_error, true},
    known_text{"attempted to connect to leaf node port", errc::server_error, true},
    known_text{"attempted to connect to gateway port", errc::server_error, true},
    known_text{"Failed Account Registration", errc::server_error, false},
};

/// Cuts `prefix` off the front, in any case of letters.
bool skip(std::string_view& text, std::string_view prefix) noexcept {
    if (!starts_with_ignore_case(text, prefix)) {
        return false;
    }
    text.remove_prefix(prefix.size());
    return true;
}

/// Cuts a quoted string off the front; the server escapes quotes in it by backslashes.
std::string_view skip_quoted(std::string_view& text) noexcept {
    if (!text.starts_with('"')) {
        return {};
    }
    std::size_t end = 1;
    while (end < text.size() && text[end] != '"') {
        end += text[end] == '\\' ? 2 : 1;
    }
    if (end >= text.size()) {
        return {};
    }
    const std::string_view inside = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return inside;
}

/// What stands behind `Permissions Violation`.
void read_permissions(std::string_view text, server_failure& out) noexcept {
    if (skip(text, " for Publish with Reply of ")) {
        out.about_publish = true;
        out.reply = skip_quoted(text);
    } else if (skip(text, " for Publish to ")) {
        out.about_publish = true;
        out.subject = skip_quoted(text);
    } else if (skip(text, " for Subscription to ")) {
        out.about_subscription = true;
        out.subject = skip_quoted(text);
        if (skip(text, " using queue ")) {
            out.queue = skip_quoted(text);
        }
        if (skip(text, " (sid ")) {
            parse_decimal(skip_quoted(text), out.sid);
        }
    }
}

} // namespace

server_failure classify(std::string_view text) noexcept {
    text = trim_blanks(text);
    server_failure out;
    for (const known_text& known : known_texts) {
        if (!skip(text, known.prefix)) {
            continue;
        }
        out.code = known.code;
        out.fatal = known.fatal;
        out.about_publish = known.about == topic::publish;
        out.about_subscription = known.about == topic::subscription;
        if (known.code == errc::permission_denied) {
            read_permissions(text, out);
        }
        break;
    }
    return out;
}

std::string told_text(std::string_view text) {
    constexpr std::size_t most = 1024;
    const bool plain = std::none_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
    return plain && text.size() <= most ? std::string(text) : escaped_excerpt(text, most);
}

} // namespace impl
} // namespace v0
} // namespace conats
