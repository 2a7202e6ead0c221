// SPDX-License-Identifier: Apache-2.0
#include "transport/tls_context.hpp"

#include "support/thrown_text.hpp"
#include "transport/tls_certificate.hpp"
#include "transport/tls_material.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <exception>
#include <new>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

int number_of(tls_version v) {
    return v == tls_version::tls_1_2 ? TLS1_2_VERSION : TLS1_3_VERSION;
}

bool is_ip(const std::string& name) {
    error_code ec;
    (void)boost::asio::ip::make_address(name, ec);
    return !ec;
}

/// Each protocol behind a byte that tells its size.
std::string on_the_wire(const std::vector<std::string>& protocols) {
    std::string wire;
    for (const std::string& p : protocols)
        wire.append(1, static_cast<char>(static_cast<unsigned char>(p.size()))).append(p);
    return wire;
}

error not_usable(const char* option) {
    return {errc::tls_configuration_invalid, std::string(option) + ": " + take_openssl_reason()};
}

// Standard names of hosts only: no common name, and no "a*.example".
bool expect_name(SSL& ssl, const std::string& name) {
    X509_VERIFY_PARAM* const rules = SSL_get0_param(&ssl);
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                               X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (is_ip(name))
        return X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str()) == 1;
    return X509_VERIFY_PARAM_set1_host(rules, name.data(), name.size()) == 1 &&
           SSL_set_tlsext_host_name(&ssl, name.c_str()) == 1; // SNI: never an IP address
}

} // namespace

std::shared_ptr<const ssl_context> ssl_context::make(const tls_options& options, error& failure) {
    const auto made = std::make_shared<ssl_context>();
    failure = made->load(options);
    return failure ? nullptr : made;
}

std::shared_ptr<const ssl_context> ssl_context::find(const tls_options& options, error& failure) {
    if (options.context())
        return options.context().state();
    if (!options.context_provider())
        return make(options, failure);
    std::string words = "it returned an empty context";
    try {
        if (const tls_context given = options.context_provider()())
            return given.state();
    } catch (...) {
        words = thrown_text();
    }
    failure = error(errc::tls_configuration_invalid, "context_provider: " + words);
    return nullptr;
}

bool ssl_context::may_change(const tls_options& o) noexcept {
    return o.context_provider() || !o.ca_file().empty() || !o.ca_directory().empty() ||
           !o.certificate_file().empty() || !o.key_file().empty() || !o.pkcs12_file().empty();
}

