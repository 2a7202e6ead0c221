// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/credentials.hpp"
#include "protocol/nkey.hpp"
#include "transport/server_address.hpp"

#include <conats/connect_options.hpp>
#include <conats/error.hpp>
#include <conats/secret.hpp>

#include <cstdint>
#include <iosfwd>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

/// Where credentials come from.
enum class auth_way : std::uint8_t {
    userinfo, ///< no option is set: the server's own URL
    fixed,    ///< a token, or user and password
    token_provider,
    user_provider,
    nkey_seed,
    nkey_file,
    nkey_signer,
    jwt,
    jwt_provider,
    credentials_file
};

/// The authentication options, checked before: at most one way is set. Holds the secrets among
/// them; paths and functions stay in the `connect_options`.
class auth_options {
public:
    auth_options() noexcept = default;
    explicit auth_options(auth_way w) noexcept : way(w) {}
    explicit auth_options(credentials c)
        : fixed(std::move(c)),
          way(fixed.empty() ? auth_way::userinfo : auth_way::fixed) {}

    [[nodiscard]] bool empty() const noexcept { return way == auth_way::userinfo; }

    credentials fixed;
    secret jwt;
    nkey_pair key; ///< of `nkey_seed`, or what proves `jwt`
    auth_way way = auth_way::userinfo;
};

/// `invalid_options` if authentication options exclude each other or cannot be what they are
/// meant to be; the text names the options and shows no secret.
[[nodiscard]] error check_authentication(const connect_options& options);

/// Takes the secrets out of valid options, so that there is one copy of each.
[[nodiscard]] auth_options take_authentication(connect_options& options);

/// `, token: ***` for each way that is set.
void print_authentication(std::ostream& os, const connect_options& options);

class credentials_choice {
public:
    credentials_choice() noexcept = default;

    credentials use;               ///< if nothing is to be asked for
    bool ask = false;              ///< a provider, file or signer has its say first
    bool userinfo_ignored = false; ///< worth one event per client
};

/// What to present to `server`: an option if one is set, else the userinfo of its own URL.
[[nodiscard]] credentials_choice choose_credentials(const auth_options& options,
                                                    const server_address& server);

/// What keeps a JWT from being sent, in words that show nothing of it, or nullptr. Only the server
/// can tell whether it is valid.
[[nodiscard]] const char* check_jwt(std::string_view jwt) noexcept;

} // namespace impl
} // namespace v0
} // namespace conats
