// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {

using boost::system::error_code;

/// Exact causes. A code of this enum compares equal to the `condition` it belongs to.
enum class errc {
    // Refused by the library before anything is sent.
    invalid_argument = 1,  ///< an argument is outside its documented range
    invalid_options,       ///< connect options contradict each other
    invalid_address,       ///< a server address is malformed; the text names the part
    invalid_subject,       ///< a subject holds an illegal character or an empty token
    invalid_queue_group,   ///< a queue group is empty or holds a blank or control character
    invalid_inbox_prefix,  ///< an inbox prefix holds a wildcard, a blank or ends in '.'
    invalid_header,        ///< a header name or value would corrupt the header block
    payload_too_large,     ///< headers and payload exceed the server's max_payload
    control_line_too_long, ///< subject, reply or queue group exceed the server's control line
    connect_too_large,     ///< the CONNECT line would exceed the server's control line
    headers_not_supported, ///< the server does not support headers
    no_reply_subject,      ///< `respond` on a message without a reply subject
    already_waiting,       ///< the subscription has a waiting consumer already
    outbox_full,           ///< nothing more can be buffered; the message was not accepted
    transport_unavailable, ///< the address needs a transport that is not there
    feature_not_supported, ///< the server's protocol level lacks what an option asks for
    invalid_context,       ///< a context file is absent or wrong; the text names file and field

    // The connection.
    closed = 100,              ///< the client, subscription or stream is closed
    disconnected,              ///< the connection was lost
    timeout,                   ///< a deadline passed
    no_servers,                ///< no server is left to try
    host_not_found,            ///< a host name did not resolve
    connection_refused,        ///< no server listens at the address
    connection_failed,         ///< the transport failed; the text holds the system's words
    protocol_error,            ///< one side sent what the protocol does not allow
    tls_required,              ///< the server demands TLS and says that the client sent plain text
    tls_not_offered,           ///< the client demands TLS and the server does not offer it
    proxy_failed,              ///< a proxy refused or was out of reach; the text holds its words
    provider_failed,           ///< a provider or signer threw or gave what cannot be used
    tls_configuration_invalid, ///< a certificate, key, CA or list of ciphers cannot be used; the
                               ///< text names it and the reason
    tls_certificate_rejected,  ///< the server's certificate is not to be trusted; the text says why
    tls_handshake_failed,      ///< TLS did not come about, or the server refused ours; the text
                               ///< holds the alert
    draining,                  ///< the client is draining and takes nothing new

    // Credentials that could not be presented.
    credentials_unreadable = 150, ///< a file with credentials cannot be read; the text names it
    nkeys_not_supported,          ///< an NKey is to be presented and the server gives no nonce

    // Said by the server in -ERR.
    authorization_violation = 200,        ///< the server refused the credentials
    authentication_timeout,               ///< credentials came too late
    authentication_expired,               ///< the user's credentials have expired
    authentication_revoked,               ///< the user's credentials were revoked
    account_authentication_expired,       ///< the account's credentials have expired
    permission_denied,                    ///< a publish or subscribe is not permitted
    maximum_connections_exceeded,         ///< the server has no room for another connection
    maximum_account_connections_exceeded, ///< the account has no room for another connection
    maximum_subscriptions_exceeded,       ///< the server or account has no room for it
    maximum_payload_violation,            ///< a payload was larger than the server accepts
    maximum_control_line_exceeded,        ///< a protocol line was longer than the server accepts
    invalid_client_protocol,              ///< the server does not speak this protocol level
    stale_connection,                     ///< the server missed our PONGs
    slow_consumer,                        ///< the server could not write to us in time
    server_shutdown,                      ///< the server is shutting down
    server_error,                         ///< any other -ERR; the text holds the server's words

    // Requests and subscriptions.
    no_responders = 300,  ///< nobody is subscribed to the request's subject
    max_messages_reached, ///< the subscription delivered its maximum
    unsubscribed,         ///< the subscription was unsubscribed
    drained,              ///< the subscription or client was drained
    handler_failed,       ///< a message handler threw (an event, never thrown)
    malformed_headers,    ///< a message's header block was malformed (an event)
    messages_dropped,     ///< a subscription's pending limit was exceeded (an event)
    userinfo_ignored,     ///< an option won over an address's userinfo (an event)
    tls_not_verified,     ///< the server's certificate was not looked at (an event)

    // Subscriptions that end by themselves.
    lifetime_reached = 400, ///< the subscription's `lifetime` is over
    first_message_timeout,  ///< its first message did not come in time
    idle_timeout            ///< no further message came in time
};

