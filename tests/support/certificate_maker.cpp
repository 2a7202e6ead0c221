// SPDX-License-Identifier: Apache-2.0

#include "support/certificate_maker.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdint>
#include <stdexcept>

namespace conats::test {

namespace {

template <auto Free>
struct freed_by {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

void free_certificates(STACK_OF(X509) * all) {
    sk_X509_pop_free(all, X509_free);
}

using bio_ptr = std::unique_ptr<BIO, freed_by<&BIO_free_all>>;
using certificate_ptr = std::unique_ptr<X509, freed_by<&X509_free>>;
using certificates_ptr = std::unique_ptr<STACK_OF(X509), freed_by<&free_certificates>>;
using extension_ptr = std::unique_ptr<X509_EXTENSION, freed_by<&X509_EXTENSION_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<&EVP_PKEY_free>>;
using pkcs12_ptr = std::unique_ptr<PKCS12, freed_by<&PKCS12_free>>;

void must(bool done) {
    if (!done)
        throw std::runtime_error("OpenSSL cannot make a certificate");
}

template <class T>
T* must(T* made) {
    must(made != nullptr);
    return made;
}

std::string written(const bio_ptr& bio) {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

bio_ptr memory() {
    return bio_ptr(must(BIO_new(BIO_s_mem())));
}

bio_ptr memory(const std::string& text) {
    return bio_ptr(must(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))));
}

std::string to_pem(X509* value) {
    const auto bio = memory();
    must(PEM_write_bio_X509(bio.get(), value) == 1);
    return written(bio);
}

std::string to_pem(EVP_PKEY* value) {
    const auto bio = memory();
    must(PEM_write_bio_PKCS8PrivateKey(bio.get(), value, nullptr, nullptr, 0, nullptr, nullptr) ==
         1);
    return written(bio);
}

key_ptr read_key(const std::string& pem) {
    return key_ptr(must(PEM_read_bio_PrivateKey(memory(pem).get(), nullptr, nullptr, nullptr)));
}

certificates_ptr read_certificates(const std::string& pem) {
    certificates_ptr all(must(sk_X509_new_null()));
    const auto bio = memory(pem);
    while (X509* const one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr))
        must(sk_X509_push(all.get(), one) > 0);
    return all;
}

void set_serial(X509* to) {
    std::uint64_t number = 0;
    must(RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number) == 1);
    must(ASN1_INTEGER_set_uint64(X509_get_serialNumber(to), number >> 1U) == 1);
}

void add_extension(X509* to, X509* issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    const extension_ptr made(must(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str())));
    must(X509_add_ext(to, made.get(), -1) == 1);
}

/// Without extensions and signature.
certificate_ptr blank(std::string_view common_name, int from, int until, EVP_PKEY* key) {
    constexpr long day = 24L * 60 * 60;
    certificate_ptr made(must(X509_new()));
    must(X509_set_version(made.get(), X509_VERSION_3) == 1);
    set_serial(made.get());
    must(X509_gmtime_adj(X509_getm_notBefore(made.get()), from * day) != nullptr);
    must(X509_gmtime_adj(X509_getm_notAfter(made.get()), until * day) != nullptr);
    must(X509_set_pubkey(made.get(), key) == 1);
    must(X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common_name.data()),
                                    static_cast<int>(common_name.size()), -1, 0) == 1);
    return made;
}

/// What a certificate of a server or a client says of its names and purpose.
void add_purpose(X509* to, X509* issuer, const std::vector<std::string>& names) {
    std::string alternatives;
    for (const std::string& each : names)
        alternatives += (alternatives.empty() ? "" : ",") + each;
    if (!alternatives.empty())
        add_extension(to, issuer, NID_subject_alt_name, alternatives);
    add_extension(to, issuer, NID_ext_key_usage, "serverAuth,clientAuth");
}

void sign_by(X509* what, const X509* issuer, EVP_PKEY* key) {
    must(X509_set_issuer_name(what, X509_get_subject_name(issuer)) == 1);
    must(X509_sign(what, key, EVP_sha256()) > 0);
}

} // namespace

