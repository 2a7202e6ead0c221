// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/export.hpp>
#include <conats/secret.hpp>
#include <conats/tls_context.hpp>
#include <conats/tls_info.hpp>

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {

/// A version of the protocol.
enum class tls_version : std::uint8_t {
    tls_1_2, ///< TLS 1.2, the oldest there is here
    tls_1_3  ///< TLS 1.3
};

CONATS_EXPORT std::string_view to_string(tls_version v) noexcept;
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, tls_version v);

/// What a verify function is asked to judge.
class CONATS_EXPORT tls_verification {
public:
    tls_verification();
    tls_verification(const tls_verification&);
    tls_verification(tls_verification&&) noexcept;
    tls_verification& operator=(const tls_verification&);
    tls_verification& operator=(tls_verification&&) noexcept;
    ~tls_verification();

    /// Whether chain, dates and name are in order.
    [[nodiscard]] bool ok() const noexcept { return reason_.empty(); }
    /// What is not, in words; empty if all is.
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }
    /// The host or IP address that the certificate has to be for.
    [[nodiscard]] const std::string& server_name() const noexcept { return server_name_; }
    /// The server's own certificate.
    [[nodiscard]] const tls_certificate& certificate() const noexcept { return certificate_; }

    tls_verification& reason(std::string text) {
        reason_ = std::move(text);
        return *this;
    }
    tls_verification& server_name(std::string name) {
        server_name_ = std::move(name);
        return *this;
    }
    tls_verification& certificate(tls_certificate c) {
        certificate_ = std::move(c);
        return *this;
    }

private:
    std::string reason_;
    std::string server_name_;
    tls_certificate certificate_;
};

/// Has the last word on a server's certificate: true accepts it, also against `ok()`. Runs within
/// the handshake, on a thread of the client's executor; it must not block. What it throws counts
/// as false. With a shared context it may run on several threads at once.
using tls_verify_function = std::function<bool(const tls_verification&)>;

/// Makes the context for one attempt to connect. Runs as a verify function does; what it throws
/// ends the attempt with `tls_configuration_invalid`.
using tls_context_provider = std::function<tls_context()>;

/// How a connection is encrypted. A value; each setter returns `*this`, and an empty text is "not
/// set". Nothing is read or checked before `connect` or `tls_context`.
///
/// Without any option: TLS 1.2 or 1.3, trust in what the system trusts, and a certificate that is
/// for the host of the address (by subjectAltName; the common name is not looked at).
///
/// Files are read anew at every attempt to connect, so replaced certificates are used from the
/// next one on; what the system trusts is read once per client. Reading takes a thread of the
/// client's executor for 0.1 to 100 ms, the system's certificates being the most: see
/// `tls_context`. A file that cannot be used is `tls_configuration_invalid`, which names file and
/// reason, before anything is sent.
///
/// Printing it shows names of files and no secret.
class CONATS_EXPORT tls_options {
public:
    tls_options();
    tls_options(const tls_options&);
    tls_options(tls_options&&) noexcept;
    tls_options& operator=(const tls_options&);
    tls_options& operator=(tls_options&&) noexcept;
    ~tls_options();

    // --- Whom to trust. Any of these replaces what the system trusts; together they add up.

    /// A file with one or more certificates in PEM form.
    tls_options& ca_file(std::string path);
    [[nodiscard]] const std::string& ca_file() const noexcept { return ca_file_; }
    /// All files with certificates in PEM form in a directory, whatever their names. Others in it
    /// are passed over.
    tls_options& ca_directory(std::string path);
    [[nodiscard]] const std::string& ca_directory() const noexcept { return ca_directory_; }
    /// One or more certificates in PEM form.
    tls_options& ca_pem(std::string text);
    [[nodiscard]] const std::string& ca_pem() const noexcept { return ca_pem_; }

    // --- Who we are, for servers that verify clients: certificate and key, or PKCS#12.

