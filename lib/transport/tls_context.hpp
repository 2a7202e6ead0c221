// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/openssl.hpp"

#include <conats/error.hpp>
#include <conats/tls_context.hpp>
#include <conats/tls_options.hpp>

#include <memory>
#include <string>

namespace conats {
inline namespace v0 {
namespace impl {

/// What a `tls_engine` lets the checking of the server's certificate know, and is told by it.
class peer_check {
public:
    std::string name;               ///< in: what the certificate has to be for
    std::string refusal;            ///< out: why it was refused
    bool certificate_asked = false; ///< out: the server wants one of ours, and we have none
};

/// An SSL_CTX made from options. Immutable, so that any number of handshakes may share it.
class ssl_context {
public:
    ssl_context() = default;
    ssl_context(const ssl_context&) = delete;
    ssl_context& operator=(const ssl_context&) = delete;

    /// Reads the files that the options name. Null with `failure` if that is not possible.
    static std::shared_ptr<const ssl_context> make(const tls_options& options, error& failure);
    /// The context that the options hand over or ask for, else `make`.
    static std::shared_ptr<const ssl_context> find(const tls_options& options, error& failure);
    /// Whether `find` may return something else the next time: not what the system trusts, which
    /// is taken for fixed.
    [[nodiscard]] static bool may_change(const tls_options& options) noexcept;

    [[nodiscard]] SSL_CTX* native() const noexcept { return context_.get(); }
    [[nodiscard]] bool verifies() const noexcept { return verifies_; }

    /// A client's side of a connection. `check` has to outlive it, and it must not outlive this.
    /// Null with `failure` if OpenSSL does not take the name.
    [[nodiscard]] ssl_ptr new_session(peer_check& check, error& failure) const;

private:
    error load(const tls_options& options);
    void apply_versions(const tls_options& options) const;
    [[nodiscard]] error apply_lists(const tls_options& options) const;

    static int verify(X509_STORE_CTX* store, void* self);
    static int on_certificate_asked(SSL* ssl, X509** certificate, EVP_PKEY** key);
    [[nodiscard]] int judge(X509_STORE_CTX& store, peer_check& check) const;
    [[nodiscard]] bool ask_user(const tls_verification& question, peer_check& check) const;

    ssl_ctx_ptr context_;
    tls_verify_function user_verify_;
    bool verifies_ = true;
};

/// The name to verify and to send: `set` by the user, or else `host` of the address, without the
/// dot at the end that only DNS knows.
[[nodiscard]] std::string tls_name_of(const std::string& set, const std::string& host);

} // namespace impl
} // namespace v0
} // namespace conats
