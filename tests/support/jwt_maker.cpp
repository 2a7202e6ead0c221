// SPDX-License-Identifier: Apache-2.0
#include "support/jwt_maker.hpp"

#include "support/base64.hpp"

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <random>
#include <stdexcept>
#include <utility>

namespace conats::test {

namespace json = boost::json;
using impl::base64url_encode;

namespace {

std::string random_bytes(std::size_t size) {
    std::random_device device;
    std::string bytes(size, '\0');
    for (char& c : bytes)
        c = static_cast<char>(device());
    return bytes;
}

void check_key(const char* fault) {
    if (fault != nullptr)
        throw std::runtime_error(fault);
}

std::int64_t seconds_from_now(std::chrono::seconds in) {
    const auto at = std::chrono::system_clock::now() + in;
    return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

} // namespace

test_nkey::test_nkey(impl::nkey_kind kind) {
    const secret bytes(random_bytes(impl::nkey_size));
    check_key(impl::nkey_pair::from_private(kind, bytes, pair_));
    seed_ = impl::encode_nkey_seed(kind, bytes);
}

std::string test_nkey::sign(std::string_view message) const {
    std::string signature;
    check_key(pair_.sign(message, signature));
    return signature;
}

std::string make_jwt(json::object claims, const test_nkey& issuer) {
    claims["iss"] = issuer.public_key();
    claims["iat"] = seconds_from_now(std::chrono::seconds(-1));
    claims["jti"] = base64url_encode(random_bytes(16));
    const json::object header{{"typ", "JWT"}, {"alg", "ed25519-nkey"}};
    const std::string text =
        base64url_encode(json::serialize(header)) + '.' + base64url_encode(json::serialize(claims));
    return text + '.' + base64url_encode(issuer.sign(text));
}

json::object claims_of(std::string_view jwt) {
    const auto from = jwt.find('.') + 1;
    const auto text = jwt.substr(from, jwt.find('.', from) - from);
    std::string bytes(impl::base64url_decoded_size(text.size()), '\0');
    if (!impl::base64url_decode(text, bytes.data()))
        throw std::runtime_error("that is no JWT");
    return json::parse(bytes).as_object();
}

user_claims& user_claims::name(std::string text) {
    name_ = std::move(text);
    return *this;
}

user_claims& user_claims::bearer() {
    bearer_ = true;
    return *this;
}

user_claims& user_claims::expires(std::chrono::seconds in) {
    expires_ = in;
    return *this;
}

user_claims& user_claims::audience(std::string account) {
    audience_ = std::move(account);
    return *this;
}

json::object user_claims::made_for(std::string_view user) const {
    json::object nats{{"type", "user"},       {"version", 2},  {"subs", -1},
                      {"data", -1},           {"payload", -1}, {"pub", json::object()},
                      {"sub", json::object()}};
    if (bearer_)
        nats["bearer_token"] = true;
    json::object claims{{"sub", user}, {"name", name_}, {"nats", std::move(nats)}};
    if (!audience_.empty())
        claims["aud"] = audience_;
    if (expires_.count() != 0)
        claims["exp"] = seconds_from_now(expires_);
    return claims;
}

test_operator::test_operator()
    : operator_(impl::nkey_kind::operator_key),
      system_(impl::nkey_kind::account_key),
      account_(impl::nkey_kind::account_key) {
    json::object claims{{"sub", operator_.public_key()}, {"name", "operator"}};
    claims["nats"] = json::object{
        {"type", "operator"}, {"version", 2}, {"system_account", system_.public_key()}};
    operator_jwt_ = make_jwt(std::move(claims), operator_);
}

test_operator& test_operator::callout_by(const test_nkey& service) {
    callout_service_ = service.public_key();
    return *this;
}

test_operator& test_operator::revoke(const test_nkey& user) {
    revocations_[user.public_key()] = seconds_from_now(std::chrono::seconds(0));
    return *this;
}

test_operator& test_operator::account_expires(std::chrono::seconds in) {
    account_expires_ = in;
    return *this;
}

std::string test_operator::config() const {
    return "operator: " + operator_jwt_ + "\nsystem_account: " + system_.public_key() +
           "\nresolver: MEMORY\nresolver_preload: {\n  " + system_.public_key() + ": " +
           account_jwt(system_, "SYS") + "\n  " + account_.public_key() + ": " +
           account_jwt(account_, "ACC") + "\n}\n";
}

std::string test_operator::account_jwt(const test_nkey& account, std::string_view name) const {
    const json::object limits{{"subs", -1},    {"conn", -1}, {"leaf", -1},    {"imports", -1},
                              {"exports", -1}, {"data", -1}, {"payload", -1}, {"wildcards", true}};
    json::object claims{{"sub", account.public_key()}, {"name", name}};
    json::object nats{{"type", "account"}, {"version", 2}, {"limits", limits}};
    if (&account == &account_) {
        if (!callout_service_.empty())
            nats["authorization"] = json::object{{"auth_users", json::array{callout_service_}}};
        if (!revocations_.empty())
            nats["revocations"] = revocations_;
        if (account_expires_.count() != 0)
            claims["exp"] = seconds_from_now(account_expires_);
    }
    claims["nats"] = std::move(nats);
    return make_jwt(std::move(claims), operator_);
}

std::string test_operator::user_jwt(const test_nkey& user, const user_claims& claims) const {
    return make_jwt(claims.made_for(user.public_key()), account_);
}

std::string credentials_text(std::string_view jwt, std::string_view seed) {
    std::string text;
    text.reserve(jwt.size() + seed.size() + 1000); // leaves no copy behind while it grows
    text += "-----BEGIN NATS USER JWT-----\n";
    text.append(jwt).append("\n------END NATS USER JWT------\n\n");
    text += "************************* IMPORTANT *************************\n"
            "NKEY Seed printed below can be used to sign and prove identity.\n"
            "NKEYs are sensitive and should be treated as secrets.\n\n"
            "-----BEGIN USER NKEY SEED-----\n";
    text.append(seed).append("\n------END USER NKEY SEED------\n\n");
    text += "*************************************************************\n";
    return text;
}

} // namespace conats::test
