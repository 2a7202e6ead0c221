// SPDX-License-Identifier: Apache-2.0
#include "engine/credentials.hpp"

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

credentials_choice choose_credentials(const auth_options& options, const server_address& server) {
    credentials_choice choice;
    if (options.empty()) {
        choice.use = credentials::from_userinfo(server);
        return choice;
    }
    choice.ask_provider = options.has_provider;
    choice.use = options.fixed;
    choice.userinfo_ignored = server.has_userinfo();
    return choice;
}

} // namespace impl
} // namespace v0
} // namespace conats
