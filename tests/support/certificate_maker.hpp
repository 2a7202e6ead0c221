// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conats::test {

/// A certificate and its key in PEM form.
class certificate {
public:
    std::string pem; ///< with those between it and the CA behind it
    std::string key; ///< not encrypted

    certificate() {} // not an aggregate, for g++ 12

    /// The key, encrypted.
    [[nodiscard]] std::string encrypted_key(const std::string& password) const;
    /// Certificate, chain and key as PKCS#12.
    [[nodiscard]] std::string pkcs12(const std::string& password) const;
    [[nodiscard]] std::string fingerprint() const; ///< SHA-256, hexadecimal
};

/// What a certificate is to say.
class certificate_request {
public:
    explicit certificate_request(std::string common_name) : name_(std::move(common_name)) {}

    /// A subjectAltName as OpenSSL writes it: "DNS:localhost", "IP:127.0.0.1".
    certificate_request& name(std::string alternative) {
        alternatives_.push_back(std::move(alternative));
        return *this;
    }
    /// Days from now.
    certificate_request& valid(int from, int until) {
        from_ = from;
        until_ = until;
        return *this;
    }

private:
    friend class certificate_authority;
    friend certificate self_signed(const certificate_request& request);

    std::string name_;
    std::vector<std::string> alternatives_;
    int from_ = -1;
    int until_ = 365;
};

/// One that vouches for itself alone, and is no CA.
[[nodiscard]] certificate self_signed(const certificate_request& request);

/// Makes certificates at run time, with P-256 keys.
///
///     certificate_authority ca;
///     scratch.write("server.pem", ca.server().pem);
class certificate_authority {
public:
    explicit certificate_authority(std::string_view name = "conats test CA");
    certificate_authority(certificate_authority&&) noexcept;
    ~certificate_authority();

    /// Its own certificate.
    [[nodiscard]] std::string pem() const;
    [[nodiscard]] certificate issue(const certificate_request& request) const;
    /// One that signs for this one: what it issues has its certificate behind it.
    [[nodiscard]] certificate_authority intermediate(std::string_view name) const;

    /// For localhost, 127.0.0.1 and ::1.
    [[nodiscard]] certificate server() const;
    /// For one host that does not exist.
    [[nodiscard]] certificate stranger() const;
    [[nodiscard]] certificate client(std::string_view name) const;

private:
    class impl;
    explicit certificate_authority(std::unique_ptr<impl> made);

    std::unique_ptr<impl> impl_;
};

} // namespace conats::test
