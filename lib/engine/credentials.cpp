// SPDX-License-Identifier: Apache-2.0
#include "engine/credentials.hpp"

#include "support/base64.hpp"

#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

credentials credentials::from_token(secret token) {
    credentials c;
    c.kind_ = token.empty() ? kind::none : kind::token;
    c.token_ = std::move(token);
    return c;
}

credentials credentials::from_user(secret user, secret password) {
    credentials c;
    if (!user.empty()) {
        c.kind_ = kind::user;
        c.user_ = std::move(user);
        c.password_ = std::move(password);
    }
    return c;
}

credentials credentials::from_userinfo(const server_address& server) {
    if (server.has_token()) {
        return from_token(server.token());
    }
    return from_user(server.user(), server.password());
}

credentials credentials::from_nkey(std::string public_key, std::string_view signature) {
    credentials c;
    c.kind_ = kind::nkey;
    c.nkey_ = std::move(public_key);
    c.signature_ = base64url_encode(signature);
    return c;
}

credentials credentials::from_jwt(secret jwt, std::string_view signature) {
    credentials c;
    if (!jwt.empty()) {
        c.kind_ = kind::jwt;
        c.expires_ = jwt_expiry(jwt.reveal());
        c.jwt_ = std::move(jwt);
        c.signature_ = base64url_encode(signature);
    }
    return c;
}

} // namespace impl
} // namespace v0
} // namespace conats
