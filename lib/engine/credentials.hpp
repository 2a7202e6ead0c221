// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol/jwt.hpp"
#include "transport/server_address.hpp"

#include <conats/secret.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// What CONNECT says of who we are. An empty token, user or JWT is none.
class credentials {
public:
    enum class kind : std::uint8_t { none, token, user, nkey, jwt };

    credentials() noexcept = default;
    static credentials from_token(secret token);
    static credentials from_user(secret user, secret password);
    static credentials from_userinfo(const server_address& server);
    /// `signature` is the nonce's, as bytes; empty where there is none.
    static credentials from_nkey(std::string public_key, std::string_view signature);
    static credentials from_jwt(secret jwt, std::string_view signature);

    [[nodiscard]] kind type() const noexcept { return kind_; }
    [[nodiscard]] bool empty() const noexcept { return kind_ == kind::none; }
    [[nodiscard]] const secret& token() const noexcept { return token_; }
    [[nodiscard]] const secret& user() const noexcept { return user_; }
    [[nodiscard]] const secret& password() const noexcept { return password_; }
    [[nodiscard]] const secret& jwt() const noexcept { return jwt_; }
    [[nodiscard]] const std::string& nkey() const noexcept { return nkey_; }
    /// As CONNECT states it: base64url without padding.
    [[nodiscard]] const std::string& signature() const noexcept { return signature_; }
    /// When the server will end the connection over them, if they tell.
    [[nodiscard]] std::optional<wall_time> expires() const noexcept { return expires_; }

private:
    secret token_;
    secret user_;
    secret password_;
    secret jwt_;
    std::string nkey_;
    std::string signature_;
    std::optional<wall_time> expires_;
    kind kind_ = kind::none;
};

} // namespace impl
} // namespace v0
} // namespace conats
