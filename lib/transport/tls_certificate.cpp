// SPDX-License-Identifier: Apache-2.0
#include "transport/tls_certificate.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <openssl/bn.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

namespace ip = boost::asio::ip;

using bn_ptr = std::unique_ptr<BIGNUM, openssl_deleter<&BN_free>>;
struct text_deleter {
    void operator()(char* text) const noexcept { OPENSSL_free(text); } // a macro
};
using text_ptr = std::unique_ptr<char, text_deleter>;
using names_ptr = std::unique_ptr<GENERAL_NAMES, openssl_deleter<&GENERAL_NAMES_free>>;

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio, &data);
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

// Without ASN1_STRFLGS_ESC_MSB, so that UTF-8 stays what it is; control characters are escaped.
std::string text_of(const X509_NAME* name) {
    const bio_ptr out(BIO_new(BIO_s_mem()));
    constexpr unsigned long flags =
        XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB);
    if (out == nullptr || X509_NAME_print_ex(out.get(), name, 0, flags) < 0)
        return {};
    return text_of(out.get());
}

std::string text_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1)
        return {};
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), size};
}

std::string serial_of(const X509* certificate) {
    const bn_ptr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
    const text_ptr digits(number ? BN_bn2hex(number.get()) : nullptr);
    return digits ? digits.get() : std::string();
}

std::string fingerprint_of(const X509* certificate) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1)
        return {};
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (unsigned i = 0; i != size; ++i) {
        text += digits[digest.at(i) >> 4U];
        text += digits[digest.at(i) & 15U];
    }
    return text;
}

std::string text_of(const GENERAL_NAME& name) {
    int type = 0;
    const auto* const value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(&name, &type));
    if (type != GEN_DNS && type != GEN_IPADD)
        return {};
    const unsigned char* const data = ASN1_STRING_get0_data(value);
    const auto size = static_cast<std::size_t>(ASN1_STRING_length(value));
    if (type == GEN_DNS) {
        std::string host(reinterpret_cast<const char*>(data), size);
        std::replace_if(host.begin(), host.end(), [](char c) { return c <= ' ' || c > '~'; }, '?');
        return host;
    }
    ip::address_v4::bytes_type v4{};
    ip::address_v6::bytes_type v6{};
    if (size == v4.size()) {
        std::copy_n(data, size, v4.begin());
        return ip::address_v4(v4).to_string();
    }
    if (size == v6.size()) {
        std::copy_n(data, size, v6.begin());
        return ip::address_v6(v6).to_string();
    }
    return {};
}

std::vector<std::string> names_of(const X509* certificate) {
    const names_ptr names(static_cast<GENERAL_NAMES*>(
        X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    std::vector<std::string> all;
    for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) { // -1 for null
        std::string text = text_of(*sk_GENERAL_NAME_value(names.get(), i));
        if (!text.empty())
            all.push_back(std::move(text));
    }
    return all;
}

/// Some, so that the line stays one.
std::string list_of(const std::vector<std::string>& names) {
    constexpr std::size_t most = 5;
    std::string text;
    for (std::size_t i = 0; i != std::min(names.size(), most); ++i)
        text += (i == 0 ? "'" : ", '") + names[i] + "'";
    if (names.size() > most)
        text += " and " + std::to_string(names.size() - most) + " more";
    return text;
}

} // namespace

tls_certificate describe_certificate(const X509* certificate) {
    tls_certificate c;
    if (certificate == nullptr)
        return c;
    c.subject = text_of(X509_get_subject_name(certificate));
    c.issuer = text_of(X509_get_issuer_name(certificate));
    c.serial = serial_of(certificate);
    c.not_before = text_of(X509_get0_notBefore(certificate));
    c.not_after = text_of(X509_get0_notAfter(certificate));
    c.fingerprint = fingerprint_of(certificate);
    c.names = names_of(certificate);
    return c;
}

std::string describe_verdict(int verdict, const tls_certificate& certificate,
                             const std::string& name) {
    std::string text = X509_verify_cert_error_string(verdict);
    switch (verdict) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        text += ": it is for ";
        text += certificate.names.empty() ? "no name at all (it has no subjectAltName)"
                                          : list_of(certificate.names);
        return text + ", not for '" + name + "'";
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return text + " (of \"" + certificate.subject + "\", good until " + certificate.not_after +
               ")";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return text + " (of \"" + certificate.subject + "\", good from " + certificate.not_before +
               ")";
    default:
        return text + " (of \"" + certificate.subject + "\", issued by \"" + certificate.issuer +
               "\")";
    }
}

} // namespace impl
} // namespace v0
} // namespace conats