class certificate_authority::impl {
public:
    impl(std::string_view name, const impl* parent)
        : key(must(EVP_EC_gen("P-256"))),
          own(blank(name, -30, 3650, key.get())) {
        add_extension(own.get(), own.get(), NID_basic_constraints, "critical,CA:TRUE");
        add_extension(own.get(), own.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
        add_extension(own.get(), own.get(), NID_subject_key_identifier, "hash");
        if (parent == nullptr)
            sign(own.get());
        else
            parent->sign(own.get());
        if (parent != nullptr)
            chain = to_pem(own.get()) + parent->chain;
    }

    void sign(X509* what) const { sign_by(what, own.get(), key.get()); }

    key_ptr key;
    certificate_ptr own;
    std::string chain; // up to the root, without it
};

certificate_authority::certificate_authority(std::string_view name)
    : impl_(std::make_unique<impl>(name, nullptr)) {}
certificate_authority::certificate_authority(std::unique_ptr<impl> made) : impl_(std::move(made)) {}
certificate_authority::certificate_authority(certificate_authority&&) noexcept = default;
certificate_authority::~certificate_authority() = default;

std::string certificate_authority::pem() const {
    return to_pem(impl_->own.get());
}

certificate certificate_authority::issue(const certificate_request& request) const {
    const key_ptr key(must(EVP_EC_gen("P-256")));
    const auto made = blank(request.name_, request.from_, request.until_, key.get());
    add_purpose(made.get(), impl_->own.get(), request.alternatives_);
    impl_->sign(made.get());
    certificate result;
    result.pem = to_pem(made.get()) + impl_->chain;
    result.key = to_pem(key.get());
    return result;
}

certificate self_signed(const certificate_request& request) {
    const key_ptr key(must(EVP_EC_gen("P-256")));
    const auto made = blank(request.name_, request.from_, request.until_, key.get());
    add_purpose(made.get(), made.get(), request.alternatives_);
    sign_by(made.get(), made.get(), key.get());
    certificate result;
    result.pem = to_pem(made.get());
    result.key = to_pem(key.get());
    return result;
}

certificate_authority certificate_authority::intermediate(std::string_view name) const {
    return certificate_authority(std::make_unique<impl>(name, impl_.get()));
}

certificate certificate_authority::server() const {
    return issue(certificate_request("a server")
                     .name("DNS:localhost")
                     .name("IP:127.0.0.1")
                     .name("IP:0:0:0:0:0:0:0:1"));
}

certificate certificate_authority::stranger() const {
    return issue(certificate_request("127.0.0.1").name("DNS:stranger.test"));
}

certificate certificate_authority::client(std::string_view name) const {
    return issue(certificate_request(std::string(name)).name("email:" + std::string(name)));
}

std::string certificate::encrypted_key(const std::string& password) const {
    const auto bio = memory();
    must(PEM_write_bio_PKCS8PrivateKey(bio.get(), read_key(key).get(), EVP_aes_256_cbc(),
                                       password.data(), static_cast<int>(password.size()), nullptr,
                                       nullptr) == 1);
    return written(bio);
}

std::string certificate::pkcs12(const std::string& password) const {
    const auto all = read_certificates(pem);
    const certificate_ptr leaf(sk_X509_shift(all.get()));
    const auto own_key = read_key(key);
    const pkcs12_ptr made(must(PKCS12_create(password.c_str(), "test", own_key.get(), leaf.get(),
                                             all.get(), 0, 0, 0, 0, 0)));
    const auto bio = memory();
    must(i2d_PKCS12_bio(bio.get(), made.get()) == 1);
    return written(bio);
}

std::string certificate::fingerprint() const {
    const auto all = read_certificates(pem);
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    must(X509_digest(sk_X509_value(all.get(), 0), EVP_sha256(), digest.data(), &size) == 1);
    std::string text;
    for (unsigned i = 0; i != size; ++i)
        for (const unsigned half : {digest.at(i) / 16U, digest.at(i) % 16U})
            text += "0123456789abcdef"[half];
    return text;
}

} // namespace conats::test
