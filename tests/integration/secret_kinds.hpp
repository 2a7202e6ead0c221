// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "integration/scratch_directory.hpp"
#include "integration/sieve.hpp"
#include "support/base64.hpp"
#include "support/certificate_maker.hpp"
#include "support/jwt_maker.hpp"
#include "support/test_proxy.hpp"

#include <conats/conats.hpp>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conats::test {

/// What the scripted servers want to have signed.
inline constexpr std::string_view peer_nonce = "R4nd0m";

/// Secrets of one kind, and how a client gets them.
class secret_kind {
public:
    using giver = std::function<void(connect_options&)>;

    secret_kind(std::string_view what, std::vector<std::string> values, giver how, giver wrongly,
                std::string_view what_is_said)
        : name(what),
          hidden(std::make_shared<std::vector<std::string>>(std::move(values))),
          give(std::move(how)),
          give_wrong(std::move(wrongly)),
          complaint(what_is_said) {}

    std::string name;
    std::shared_ptr<std::vector<std::string>> hidden; ///< shared with who makes more of them
    giver give;
    giver give_wrong;      ///< damaged, or by who fails
    std::string complaint; ///< what is said then, or a part of it
    std::string obstacle;  ///< by which all may fail that is meant to fail elsewhere; or empty
};

/// Puts userinfo into an address that has none.
inline void put_userinfo(connect_options& o, const std::string& userinfo) {
    std::string address(o.servers().front().reveal());
    if (address.find('@') != std::string::npos)
        return;
    const auto scheme = address.find("://");
    address.insert(scheme == std::string::npos ? 0 : scheme + 3, userinfo + "@");
    o.servers(address);
}

/// With a digit that is another.
inline std::string damaged(std::string text) {
    char& digit = text[text.size() - 3];
    digit = digit == 'A' ? 'B' : 'A';
    return text;
}

/// All kinds there are, with what they need: files, proxies, keys.
class secret_kinds {
public:
    secret_kinds() {
        add_texts();
        add_providers();
        add_keys();
        add_jwts();
        add_means();
    }

    [[nodiscard]] const std::vector<secret_kind>& all() const { return all_; }

private:
    using giver = secret_kind::giver;

    // All sorts of characters that are written otherwise in URLs and in JSON.
    static constexpr std::string_view token = "s3cr3t \"t0k3n\" 50%/\\@x";
    static constexpr std::string_view user = "wh0 d\"id\\ it";
    static constexpr std::string_view password = "pa55\"w0rd\" %41\\@?\xc3\xbc";

    void add(std::string_view name, std::vector<std::string> hidden, giver how, giver wrongly,
             std::string_view complaint) {
        all_.emplace_back(name, std::move(hidden), std::move(how), std::move(wrongly), complaint);
    }

    void add_texts() {
        using list = std::vector<std::string>;
        const list login{std::string(user), std::string(password)};
        add(
            "token", list{std::string(token)}, [](connect_options& o) { o.token(token); },
            [](connect_options& o) { o.token(token).user(user); }, "token");
        add(
            "user and password", login, [](connect_options& o) { o.user(user).password(password); },
            [](connect_options& o) { o.password(password); }, "password");
        add(
            "token in the URL only", list{std::string(token)},
            [](connect_options& o) { put_userinfo(o, percent_encoded(token)); },
            [](connect_options& o) { put_userinfo(o, percent_encoded(token) + "%x"); },
            "invalid_address");
        const std::string userinfo = percent_encoded(user) + ":" + percent_encoded(password);
        add(
            "user and password in the URL only", login,
            [userinfo](connect_options& o) { put_userinfo(o, userinfo); },
            [userinfo](connect_options& o) { put_userinfo(o, userinfo + "%x"); },
            "invalid_address");
    }

    /// Whose words are told as they are: what they throw is theirs to keep clean.
    void add_providers() {
        add(
            "token provider", {std::string(token)},
            [](connect_options& o) {
                o.token_provider(
                    [](auth_request) -> asio::awaitable<secret> { co_return secret(token); });
            },
            [](connect_options& o) {
                o.token_provider([](auth_request) -> asio::awaitable<secret> {
                    const secret had(token);
                    throw std::runtime_error("the vault is closed");
                    co_return had;
                });
            },
            "the vault is closed");
        add(
            "user provider", {std::string(user), std::string(password)},
            [](connect_options& o) {
                o.user_provider([](auth_request) -> asio::awaitable<user_login> {
                    co_return user_login(user, password);
                });
            },
            [](connect_options& o) {
                o.user_provider([](auth_request) -> asio::awaitable<user_login> {
                    const user_login had(user, password);
                    throw std::runtime_error("the vault is closed");
                    co_return had;
                });
            },
            "the vault is closed");
    }

    /// What a key is hidden by: its seed, and what it makes of the servers' nonce.
    [[nodiscard]] std::vector<std::string> secrets_of_key() const {
        return {key_.seed_text(), key_.sign(peer_nonce)};
    }

