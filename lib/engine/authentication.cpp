// SPDX-License-Identifier: Apache-2.0
#include "engine/authentication.hpp"

#include "engine/secret_file.hpp"
#include "protocol/creds_file.hpp"
#include "support/thrown_text.hpp"

#include <memory>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

error unreadable(const char* what, const std::string& path, const std::string& why) {
    return {errc::credentials_unreadable, std::string(what) + " '" + path + "': " + why};
}

error failed(const char* whom, const std::string& why) {
    return {errc::provider_failed, std::string(whom) + " failed: " + why};
}

error read_parts(const char* what, const std::string& path, creds_parts& out) {
    secret text;
    if (const std::string why = read_secret_file(path, text); !why.empty()) {
        return unreadable(what, path, why);
    }
    if (const char* const fault = parse_creds(text.reveal(), out)) {
        return unreadable(what, path, fault);
    }
    return {};
}

const char* take_seed(const secret& seed, nkey_pair& out) {
    return nkey_pair::from_seed(seed.reveal(), nkey_kind::user_key, out);
}

/// No error if there is no seed.
error take_seed(const char* what, const std::string& path, const secret& seed, nkey_pair& out) {
    const char* const fault = seed.empty() ? nullptr : take_seed(seed, out);
    return fault != nullptr ? unreadable(what, path, std::string("the seed: ") + fault) : error();
}

asio::awaitable<std::string> call_signer(std::shared_ptr<const nkey_signer_function> signer,
                                         auth_request request) {
    std::string signature = co_await (*signer)(std::move(request));
    co_return signature;
}

} // namespace

error read_nkey_file(const std::string& path, identity& out) {
    constexpr const char* what = "the nkey file";
    creds_parts parts;
    if (error e = read_parts(what, path, parts)) {
        return e;
    }
    if (parts.seed.empty()) {
        return unreadable(what, path, "there is no seed");
    }
    return take_seed(what, path, parts.seed, out.key);
}

error read_credentials_files(const std::string& path, const std::string& seed_path, identity& out) {
    constexpr const char* what = "the credentials file";
    constexpr const char* seed_what = "the seed file";
    creds_parts parts;
    if (error e = read_parts(what, path, parts)) {
        return e;
    }
    if (parts.jwt.empty()) {
        return unreadable(what, path, "there is no JWT");
    }
    out.jwt = std::move(parts.jwt);
    if (seed_path.empty()) {
        return take_seed(what, path, parts.seed, out.key);
    }
    creds_parts seed_parts;
    if (error e = read_parts(seed_what, seed_path, seed_parts)) {
        return e;
    }
    if (seed_parts.seed.empty()) {
        return unreadable(seed_what, seed_path, "there is no seed");
    }
    return take_seed(seed_what, seed_path, seed_parts.seed, out.key);
}

error prove(identity who, const std::string& nonce, const std::string& signature,
            credentials& out) {
    if (!who.jwt.empty()) {
        out = credentials::from_jwt(std::move(who.jwt), signature);
        return {};
    }
    if (who.key.empty() && !who.signer) {
        out = std::move(who.ready);
        return {};
    }
    if (nonce.empty()) {
        return {errc::nkeys_not_supported, "the server gives no nonce to sign: it has no users "
                                           "with an NKey"};
    }
    std::string key = who.key.empty() ? who.public_key : who.key.public_key();
    if (who.signer && !verify_nkey(key, nkey_kind::user_key, nonce, signature)) {
        return failed("the signer", "its signature is not that of the NKey's owner");
    }
    out = credentials::from_nkey(std::move(key), signature);
    return {};
}

authentication::authentication(const connect_options& options, const auth_options& auth,
                               dial_attempt& attempt, asio::any_io_executor user_executor)
    : options_(options),
      auth_(auth),
      attempt_(attempt),
      user_executor_(std::move(user_executor)) {}

