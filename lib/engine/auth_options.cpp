// SPDX-License-Identifier: Apache-2.0
#include "engine/auth_options.hpp"

#include "protocol/creds_file.hpp"

#include <algorithm>
#include <array>
#include <ostream>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

struct named_way {
    const char* name;
    bool set;
};

std::array<named_way, 11> ways_of(const connect_options& o) {
    return {{{"token", !o.token().empty()},
             {"token_provider", static_cast<bool>(o.token_provider())},
             {"user", !o.user().empty()},
             {"user_provider", static_cast<bool>(o.user_provider())},
             {"nkey_seed", !o.nkey_seed().empty()},
             {"nkey_file", !o.nkey_file().empty()},
             {"nkey", !o.nkey().empty() || o.nkey_signer()},
             {"jwt", !o.jwt().empty()},
             {"jwt_provider", static_cast<bool>(o.jwt_provider())},
             {"credentials", !o.credentials().empty()},
             {"credentials_file", !o.credentials_file().empty() || !o.seed_file().empty()}}};
}

error invalid_auth(std::string text) {
    return {errc::invalid_options, std::move(text)};
}

/// No error if there is no fault.
error invalid_auth(const char* option, const char* fault) {
    return fault != nullptr ? invalid_auth(std::string(option) + ": " + fault) : error();
}

error check_ways(const connect_options& o) {
    const named_way* first = nullptr;
    const auto ways = ways_of(o);
    for (const named_way& way : ways) {
        if (way.set && first != nullptr) {
            return invalid_auth(std::string(first->name) + " and " + way.name +
                                " exclude each other");
        }
        if (way.set) {
            first = &way;
        }
    }
    if (!o.password().empty() && o.user().empty()) {
        return invalid_auth("password is set without user");
    }
    return {};
}

const char* check_seed(const secret& seed) {
    nkey_pair ignored;
    return nkey_pair::from_seed(seed.reveal(), nkey_kind::user_key, ignored);
}

error check_nkey(const connect_options& o) {
    if (!o.nkey_seed().empty()) {
        return invalid_auth("nkey_seed", check_seed(o.nkey_seed()));
    }
    if (o.nkey().empty() && !o.nkey_signer()) {
        return {};
    }
    if (!o.nkey_signer()) {
        return invalid_auth("nkey: there is a public key and no signer");
    }
    return invalid_auth("nkey", check_public_nkey(o.nkey(), nkey_kind::user_key));
}

error check_user_jwt(const char* option, const user_jwt& jwt) {
    if (jwt.token().empty()) {
        return invalid_auth(option, "there is no JWT");
    }
    if (const char* const fault = check_jwt(jwt.token().reveal())) {
        return invalid_auth(option, fault);
    }
    if (!jwt.seed().empty()) {
        if (const char* const fault = check_seed(jwt.seed())) {
            return invalid_auth(std::string(option) + ": the seed: " + fault);
        }
    }
    return {};
}

error check_credentials(const secret& text) {
    creds_parts parts;
    if (const char* const fault = parse_creds(text.reveal(), parts)) {
        return invalid_auth("credentials", fault);
    }
    return check_user_jwt("credentials", user_jwt(std::move(parts.jwt), std::move(parts.seed)));
}

void take_jwt(const secret& token, const secret& seed, auth_options& to) {
    to.way = auth_way::jwt;
    to.jwt = token;
    if (!seed.empty()) {
        nkey_pair::from_seed(seed.reveal(), nkey_kind::user_key, to.key);
    }
}

auth_options find_way(const connect_options& o) {
    if (!o.token().empty()) {
        return auth_options(credentials::from_token(o.token()));
    }
    if (!o.user().empty()) {
        return auth_options(credentials::from_user(o.user(), o.password()));
    }
    auth_options auth;
    if (o.token_provider()) {
        auth.way = auth_way::token_provider;
    } else if (o.user_provider()) {
        auth.way = auth_way::user_provider;
    } else if (!o.nkey_seed().empty()) {
        auth.way = auth_way::nkey_seed;
        nkey_pair::from_seed(o.nkey_seed().reveal(), nkey_kind::user_key, auth.key);
    } else if (!o.nkey_file().empty()) {
        auth.way = auth_way::nkey_file;
    } else if (o.nkey_signer()) {
        auth.way = auth_way::nkey_signer;
    } else if (!o.jwt().empty()) {
        take_jwt(o.jwt().token(), o.jwt().seed(), auth);
    } else if (o.jwt_provider()) {
        auth.way = auth_way::jwt_provider;
    } else if (!o.credentials().empty()) {
        creds_parts parts;
        parse_creds(o.credentials().reveal(), parts);
        take_jwt(parts.jwt, parts.seed, auth);
    } else if (!o.credentials_file().empty()) {
        auth.way = auth_way::credentials_file;
    }
    return auth;
}

} // namespace

error check_authentication(const connect_options& o) {
    if (error e = check_ways(o)) {
        return e;
    }
    if (error e = check_nkey(o)) {
        return e;
    }
    if (!o.jwt().empty()) {
        return check_user_jwt("jwt", o.jwt());
    }
    if (!o.credentials().empty()) {
        return check_credentials(o.credentials());
    }
    if (o.credentials_file().empty() && !o.seed_file().empty()) {
        return invalid_auth("credentials_files: there is no file with the JWT");
    }
    return {};
}

auth_options take_authentication(connect_options& o) {
    auth_options auth = find_way(o);
    o.token(secret()).user(secret()).password(secret());
    o.nkey_seed(secret()).credentials(secret());
    if (auth.way == auth_way::jwt) {
        o.jwt(user_jwt(secret(), o.jwt().signer()));
    }
    return auth;
}

void print_authentication(std::ostream& os, const connect_options& o) {
    for (const named_way& way : ways_of(o)) {
        if (way.set) {
            os << ", " << way.name << ": ***";
        }
    }
    if (!o.password().empty()) {
        os << ", password: ***";
    }
}

std::optional<wall_time> planned_renewal(const auth_options& options,
                                         std::optional<wall_time> expires, wall_time now) noexcept {
    if (options.way != auth_way::jwt_provider || !expires) {
        return std::nullopt;
    }
    return renewal_time(now, *expires);
}

credentials_choice choose_credentials(const auth_options& options, const server_address& server) {
    credentials_choice choice;
    if (options.empty()) {
        choice.use = credentials::from_userinfo(server);
        return choice;
    }
    choice.ask = options.way != auth_way::fixed;
    choice.use = options.fixed;
    choice.userinfo_ignored = server.has_userinfo();
    return choice;
}

const char* check_jwt(std::string_view jwt) noexcept {
    const bool printable =
        std::all_of(jwt.begin(), jwt.end(), [](char c) { return c > ' ' && c <= '~'; });
    return printable ? nullptr : "the JWT holds a blank, a line end or a character beyond ASCII";
}

} // namespace impl
} // namespace v0
} // namespace conats
