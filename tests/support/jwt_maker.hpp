// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "protocol/nkey.hpp"

#include <conats/secret.hpp>

#include <boost/json/object.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace conats::test {

/// An NKey made for a test, of random bytes.
class test_nkey {
public:
    explicit test_nkey(impl::nkey_kind kind = impl::nkey_kind::user_key);

    [[nodiscard]] const std::string& public_key() const { return pair_.public_key(); }
    [[nodiscard]] const secret& seed() const { return seed_; }
    /// The seed as text.
    [[nodiscard]] std::string seed_text() const { return std::string(seed_.reveal()); }
    /// 64 bytes.
    [[nodiscard]] std::string sign(std::string_view message) const;

private:
    impl::nkey_pair pair_;
    secret seed_;
};

/// A JWT as nats-server takes it, signed by `issuer`; `iss`, `iat` and `jti` are added.
[[nodiscard]] std::string make_jwt(boost::json::object claims, const test_nkey& issuer);
/// What a JWT says; its signature is not looked at.
[[nodiscard]] boost::json::object claims_of(std::string_view jwt);

/// What a user's JWT says beyond who it is for. A class with setters and not an aggregate, for
/// g++ 12.
class user_claims {
public:
    user_claims() {} // not an aggregate, for g++ 12

    user_claims& name(std::string text);
    /// Nobody has to prove that it is his.
    user_claims& bearer();
    /// From now; negative: in the past.
    user_claims& expires(std::chrono::seconds in);
    /// For servers without an operator: the account's name.
    user_claims& audience(std::string account);

    [[nodiscard]] boost::json::object made_for(std::string_view user) const;

private:
    std::string name_ = "user";
    std::string audience_;
    std::chrono::seconds expires_{0};
    bool bearer_ = false;
};

/// An operator with a system account and an account for users, and the server that trusts it.
class test_operator {
public:
    test_operator();

    /// Hands the decision over the account's other users to an auth callout service (ADR-26) that
    /// connects as this user.
    test_operator& callout_by(const test_nkey& service);
    /// From the account's next JWT on, which config() makes, this user's JWTs made so far are void.
    test_operator& revoke(const test_nkey& user);
    /// The account's next JWT expires, from now; zero: never.
    test_operator& account_expires(std::chrono::seconds in);

    /// What a server in operator mode has in its config, all accounts included.
    [[nodiscard]] std::string config() const;
    [[nodiscard]] std::string user_jwt(const test_nkey& user, const user_claims& claims = {}) const;
    [[nodiscard]] const test_nkey& account() const { return account_; }

private:
    [[nodiscard]] std::string account_jwt(const test_nkey& account, std::string_view name) const;

    test_nkey operator_;
    test_nkey system_;
    test_nkey account_;
    std::string operator_jwt_; ///< once made it stays, since servers do not reload with another one
    std::string callout_service_;
    boost::json::object revocations_;
    std::chrono::seconds account_expires_{0};
};

/// The text of a credentials file, as nsc writes it.
[[nodiscard]] std::string credentials_text(std::string_view jwt, std::string_view seed);

} // namespace conats::test