error ssl_context::load(const tls_options& o) {
    ERR_clear_error();
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (context_ == nullptr)
        throw std::bad_alloc();
    SSL_CTX& c = *context_;
    apply_versions(o);
    // One record a call, from wherever the bytes now are; and a turn for us after each record that
    // is no data, so that what it makes OpenSSL answer is sent.
    SSL_CTX_set_mode(&c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_clear_mode(&c, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_options(&c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(&c, SSL_SESS_CACHE_OFF);
    verifies_ = !o.insecure_skip_verify();
    user_verify_ = o.verify();
    SSL_CTX_set_verify(&c, verifies_ ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_cert_verify_callback(&c, &ssl_context::verify, this);
    SSL_CTX_set_client_cert_cb(&c, &ssl_context::on_certificate_asked);
    if (error e = apply_lists(o))
        return e;
    if (error e = load_trust(o, c))
        return e;
    return load_identity(o, c);
}

void ssl_context::apply_versions(const tls_options& o) const {
    SSL_CTX_set_min_proto_version(context_.get(), number_of(o.min_version()));
    SSL_CTX_set_max_proto_version(context_.get(), number_of(o.max_version()));
}

error ssl_context::apply_lists(const tls_options& o) const {
    SSL_CTX* const c = context_.get();
    if (!o.ciphers().empty() && SSL_CTX_set_cipher_list(c, o.ciphers().c_str()) != 1)
        return not_usable("ciphers");
    if (!o.cipher_suites().empty() && SSL_CTX_set_ciphersuites(c, o.cipher_suites().c_str()) != 1)
        return not_usable("cipher_suites");
    if (!o.curves().empty() && SSL_CTX_set1_groups_list(c, o.curves().c_str()) != 1)
        return not_usable("curves");
    const std::string alpn = on_the_wire(o.alpn());
    // This one returns 0 for success.
    if (!alpn.empty() &&
        SSL_CTX_set_alpn_protos(c, reinterpret_cast<const unsigned char*>(alpn.data()),
                                static_cast<unsigned>(alpn.size())) != 0)
        return not_usable("alpn");
    return error();
}

ssl_ptr ssl_context::new_session(peer_check& check, error& failure) const {
    ERR_clear_error();
    ssl_ptr ssl(SSL_new(context_.get()));
    if (ssl == nullptr)
        throw std::bad_alloc();
    SSL_set_connect_state(ssl.get());
    SSL_set_app_data(ssl.get(), &check);
    if (expect_name(*ssl, check.name))
        return ssl;
    failure = error(errc::tls_handshake_failed,
                    "'" + check.name + "' is no name TLS can verify: " + take_openssl_reason());
    return nullptr;
}

int ssl_context::verify(X509_STORE_CTX* store, void* self) {
    const auto* const ssl =
        static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto& check = *static_cast<peer_check*>(SSL_get_app_data(ssl));
    try {
        return static_cast<const ssl_context*>(self)->judge(*store, check);
    } catch (const std::exception&) { // no memory; C is between here and who could catch it
        X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
        return 0;
    }
}

// Called only where no certificate of ours is loaded.
int ssl_context::on_certificate_asked(SSL* ssl, X509** /*certificate*/, EVP_PKEY** /*key*/) {
    static_cast<peer_check*>(SSL_get_app_data(ssl))->certificate_asked = true;
    return 0;
}

int ssl_context::judge(X509_STORE_CTX& store, peer_check& check) const {
    if (!verifies_)
        return 1;
    tls_verification question;
    question.server_name(check.name);
    if (X509_verify_cert(&store) != 1) {
        const int verdict = X509_STORE_CTX_get_error(&store);
        const auto about = describe_certificate(X509_STORE_CTX_get_current_cert(&store));
        question.reason(describe_verdict(verdict, about, check.name));
    }
    ERR_clear_error(); // the chain's; what counts is the verdict
    if (!user_verify_) {
        check.refusal = question.reason();
        return question.ok() ? 1 : 0;
    }
    question.certificate(describe_certificate(X509_STORE_CTX_get0_cert(&store)));
    const bool accepted = ask_user(question, check);
    X509_STORE_CTX_set_error(&store, accepted ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
    return accepted ? 1 : 0;
}

bool ssl_context::ask_user(const tls_verification& question, peer_check& check) const {
    try {
        if (user_verify_(question))
            return true;
        check.refusal = "refused by the verify function";
    } catch (...) {
        check.refusal = "the verify function failed: " + thrown_text();
    }
    if (!question.ok())
        check.refusal += "; " + question.reason();
    return false;
}

std::string tls_name_of(const std::string& set, const std::string& host) {
    std::string name = set.empty() ? host : set;
    if (name.ends_with('.'))
        name.pop_back();
    return name;
}

} // namespace impl

tls_context::tls_context() noexcept = default;

tls_context::tls_context(const tls_options& options) {
    error e;
    tls_context made(options, e);
    if (e)
        throw system_error(std::move(e));
    *this = std::move(made);
}

tls_context::tls_context(const tls_options& options, error& e) {
    e = options.validate();
    if (!e)
        state_ = impl::ssl_context::find(options, e);
}

tls_context::tls_context(std::shared_ptr<const impl::ssl_context> state) noexcept
    : state_(std::move(state)) {}
tls_context::tls_context(const tls_context&) noexcept = default;
tls_context::tls_context(tls_context&&) noexcept = default;
tls_context& tls_context::operator=(const tls_context&) noexcept = default;
tls_context& tls_context::operator=(tls_context&&) noexcept = default;
tls_context::~tls_context() = default;

void* tls_context::native_handle() const noexcept {
    return state_ ? state_->native() : nullptr;
}

} // namespace v0
} // namespace conats
