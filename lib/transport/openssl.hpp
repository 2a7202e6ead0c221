// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

namespace conats {
inline namespace v0 {
namespace impl {

/// Frees by a function of OpenSSL.
template <auto Free>
struct openssl_deleter {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

using bio_ptr = std::unique_ptr<BIO, openssl_deleter<&BIO_free_all>>;
using pkcs12_ptr = std::unique_ptr<PKCS12, openssl_deleter<&PKCS12_free>>;
using pkey_ptr = std::unique_ptr<EVP_PKEY, openssl_deleter<&EVP_PKEY_free>>;
using ssl_ctx_ptr = std::unique_ptr<SSL_CTX, openssl_deleter<&SSL_CTX_free>>;
using ssl_ptr = std::unique_ptr<SSL, openssl_deleter<&SSL_free>>;
using x509_ptr = std::unique_ptr<X509, openssl_deleter<&X509_free>>;

/// Codes of OpenSSL's error queue, and of `tls_fault`, in one number each.
[[nodiscard]] const boost::system::error_category& tls_category() noexcept;

/// What OpenSSL has no code for.
enum class tls_fault : int {
    no_reason = -1,         ///< OpenSSL failed and does not say why
    certificate_absent = -2 ///< closed by a server that asked for a certificate and got none
};

[[nodiscard]] error_code make_tls_error(tls_fault f) noexcept;
/// `code` is one of OpenSSL's error queue; 0: `no_reason`.
[[nodiscard]] error_code make_tls_error(unsigned long code) noexcept;

/// Takes what this thread's error queue holds, and returns its first entry in words: one of
/// OpenSSL's fixed texts, so never content of a file.
[[nodiscard]] std::string take_openssl_reason();

} // namespace impl
} // namespace v0
} // namespace conats
