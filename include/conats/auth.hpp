// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>
#include <conats/fwd.hpp>
#include <conats/secret.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace conats {
inline namespace v0 {

// Who we are to a server, where that is asked for anew on each attempt to connect. The functions
// are coroutines that run on the client's executor and are cancelled at the attempt's deadline;
// what they throw is `provider_failed`, and the next server or attempt is tried.

/// What a provider or signer is told about the attempt it is asked for.
class CONATS_EXPORT auth_request {
public:
    auth_request();
    auth_request(const auth_request&);
    auth_request(auth_request&&) noexcept;
    auth_request& operator=(const auth_request&);
    auth_request& operator=(auth_request&&) noexcept;
    ~auth_request();

    [[nodiscard]] const std::string& server() const noexcept { return server_; } ///< no userinfo
    [[nodiscard]] const std::string& nonce() const noexcept { return nonce_; }   ///< may be empty
    [[nodiscard]] std::uint64_t attempt() const noexcept { return attempt_; }    ///< from 1
    /// When the attempt ends and the function is cancelled.
    [[nodiscard]] std::chrono::steady_clock::time_point deadline() const noexcept {
        return deadline_;
    }

    auth_request& server(std::string s) {
        server_ = std::move(s);
        return *this;
    }
    auth_request& nonce(std::string n) {
        nonce_ = std::move(n);
        return *this;
    }
    auth_request& attempt(std::uint64_t n) {
        attempt_ = n;
        return *this;
    }
    auth_request& deadline(std::chrono::steady_clock::time_point t) {
        deadline_ = t;
        return *this;
    }

private:
    std::string server_;
    std::string nonce_;
    std::uint64_t attempt_ = 1;
    std::chrono::steady_clock::time_point deadline_;
};

/// Fetches the token for one attempt. An empty one is none.
using token_provider_function = std::function<asio::awaitable<secret>(auth_request)>;

/// A user's name and password.
class CONATS_EXPORT user_login {
public:
    user_login() noexcept;
    user_login(secret user, secret password);
    user_login(const user_login&);
    user_login(user_login&&) noexcept;
    user_login& operator=(const user_login&);
    user_login& operator=(user_login&&) noexcept;
    ~user_login();

    [[nodiscard]] const secret& user() const noexcept { return user_; } ///< the name
    /// Goes with it; may be empty.
    [[nodiscard]] const secret& password() const noexcept { return password_; }

private:
    secret user_;
    secret password_;
};

/// Fetches user and password for one attempt. An empty user is none.
using user_provider_function = std::function<asio::awaitable<user_login>(auth_request)>;

/// Signs the bytes of `auth_request::nonce` with the private key of a user's NKey, which may be
/// in a security module or in another process. Returns the 64 bytes of the Ed25519 signature as
/// they are, without base64.
using nkey_signer_function = std::function<asio::awaitable<std::string>(auth_request)>;

/// A user's JWT and what proves that it is ours: the seed of its NKey, or a signer.
class CONATS_EXPORT user_jwt {
public:
    user_jwt() noexcept;
    /// A bearer JWT, which needs no proof.
    explicit user_jwt(secret token);
    /// `seed` begins with SU. Empty: a bearer JWT.
    user_jwt(secret token, secret seed);
    /// The key that proves it is elsewhere: `signer` signs.
    user_jwt(secret token, nkey_signer_function signer);
    user_jwt(const user_jwt&);
    user_jwt(user_jwt&&) noexcept;
    user_jwt& operator=(const user_jwt&);
    user_jwt& operator=(user_jwt&&) noexcept;
    ~user_jwt();

    /// Of the text of a credentials file that did not come from a file, e.g. from a vault.
    /// Errors: throws `system_error` with `credentials_unreadable`, naming the section that is
    /// wrong and showing nothing of the text.
    static user_jwt from_credentials(const secret& text);

    [[nodiscard]] const secret& token() const noexcept { return token_; } ///< the JWT itself
    /// Empty for a bearer JWT and where a signer signs.
    [[nodiscard]] const secret& seed() const noexcept { return seed_; }
    /// Empty where there is a seed or nothing is to be proven.
    [[nodiscard]] const nkey_signer_function& signer() const noexcept { return signer_; }
    /// Whether there is neither a JWT nor what would prove one.
    [[nodiscard]] bool empty() const noexcept {
        return token_.empty() && seed_.empty() && !signer_;
    }

private:
    secret token_;
    secret seed_;
    nkey_signer_function signer_;
};

/// Fetches a user's JWT for one attempt.
using jwt_provider_function = std::function<asio::awaitable<user_jwt>(auth_request)>;

} // namespace v0
} // namespace conats
