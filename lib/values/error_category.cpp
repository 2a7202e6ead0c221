// SPDX-License-Identifier: Apache-2.0
#include <conats/error.hpp>

#include <algorithm>
#include <array>
#include <ostream>

namespace conats {
inline namespace v0 {

namespace {

constexpr condition no_condition{};

struct errc_row {
    errc code;
    condition belongs_to;
    std::string_view name;
    std::string_view text;
};

// clang-format off
constexpr std::array errc_rows{
    errc_row{errc::invalid_argument, condition::invalid_use, "invalid_argument",
             "an argument is outside its documented range"},
    errc_row{errc::invalid_options, condition::invalid_use, "invalid_options",
             "the options contradict each other"},
    errc_row{errc::invalid_address, condition::invalid_use, "invalid_address",
             "the server address is malformed"},
    errc_row{errc::invalid_subject, condition::invalid_use, "invalid_subject",
             "the subject is not valid"},
    errc_row{errc::invalid_queue_group, condition::invalid_use, "invalid_queue_group",
             "the queue group is not valid"},
    errc_row{errc::invalid_inbox_prefix, condition::invalid_use, "invalid_inbox_prefix",
             "the inbox prefix is not valid"},
    errc_row{errc::invalid_header, condition::invalid_use, "invalid_header",
             "a header name or value is not valid"},
    errc_row{errc::payload_too_large, condition::limit, "payload_too_large",
             "headers and payload exceed the server's max_payload"},
    errc_row{errc::control_line_too_long, condition::limit, "control_line_too_long",
             "subject, reply or queue group exceed the server's control line"},
    errc_row{errc::connect_too_large, condition::limit, "connect_too_large",
             "name and credentials exceed the server's control line"},
    errc_row{errc::headers_not_supported, condition::invalid_use, "headers_not_supported",
             "the server does not support headers"},
    errc_row{errc::no_reply_subject, condition::invalid_use, "no_reply_subject",
             "the message has no reply subject"},
    errc_row{errc::already_waiting, condition::invalid_use, "already_waiting",
             "another consumer is waiting on this subscription"},
    errc_row{errc::outbox_full, condition::limit, "outbox_full",
             "the outbox is full, the message was not accepted"},
    errc_row{errc::transport_unavailable, condition::invalid_use, "transport_unavailable",
             "the transport this address needs is not there"},
    errc_row{errc::feature_not_supported, condition::invalid_use, "feature_not_supported",
             "the server lacks what an option asks for"},
    errc_row{errc::invalid_context, condition::invalid_use, "invalid_context",
             "the context cannot be used"},

    errc_row{errc::closed, condition::closed, "closed", "the application has closed it"},
    errc_row{errc::disconnected, condition::disconnected, "disconnected",
             "the connection was lost"},
    errc_row{errc::timeout, condition::timeout, "timeout", "the deadline passed"},
    errc_row{errc::no_servers, condition::unreachable, "no_servers",
             "no server address could be tried"},
    errc_row{errc::host_not_found, condition::unreachable, "host_not_found",
             "the host name did not resolve"},
    errc_row{errc::connection_refused, condition::unreachable, "connection_refused",
             "no server listens at the address"},
    errc_row{errc::connection_failed, condition::unreachable, "connection_failed",
             "the connection could not be made or failed"},
    errc_row{errc::protocol_error, condition::protocol, "protocol_error",
             "what was sent is not the NATS protocol"},
    errc_row{errc::tls_required, condition::tls, "tls_required",
             "the server demands TLS"},
    errc_row{errc::tls_not_offered, condition::tls, "tls_not_offered",
             "the server does not offer TLS"},
    errc_row{errc::tls_configuration_invalid, condition::tls, "tls_configuration_invalid",
             "a certificate, key, CA or list of ciphers cannot be used"},
    errc_row{errc::tls_certificate_rejected, condition::tls, "tls_certificate_rejected",
             "the server's certificate is not to be trusted"},
    errc_row{errc::tls_handshake_failed, condition::tls, "tls_handshake_failed",
             "the TLS handshake failed"},
    errc_row{errc::draining, condition::closed, "draining", "the client is draining"},
    errc_row{errc::provider_failed, condition::auth, "provider_failed",
             "a provider of credentials failed"},
    errc_row{errc::proxy_failed, condition::unreachable, "proxy_failed",
             "the proxy refused or is out of reach"},
    errc_row{errc::credentials_unreadable, condition::auth, "credentials_unreadable",
             "a file with credentials cannot be read"},
    errc_row{errc::nkeys_not_supported, condition::auth, "nkeys_not_supported",
             "the server gives no nonce for an NKey to sign"},

    errc_row{errc::authorization_violation, condition::auth, "authorization_violation",
             "the server refused the credentials"},
    errc_row{errc::authentication_timeout, condition::auth, "authentication_timeout",
             "the credentials came too late"},
    errc_row{errc::authentication_expired, condition::auth, "authentication_expired",
             "the user's credentials have expired"},
    errc_row{errc::authentication_revoked, condition::auth, "authentication_revoked",
             "the user's credentials were revoked"},
    errc_row{errc::account_authentication_expired, condition::auth,
             "account_authentication_expired", "the account's credentials have expired"},
    errc_row{errc::permission_denied, condition::permission, "permission_denied",
             "publishing or subscribing there is not permitted"},
    errc_row{errc::maximum_connections_exceeded, condition::limit,
             "maximum_connections_exceeded", "the server takes no more connections"},
    errc_row{errc::maximum_account_connections_exceeded, condition::limit,
             "maximum_account_connections_exceeded", "the account takes no more connections"},
    errc_row{errc::maximum_subscriptions_exceeded, condition::limit,
             "maximum_subscriptions_exceeded", "no more subscriptions are accepted"},
    errc_row{errc::maximum_payload_violation, condition::limit, "maximum_payload_violation",
             "the payload was larger than the server accepts"},
    errc_row{errc::maximum_control_line_exceeded, condition::limit,
             "maximum_control_line_exceeded", "a line was longer than the server accepts"},
    errc_row{errc::invalid_client_protocol, condition::protocol, "invalid_client_protocol",
             "the server does not speak this protocol level"},
    errc_row{errc::stale_connection, condition::disconnected, "stale_connection",
             "the server missed our answers to its PINGs"},
    errc_row{errc::slow_consumer, condition::disconnected, "slow_consumer",
             "the server could not write to us in time"},
    errc_row{errc::server_shutdown, condition::disconnected, "server_shutdown",
             "the server is shutting down"},
    errc_row{errc::server_error, no_condition, "server_error",
             "the server reported an error"},

    errc_row{errc::no_responders, condition::no_responders, "no_responders",
             "nobody is subscribed to the request's subject"},
    errc_row{errc::max_messages_reached, condition::closed, "max_messages_reached",
             "the subscription delivered its maximum of messages"},
    errc_row{errc::unsubscribed, condition::closed, "unsubscribed",
             "the subscription was unsubscribed"},
    errc_row{errc::drained, condition::closed, "drained", "all its messages were delivered"},
    errc_row{errc::handler_failed, no_condition, "handler_failed",
             "a message handler threw"},
    errc_row{errc::malformed_headers, condition::protocol, "malformed_headers",
             "the header block of a message is malformed"},
    errc_row{errc::messages_dropped, condition::limit, "messages_dropped",
             "a subscription exceeded its pending limits, messages were dropped"},
    errc_row{errc::userinfo_ignored, no_condition, "userinfo_ignored",
             "an option won over the credentials in an address"},
    errc_row{errc::tls_not_verified, condition::tls, "tls_not_verified",
             "the server's certificate was not looked at"},

    errc_row{errc::lifetime_reached, condition::timeout, "lifetime_reached",
             "the subscription's lifetime is over"},
    errc_row{errc::first_message_timeout, condition::timeout, "first_message_timeout",
             "the subscription's first message did not come in time"},
    errc_row{errc::idle_timeout, condition::timeout, "idle_timeout",
             "the subscription got no further message in time"},
};

struct condition_row {
    condition value;
    std::string_view name;
    std::string_view text;
};

constexpr std::array condition_rows{
    condition_row{condition::invalid_use, "invalid_use",
                  "the call was refused before anything was sent"},
    condition_row{condition::closed, "closed", "closed by the application"},
    condition_row{condition::disconnected, "disconnected", "the connection is not there"},
    condition_row{condition::timeout, "timeout", "a deadline passed"},
    condition_row{condition::auth, "auth", "credentials were refused, expired, late or not to be had"},
    condition_row{condition::permission, "permission", "authenticated, but not allowed"},
    condition_row{condition::tls, "tls", "client and server do not agree on TLS"},
    condition_row{condition::protocol, "protocol", "the protocol was violated"},
    condition_row{condition::limit, "limit", "a limit was exceeded"},
    condition_row{condition::no_responders, "no_responders", "nobody answers this request"},
    condition_row{condition::unreachable, "unreachable", "no server could be reached"},
};
// clang-format on

const errc_row* find_row(int value) noexcept {
    const auto* const row =
        std::find_if(errc_rows.begin(), errc_rows.end(),
                     [value](const errc_row& r) { return static_cast<int>(r.code) == value; });
    return row == errc_rows.end() ? nullptr : row;
}

const condition_row* find_condition(int value) noexcept {
    const auto* const row =
        std::find_if(condition_rows.begin(), condition_rows.end(), [value](const condition_row& r) {
            return static_cast<int>(r.value) == value;
        });
    return row == condition_rows.end() ? nullptr : row;
}

class condition_category_type final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "conats.condition"; }
    [[nodiscard]] std::string message(int value) const override {
        const condition_row* const row = find_condition(value);
        return row != nullptr ? std::string(row->text) : "unknown condition";
    }
};

class errc_category_type final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "conats"; }
    [[nodiscard]] std::string message(int value) const override {
        const errc_row* const row = find_row(value);
        return row != nullptr ? std::string(row->text) : "unknown error";
    }
    [[nodiscard]] boost::system::error_condition default_error_condition(
        int value) const noexcept override {
        const errc_row* const row = find_row(value);
        if (row == nullptr || row->belongs_to == no_condition) {
            return {value, *this};
        }
        return make_error_condition(row->belongs_to);
    }
};

} // namespace

const boost::system::error_category& error_category() noexcept {
    static const errc_category_type category;
    return category;
}

const boost::system::error_category& condition_category() noexcept {
    static const condition_category_type category;
    return category;
}

error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), error_category()};
}

boost::system::error_condition make_error_condition(condition c) noexcept {
    return {static_cast<int>(c), condition_category()};
}

std::string_view to_string(errc e) noexcept {
    const errc_row* const row = find_row(static_cast<int>(e));
    return row != nullptr ? row->name : "unknown";
}

std::string_view to_string(condition c) noexcept {
    const condition_row* const row = find_condition(static_cast<int>(c));
    return row != nullptr ? row->name : "unknown";
}

std::ostream& operator<<(std::ostream& os, errc e) {
    return os << to_string(e);
}
std::ostream& operator<<(std::ostream& os, condition c) {
    return os << to_string(c);
}

} // namespace v0
} // namespace conats