    /// Our certificate in PEM form, followed by those between it and the CA. Needs a key.
    tls_options& certificate_file(std::string path);
    [[nodiscard]] const std::string& certificate_file() const noexcept { return certificate_file_; }
    tls_options& certificate_pem(std::string text); ///< the same as text
    [[nodiscard]] const std::string& certificate_pem() const noexcept { return certificate_pem_; }
    /// The certificate's private key in PEM form; may be the certificate's own file.
    tls_options& key_file(std::string path);
    [[nodiscard]] const std::string& key_file() const noexcept { return key_file_; }
    tls_options& key_pem(secret text); ///< the same as text
    [[nodiscard]] const secret& key_pem() const noexcept { return key_pem_; }
    /// What the key or the PKCS#12 file is encrypted with.
    tls_options& key_password(secret text);
    [[nodiscard]] const secret& key_password() const noexcept { return key_password_; }
    /// Certificate, key and chain in one file.
    tls_options& pkcs12_file(std::string path);
    [[nodiscard]] const std::string& pkcs12_file() const noexcept { return pkcs12_file_; }

    // --- What the server has to show

    /// The host name or IP address its certificate has to be for, instead of the address's host.
    /// A name is also sent to the server (SNI).
    tls_options& server_name(std::string name);
    [[nodiscard]] const std::string& server_name() const noexcept { return server_name_; }
    /// Accepts any certificate: whoever is in between can read and change everything. Raises an
    /// event (`tls_not_verified`) on every connection. Default: off.
    tls_options& insecure_skip_verify(bool on);
    [[nodiscard]] bool insecure_skip_verify() const noexcept { return insecure_skip_verify_; }
    /// Has the last word on the certificate, say to compare its fingerprint. Excludes
    /// `insecure_skip_verify`. Default: none.
    tls_options& verify(tls_verify_function f);
    [[nodiscard]] const tls_verify_function& verify() const noexcept { return verify_; }

    // --- The protocol

    /// Default: TLS 1.2.
    tls_options& min_version(tls_version v);
    [[nodiscard]] tls_version min_version() const noexcept { return min_version_; }
    /// Default: TLS 1.3.
    tls_options& max_version(tls_version v);
    [[nodiscard]] tls_version max_version() const noexcept { return max_version_; }
    /// Those of TLS 1.2, as OpenSSL writes them: "ECDHE+AESGCM:ECDHE+CHACHA20".
    tls_options& ciphers(std::string list);
    [[nodiscard]] const std::string& ciphers() const noexcept { return ciphers_; }
    /// Those of TLS 1.3: "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256".
    tls_options& cipher_suites(std::string list);
    [[nodiscard]] const std::string& cipher_suites() const noexcept { return cipher_suites_; }
    /// Groups of the key exchange: "X25519:P-256".
    tls_options& curves(std::string list);
    [[nodiscard]] const std::string& curves() const noexcept { return curves_; }
    /// Protocols to offer by ALPN, the favourite first, each of 1 to 255 bytes. nats-server asks
    /// for none; a proxy before it may. Default: none.
    tls_options& alpn(std::vector<std::string> protocols);
    [[nodiscard]] const std::vector<std::string>& alpn() const noexcept { return alpn_; }
    /// Encrypts before the server's INFO instead of after it; the server must be told the same
    /// (nats-server >= 2.10.4, `handshake_first`). Default: off.
    tls_options& handshake_first(bool on);
    [[nodiscard]] bool handshake_first() const noexcept { return handshake_first_; }

    // --- Sharing

    /// Uses a context that is loaded already. Excludes all but `server_name` and
    /// `handshake_first`.
    tls_options& context(tls_context c);
    [[nodiscard]] const tls_context& context() const noexcept { return context_; }
    /// Asks for a context at every attempt. Excludes the same, and `context`.
    tls_options& context_provider(tls_context_provider f);
    [[nodiscard]] const tls_context_provider& context_provider() const noexcept {
        return context_provider_;
    }

    /// What contradicts or is malformed, naming the options; no error if nothing. Reads no file.
    [[nodiscard]] error validate() const;

private:
    std::string ca_file_;
    std::string ca_directory_;
    std::string ca_pem_;
    std::string certificate_file_;
    std::string certificate_pem_;
    std::string key_file_;
    secret key_pem_;
    secret key_password_;
    std::string pkcs12_file_;
    std::string server_name_;
    std::string ciphers_;
    std::string cipher_suites_;
    std::string curves_;
    std::vector<std::string> alpn_;
    tls_verify_function verify_;
    tls_context context_;
    tls_context_provider context_provider_;
    tls_version min_version_ = tls_version::tls_1_2;
    tls_version max_version_ = tls_version::tls_1_3;
    bool insecure_skip_verify_ = false;
    bool handshake_first_ = false;
};

/// One line, without secrets.
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, const tls_options& options);

} // namespace v0
} // namespace conats