asio::awaitable<error> authentication::find(auth_request request, credentials& out) {
    identity who;
    error e = co_await identify(request, who);
    if (e)
        co_return e;
    std::string signature;
    if (!request.nonce().empty())
        e = co_await sign(who, request, signature);
    if (!e)
        e = prove(std::move(who), request.nonce(), signature, out);
    co_return e;
}

asio::awaitable<error> authentication::identify(const auth_request& request, identity& out) {
    error e;
    switch (auth_.way) {
    case auth_way::userinfo:
    case auth_way::fixed: out.ready = auth_.fixed; break;
    case auth_way::token_provider: e = co_await ask_for_token(request, out); break;
    case auth_way::user_provider: e = co_await ask_for_user(request, out); break;
    case auth_way::nkey_seed: out.key = auth_.key; break;
    case auth_way::nkey_file: e = read_nkey_file(options_.nkey_file(), out); break;
    case auth_way::nkey_signer:
        out.public_key = options_.nkey();
        out.signer = options_.nkey_signer();
        break;
    case auth_way::jwt:
        out.jwt = auth_.jwt;
        out.key = auth_.key;
        out.signer = options_.jwt().signer();
        break;
    case auth_way::jwt_provider: e = co_await ask_for_jwt(request, out); break;
    case auth_way::credentials_file:
        e = read_credentials_files(options_.credentials_file(), options_.seed_file(), out);
        break;
    }
    co_return e;
}

asio::awaitable<error> authentication::ask_for_token(const auth_request& request, identity& out) {
    secret token;
    error e = co_await ask(options_.token_provider(), request, "the token provider", token);
    out.ready = credentials::from_token(std::move(token));
    co_return e;
}

asio::awaitable<error> authentication::ask_for_user(const auth_request& request, identity& out) {
    user_login login;
    error e = co_await ask(options_.user_provider(), request, "the user provider", login);
    out.ready = credentials::from_user(login.user(), login.password());
    co_return e;
}

asio::awaitable<error> authentication::ask_for_jwt(const auth_request& request, identity& out) {
    constexpr const char* whom = "the JWT provider";
    user_jwt answer;
    error e = co_await ask(options_.jwt_provider(), request, whom, answer);
    if (e)
        co_return e;
    if (answer.token().empty())
        co_return failed(whom, "it gave no JWT");
    if (const char* const fault = check_jwt(answer.token().reveal()))
        co_return failed(whom, fault);
    if (!answer.seed().empty())
        if (const char* const fault = take_seed(answer.seed(), out.key))
            co_return failed(whom, std::string("the seed: ") + fault);
    out.jwt = answer.token();
    out.signer = answer.signer();
    co_return e;
}

asio::awaitable<error> authentication::sign(const identity& who, const auth_request& request,
                                            std::string& signature) {
    error e;
    if (who.signer) {
        constexpr const char* whom = "the signer";
        // A provider's signer is in nobody's options: its coroutine may outlive the attempt.
        const auto held = std::make_shared<const nkey_signer_function>(who.signer);
        const auto call = [held](auth_request r) { return call_signer(held, std::move(r)); };
        e = co_await ask(call, request, whom, signature);
        if (!e && signature.size() != nkey_signature_size)
            e = failed(whom,
                       "a signature has 64 bytes, it gave " + std::to_string(signature.size()));
    } else if (!who.key.empty()) {
        if (const char* const fault = who.key.sign(request.nonce(), signature))
            e = error(errc::provider_failed, fault);
    }
    co_return e;
}

template <class Value, class Function>
asio::awaitable<error> authentication::ask(const Function& function, auth_request request,
                                           const char* whom, Value& out) {
    std::string failure;
    try {
        auto executor = user_executor_;
        auto answer = function(std::move(request));
        out = co_await attempt_.await_user(std::move(executor), std::move(answer));
    } catch (...) {
        failure = thrown_text();
    }
    if (attempt_.expired())
        co_return error(errc::timeout, std::string(whom) + " took longer than the connect timeout");
    if (attempt_.stopped())
        co_return error(errc::closed);
    if (!failure.empty())
        co_return failed(whom, failure);
    co_return error();
}

} // namespace impl
} // namespace v0
} // namespace conats
