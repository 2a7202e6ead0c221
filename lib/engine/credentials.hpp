// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/server_address.hpp"

#include <conats/secret.hpp>

#include <cstdint>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

/// What CONNECT says of who we are. An empty token or user is none.
class credentials {
public:
    enum class kind : std::uint8_t { none, token, user };

    credentials() noexcept = default;
    static credentials from_token(secret token);
    static credentials from_user(secret user, secret password);
    static credentials from_userinfo(const server_address& server);

    [[nodiscard]] kind type() const noexcept { return kind_; }
    [[nodiscard]] bool empty() const noexcept { return kind_ == kind::none; }
    [[nodiscard]] const secret& token() const noexcept { return token_; }
    [[nodiscard]] const secret& user() const noexcept { return user_; }
    [[nodiscard]] const secret& password() const noexcept { return password_; }

private:
    secret token_;
    secret user_;
    secret password_;
    kind kind_ = kind::none;
};

/// The authentication options as the user set them, checked before: at most one of them.
class auth_options {
public:
    auth_options() noexcept = default;
    explicit auth_options(credentials c) : fixed(std::move(c)) {}

    [[nodiscard]] bool empty() const noexcept { return fixed.empty() && !has_provider; }

    credentials fixed;
    bool has_provider = false; ///< the provider is asked on each attempt
};

class credentials_choice {
public:
    credentials_choice() noexcept = default;

    credentials use; ///< not meant if the provider is to be asked
    bool ask_provider = false;
    bool userinfo_ignored = false; ///< worth one event per client
};

/// What to present to `server`: an option if one is set, else the userinfo of its own URL.
[[nodiscard]] credentials_choice choose_credentials(const auth_options& options,
                                                    const server_address& server);

} // namespace impl
} // namespace v0
} // namespace conats