/// Classes of causes, to branch on: `if (e == conats::condition::auth) …`. A code belongs to one
/// at most: `server_error`, `handler_failed` and `userinfo_ignored` to none.
enum class condition {
    invalid_use = 1, ///< refused before anything was sent: `invalid_…`, `headers_not_supported`,
                     ///< `no_reply_subject`, `already_waiting`, `transport_unavailable`,
                     ///< `feature_not_supported`
    closed,          ///< by the application: `closed`, `draining`, `unsubscribed`, `drained`,
                     ///< `max_messages_reached`
    disconnected,    ///< the connection is gone: `disconnected`, `stale_connection`,
                     ///< `slow_consumer`, `server_shutdown`
    timeout,         ///< a deadline passed: `timeout`, `lifetime_reached`,
                     ///< `first_message_timeout`, `idle_timeout`
    auth,            ///< credentials were refused, expired, late or not to be had: `auth…`,
                     ///< `account_authentication_expired`, `provider_failed`,
                     ///< `credentials_unreadable`, `nkeys_not_supported`
    permission,      ///< authenticated, but not allowed: `permission_denied`
    tls,             ///< no encryption as it has to be: `tls_…`
    protocol,        ///< one side violated it: `protocol_error`, `invalid_client_protocol`,
                     ///< `malformed_headers`
    limit,           ///< of the server or the client: `maximum_…`, `payload_too_large`,
                     ///< `control_line_too_long`, `connect_too_large`, `outbox_full`,
                     ///< `messages_dropped`
    no_responders,   ///< a request that nobody answers: `no_responders`
    unreachable      ///< no server could be reached: `no_servers`, `host_not_found`,
                     ///< `connection_refused`, `connection_failed`, `proxy_failed`
};

/// Of `errc`; its name is "conats".
CONATS_EXPORT const boost::system::error_category& error_category() noexcept;
/// Of `condition`; its name is "conats.condition".
CONATS_EXPORT const boost::system::error_category& condition_category() noexcept;

/// A code of `error_category()`, found by Boost.System: `error_code ec = errc::closed`.
CONATS_EXPORT error_code make_error_code(errc e) noexcept;
/// A condition of `condition_category()`, to compare codes with.
CONATS_EXPORT boost::system::error_condition make_error_condition(condition c) noexcept;

/// The enumerator's name, e.g. "authorization_violation".
CONATS_EXPORT std::string_view to_string(errc e) noexcept;
CONATS_EXPORT std::string_view to_string(condition c) noexcept;
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, errc e);
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, condition c);

/// What went wrong, with what is known about it. A value; holds no secret. Costs no more than
/// a code and a pointer while there is no error, so that hot calls can return it.
///
/// Converts to `bool`: true when there is an error. Thread safety: as a standard container.
class CONATS_EXPORT error {
public:
    error() noexcept = default;
    /// A code without words.
    // NOLINTNEXTLINE(google-explicit-constructor): an error is a code with more, in `return ec;`
    error(error_code code) : code_(code) {}
    /// The same of a code of this library.
    // NOLINTNEXTLINE(google-explicit-constructor): likewise in `return errc::closed;`
    error(errc code) : code_(make_error_code(code)) {}
    error(error_code code, std::string text); ///< a code with words, which hold no secret
    error(errc code, std::string text);

    /// Whether there is an error.
    explicit operator bool() const noexcept { return code_.failed(); }

    /// The exact cause: an `errc`, or a code of the system or of Asio.
    [[nodiscard]] const error_code& code() const noexcept { return code_; }
    /// What was wrong in words: the server's text, the offending option, character or part.
    [[nodiscard]] const std::string& text() const noexcept;
    /// The subject it is about, or empty.
    [[nodiscard]] const std::string& subject() const noexcept;
    /// The server it came from as `scheme://host:port`, without userinfo, or empty.
    [[nodiscard]] const std::string& server() const noexcept;
    /// For a failed request: whether its bytes were handed to the kernel. False means that they
    /// were not when it failed: nobody can have answered, and on a connection that is lost they
    /// never will be sent. After a timeout or a cancellation they may still be, later.
    [[nodiscard]] bool was_written() const noexcept { return was_written_; }

    error& text(std::string t);
    error& subject(std::string s);
    error& server(std::string s);
    error& was_written(bool w) noexcept;

    /// One line for a log: "authorization_violation: Authorization Violation (nats://h:4222)".
    /// Names the `subject()` in brackets where the text does not.
    [[nodiscard]] std::string what() const;

    /// Compares code, text, subject and server.
    CONATS_EXPORT friend bool operator==(const error& a, const error& b) noexcept;
    /// Compares the code alone: `if (e == errc::timeout)`, `if (e == condition::auth)`.
    friend bool operator==(const error& a, errc b) noexcept {
        return a.code_ == make_error_code(b);
    }
    friend bool operator==(const error& a, condition b) noexcept {
        return a.code_ == make_error_condition(b);
    }

private:
    struct details;
    details& edit(); // copies the details if another error shares them

    error_code code_;
    std::shared_ptr<details> details_;
    bool was_written_ = false;
};

/// Writes `error::what()`, or "no error".
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, const error& e);

/// Thrown by awaited operations. `what()` is `error::what()`.
class CONATS_EXPORT system_error : public boost::system::system_error {
public:
    explicit system_error(error e); ///< of an error; `code()` is its code
    ~system_error() override;
    system_error(const system_error&) = default;
    system_error& operator=(const system_error&) = default;

    /// The error, with all that is known about it.
    [[nodiscard]] const error& details() const noexcept { return error_; }
    /// As `error::what()`.
    [[nodiscard]] const char* what() const noexcept override { return what_.c_str(); }

private:
    error error_;
    std::string what_;
};

} // namespace v0
} // namespace conats

template <>
struct boost::system::is_error_code_enum<conats::errc> : std::true_type {};
template <>
struct boost::system::is_error_condition_enum<conats::condition> : std::true_type {};