    void add_keys() {
        const std::string seed = key_.seed_text();
        add(
            "seed", secrets_of_key(), [seed](connect_options& o) { o.nkey_seed(seed); },
            [seed](connect_options& o) { o.nkey_seed(damaged(seed)); }, "nkey_seed");
        const auto file = files_.write("user.nk", seed).string();
        const auto bad_file = files_.write("bad.nk", damaged(seed)).string();
        add(
            "seed in a file", secrets_of_key(), [file](connect_options& o) { o.nkey_file(file); },
            [bad_file](connect_options& o) { o.nkey_file(bad_file); }, "bad.nk");
        const auto made = std::make_shared<std::vector<std::string>>();
        const test_nkey key = key_;
        const auto sign = [made, key](auth_request r) -> asio::awaitable<std::string> {
            made->push_back(key.sign(r.nonce()));
            co_return made->back();
        };
        const auto sign_another = [made, key](auth_request) -> asio::awaitable<std::string> {
            made->push_back(key.sign("another"));
            co_return made->back();
        };
        const std::string who = key_.public_key();
        add(
            "signer", {}, [who, sign](connect_options& o) { o.nkey(who, sign); },
            [who, sign_another](connect_options& o) { o.nkey(who, sign_another); },
            "the signer failed");
        all_.back().hidden = made;
    }

    void add_jwts() {
        const std::string seed = key_.seed_text();
        const std::string jwt = make_jwt(user_claims().made_for(key_.public_key()), test_nkey());
        auto hidden = secrets_of_key();
        hidden.push_back(jwt);
        add(
            "JWT", hidden, [jwt, seed](connect_options& o) { o.jwt(jwt, seed); },
            [jwt, seed](connect_options& o) { o.jwt(jwt, damaged(seed)); }, "jwt");
        const auto provide = [jwt, seed](auth_request) -> asio::awaitable<user_jwt> {
            co_return user_jwt(jwt, seed);
        };
        const auto provide_damaged = [jwt, seed](auth_request) -> asio::awaitable<user_jwt> {
            co_return user_jwt(jwt, damaged(seed));
        };
        add(
            "JWT provider", hidden, [provide](connect_options& o) { o.jwt_provider(provide); },
            [provide_damaged](connect_options& o) { o.jwt_provider(provide_damaged); },
            "the JWT provider failed: the seed");
        const auto text = credentials_text(jwt, seed);
        const auto bad_text = credentials_text(jwt, damaged(seed));
        add(
            "credentials", hidden, [text](connect_options& o) { o.credentials(text); },
            [bad_text](connect_options& o) { o.credentials(bad_text); }, "credentials");
        const auto file = files_.write("user.creds", text).string();
        const auto bad_file = files_.write("bad.creds", bad_text).string();
        add(
            "credentials file", hidden, [file](connect_options& o) { o.credentials_file(file); },
            [bad_file](connect_options& o) { o.credentials_file(bad_file); }, "bad.creds");
    }

    /// What is no server's to know.
    void add_means() {
        const auto own = authority_.client("me");
        const auto key = own.encrypted_key(std::string(password));
        tls_options tls;
        tls.ca_pem(authority_.pem()).certificate_pem(own.pem).key_pem(key).key_password(password);
        add(
            "password of a TLS key", {std::string(password), body(own.key), body(key)},
            [tls](connect_options& o) { o.tls(tls); },
            [tls](connect_options& o) {
                tls_options wrong = tls;
                o.tls(wrong.key_password(token));
            },
            "tls_configuration_invalid");
        all_.back().hidden->emplace_back(token);
        all_.back().obstacle = "tls_"; // most servers have none
        const std::string userinfo = percent_encoded(user) + ":" + percent_encoded(password);
        for (const bool is_http : {false, true}) {
            proxy_behaviour b;
            b.is_http = is_http;
            b.joins_at_once = true;
            b.user = user;
            b.password = password;
            proxies_.push_back(std::make_unique<test_proxy>(b));
            const std::string url = proxies_.back()->url(userinfo);
            add(
                is_http ? "HTTP proxy's login" : "SOCKS5 proxy's login",
                {std::string(user), std::string(password)},
                [url](connect_options& o) { o.proxy(url); },
                [url](connect_options& o) { o.proxy(url + "x"); }, "proxy");
            all_.back().obstacle = "proxy and a transport that makes its own streams exclude";
        }
    }

    /// Of PEM, without the lines that are no secret.
    static std::string body(const std::string& pem) {
        const auto from = pem.find('\n');
        return pem.substr(from, pem.rfind("\n-----") - from);
    }

    test_nkey key_;
    scratch_directory files_;
    certificate_authority authority_;
    std::vector<std::unique_ptr<test_proxy>> proxies_;
    std::vector<secret_kind> all_;
};

} // namespace conats::test
