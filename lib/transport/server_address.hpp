// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/secret.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

enum class scheme : std::uint8_t { nats, tls, ws, wss };

std::string_view to_string(scheme s) noexcept;
/// 4222, 4222, 80 and 443.
std::uint16_t default_port(scheme s) noexcept;

/// Where a server listens and, where its URL said so, who we are to it. A value.
class server_address {
public:
    /// nats://127.0.0.1:4222
    server_address();
    server_address(impl::scheme s, std::string host, std::uint16_t port);

    [[nodiscard]] impl::scheme scheme() const noexcept { return scheme_; }
    /// As to be resolved or connected to: no brackets around IPv6, `localhost` stays a name.
    [[nodiscard]] const std::string& host() const noexcept { return host_; }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    /// The target of the WebSocket handshake, at least "/"; of no meaning to nats and tls.
    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    /// Whether `host` is an IPv4 or IPv6 address, which needs no resolving.
    [[nodiscard]] bool is_ip() const noexcept { return is_ip_; }

    [[nodiscard]] bool has_token() const noexcept { return userinfo_ == userinfo::token; }
    [[nodiscard]] bool has_user() const noexcept { return userinfo_ == userinfo::user; }
    [[nodiscard]] bool has_userinfo() const noexcept { return userinfo_ != userinfo::none; }
    [[nodiscard]] const secret& token() const noexcept { return token_; }
    [[nodiscard]] const secret& user() const noexcept { return user_; }
    [[nodiscard]] const secret& password() const noexcept { return password_; }

    /// The name the server's certificate is for: the host, unless another server named this one.
    [[nodiscard]] const std::string& tls_name() const noexcept {
        return tls_name_.empty() ? host_ : tls_name_;
    }

    server_address& path(std::string p) &;
    server_address& token(secret t) &;
    server_address& user(secret name, secret password) &;

    /// Takes over path, userinfo and TLS name from the server that named this one.
    void inherit(const server_address& announcer);

    /// "nats://host:4222", IPv6 in brackets; never userinfo and no path.
    [[nodiscard]] std::string redacted() const;

private:
    enum class userinfo : std::uint8_t { none, token, user };

    std::string host_;
    std::string path_ = "/";
    std::string tls_name_;
    secret token_;
    secret user_;
    secret password_;
    std::uint16_t port_;
    impl::scheme scheme_;
    userinfo userinfo_ = userinfo::none;
    bool is_ip_;
};

/// Whether its scheme is ws or wss.
[[nodiscard]] inline bool is_websocket(const server_address& a) noexcept {
    return a.scheme() == scheme::ws || a.scheme() == scheme::wss;
}

/// Parses `[scheme://][userinfo@][host][:port][/]`; what is absent comes from
/// nats://127.0.0.1:4222, and a bare number is a port. Userinfo with ':' is a user and a password
/// (which may be empty), without it a token. Blanks around are trimmed.
///
/// An error is `errc::invalid_address`; its text names the part that is wrong and holds nothing
/// that is or might have been meant as userinfo. `out` is then unchanged.
[[nodiscard]] error parse_server_address(std::string_view text, server_address& out);

/// Parses one address or several with commas between them, and replaces `out` by them. None may
/// be empty, unless all is: that is the default address. A ',' in userinfo is written %2C.
[[nodiscard]] error parse_server_list(std::string_view text, std::vector<server_address>& out);

} // namespace impl
} // namespace v0
} // namespace conats
