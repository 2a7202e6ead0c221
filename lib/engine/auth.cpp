// SPDX-License-Identifier: Apache-2.0
#include "protocol/creds_file.hpp"

#include <conats/auth.hpp>
#include <conats/error.hpp>

#include <utility>

namespace conats {
inline namespace v0 {

auth_request::auth_request() = default;
auth_request::auth_request(const auth_request&) = default;
auth_request::auth_request(auth_request&&) noexcept = default;
auth_request& auth_request::operator=(const auth_request&) = default;
auth_request& auth_request::operator=(auth_request&&) noexcept = default;
auth_request::~auth_request() = default;

user_login::user_login() noexcept = default;
user_login::user_login(secret user, secret password)
    : user_(std::move(user)),
      password_(std::move(password)) {}
user_login::user_login(const user_login&) = default;
user_login::user_login(user_login&&) noexcept = default;
user_login& user_login::operator=(const user_login&) = default;
user_login& user_login::operator=(user_login&&) noexcept = default;
user_login::~user_login() = default;

user_jwt::user_jwt() noexcept = default;
user_jwt::user_jwt(secret token) : token_(std::move(token)) {}
user_jwt::user_jwt(secret token, secret seed) : token_(std::move(token)), seed_(std::move(seed)) {}
user_jwt::user_jwt(secret token, nkey_signer_function signer)
    : token_(std::move(token)),
      signer_(std::move(signer)) {}
user_jwt::user_jwt(const user_jwt&) = default;
user_jwt::user_jwt(user_jwt&&) noexcept = default;
user_jwt& user_jwt::operator=(const user_jwt&) = default;
user_jwt& user_jwt::operator=(user_jwt&&) noexcept = default;
user_jwt::~user_jwt() = default;

user_jwt user_jwt::from_credentials(const secret& text) {
    impl::creds_parts parts;
    if (const char* const fault = impl::parse_creds(text.reveal(), parts))
        throw system_error(error(errc::credentials_unreadable, fault));
    if (parts.jwt.empty())
        throw system_error(
            error(errc::credentials_unreadable, "there is no section NATS USER JWT"));
    return {std::move(parts.jwt), std::move(parts.seed)};
}

} // namespace v0
} // namespace conats
