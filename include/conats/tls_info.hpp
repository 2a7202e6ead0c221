// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>

#include <string>
#include <vector>

namespace conats {
inline namespace v0 {

/// What a certificate says, in text. Names come from the other side: print them, do not trust
/// their form. A value.
struct CONATS_EXPORT tls_certificate {
    tls_certificate();
    tls_certificate(const tls_certificate&);
    tls_certificate(tls_certificate&&) noexcept;
    tls_certificate& operator=(const tls_certificate&);
    tls_certificate& operator=(tls_certificate&&) noexcept;
    ~tls_certificate();

    std::string subject;            ///< RFC 2253, as "CN=nats.example,O=Example"
    std::string issuer;             ///< likewise
    std::string serial;             ///< hexadecimal, upper case
    std::string not_before;         ///< "2026-01-31T23:59:59Z"
    std::string not_after;          ///< likewise
    std::string fingerprint;        ///< SHA-256 of the whole certificate, hexadecimal, lower case
    std::vector<std::string> names; ///< the hosts and IP addresses it is for (subjectAltName)
};

/// The encryption of a connection. A value; false where there is none.
struct CONATS_EXPORT tls_info {
    tls_info();
    tls_info(const tls_info&);
    tls_info(tls_info&&) noexcept;
    tls_info& operator=(const tls_info&);
    tls_info& operator=(tls_info&&) noexcept;
    ~tls_info();

    /// Whether the connection is encrypted.
    [[nodiscard]] explicit operator bool() const noexcept { return !version.empty(); }

    std::string version;     ///< "TLSv1.3"; empty where the connection is not encrypted
    std::string cipher;      ///< "TLS_AES_128_GCM_SHA256"
    std::string alpn;        ///< the protocol agreed on by ALPN; empty if none
    std::string server_name; ///< the host or IP address that the certificate had to be for
    tls_certificate peer;    ///< the server's
    bool verified = false;   ///< false after `tls_options::insecure_skip_verify`
};

} // namespace v0
} // namespace conats
