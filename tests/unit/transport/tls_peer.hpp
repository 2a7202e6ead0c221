// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/certificate_maker.hpp"
#include "transport/openssl.hpp"
#include "transport/tls_engine.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace conats::test {

/// The server's side, in memory, by OpenSSL itself.
class tls_peer {
public:
    explicit tls_peer(const certificate& own) : context_(SSL_CTX_new(TLS_server_method())) {
        const auto pem = memory(own.pem);
        const impl::x509_ptr leaf(PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr));
        must(SSL_CTX_use_certificate(context_.get(), leaf.get()) == 1);
        while (X509* const more = PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr))
            must(SSL_CTX_add0_chain_cert(context_.get(), more) == 1);
        ERR_clear_error();
        const impl::pkey_ptr key(
            PEM_read_bio_PrivateKey(memory(own.key).get(), nullptr, nullptr, nullptr));
        must(SSL_CTX_use_PrivateKey(context_.get(), key.get()) == 1);
    }

    [[nodiscard]] SSL_CTX* context() { return context_.get(); }

    /// A client needs a certificate of this CA.
    tls_peer& verify_clients(const certificate_authority& ca) {
        const impl::x509_ptr root(
            PEM_read_bio_X509(memory(ca.pem()).get(), nullptr, nullptr, nullptr));
        must(X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), root.get()) == 1);
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                           nullptr);
        return *this;
    }

    tls_peer& only(int version) {
        SSL_CTX_set_min_proto_version(context_.get(), version);
        SSL_CTX_set_max_proto_version(context_.get(), version);
        return *this;
    }

    [[nodiscard]] SSL* ssl() {
        if (!ssl_) {
            ssl_.reset(SSL_new(context_.get()));
            SSL_set_accept_state(ssl_.get());
            SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        }
        return ssl_.get();
    }

    void feed(std::string_view bytes) {
        if (!bytes.empty())
            BIO_write(SSL_get_rbio(ssl()), bytes.data(), static_cast<int>(bytes.size()));
    }
    /// What it has to send.
    std::string take() {
        std::string out(BIO_ctrl_pending(SSL_get_wbio(ssl())), '\0');
        if (!out.empty())
            BIO_read(SSL_get_wbio(ssl()), out.data(), static_cast<int>(out.size()));
        return out;
    }
    /// Goes on with the handshake; its error in words, if it has failed.
    void step() {
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl());
        if (result != 1 && SSL_get_error(ssl(), result) == SSL_ERROR_SSL && failure_.empty())
            failure_ = impl::take_openssl_reason();
        ERR_clear_error();
    }
    [[nodiscard]] bool is_ready() { return SSL_is_init_finished(ssl()) == 1; }
    [[nodiscard]] const std::string& failure() const { return failure_; }

    void write(std::string_view text) {
        must(SSL_write(ssl(), text.data(), static_cast<int>(text.size())) ==
             static_cast<int>(text.size()));
    }
    std::string read() {
        std::string all;
        char buffer[16384];
        for (;;) {
            const int n = SSL_read(ssl(), buffer, sizeof buffer);
            if (n <= 0)
                break;
            all.append(buffer, static_cast<std::size_t>(n));
        }
        ERR_clear_error();
        return all;
    }

private:
    using bio = impl::bio_ptr;

    static void must(bool done) {
        if (!done)
            throw std::runtime_error("the server's side: " + impl::take_openssl_reason());
    }
    static bio memory(const std::string& text) {
        bio made(BIO_new(BIO_s_mem()));
        BIO_write(made.get(), text.data(), static_cast<int>(text.size()));
        return made;
    }

    impl::ssl_ctx_ptr context_;
    impl::ssl_ptr ssl_;
    std::string failure_;
};

/// A client's engine and a server's side, and the wire between them.
class tls_pair {
public:
    using status = impl::tls_engine::status;

    tls_pair(tls_peer& server, const tls_options& options, const std::string& name = "localhost")
        : server_(server),
          client(context_of(options), name) {}

    /// How many bytes cross the wire at once.
    tls_pair& pieces(std::size_t size) {
        piece_ = size;
        return *this;
    }
    /// Sees, and may change, what the server sends.
    tls_pair& meddle(std::function<void(std::string&)> f) {
        meddle_ = std::move(f);
        return *this;
    }

    status handshake() {
        for (int i = 0; i != 100'000; ++i) {
            const status s = client.handshake();
            to_server();
            if (s != status::wants_input) {
                server_.step();
                return s;
            }
            server_.step();
            if (!to_client())
                return s;
        }
        throw std::runtime_error("the handshake does not come to an end");
    }

    void to_server() {
        while (client.has_output()) {
            const auto out = client.output();
            const auto n = std::min(piece_, out.size());
            server_.feed(out.substr(0, n));
            client.consume_output(n);
        }
    }
    /// False if there was nothing, now or kept from before.
    bool to_client() {
        std::string fresh = server_.take();
        if (meddle_)
            meddle_(fresh);
        wire_ += fresh;
        const auto space = client.input_space();
        const auto n = std::min({piece_, wire_.size(), space.size()});
        std::copy_n(wire_.data(), n, space.data());
        client.commit_input(n);
        wire_.erase(0, n);
        return n != 0;
    }

    /// Plain text until the engine wants what is not there.
    std::string read(status& s) {
        std::string all;
        std::string buffer(50'000, '\0');
        for (;;) {
            std::size_t n = 0;
            s = client.read(buffer, n);
            if (s == status::ready)
                all.append(buffer, 0, n);
            else if (s == status::wants_output)
                to_server();
            else if (s != status::wants_input || !to_client())
                return all;
        }
    }
    std::string read() {
        status ignored{};
        return read(ignored);
    }
    void write(std::string_view text) {
        while (!text.empty()) {
            std::size_t n = 0;
            if (client.write(text, n) != status::ready)
                throw std::runtime_error("the engine does not write");
            text.remove_prefix(n);
            to_server();
        }
    }

private:
    static std::shared_ptr<const impl::ssl_context> context_of(const tls_options& options) {
        return tls_context(options).state();
    }

    tls_peer& server_;
    std::string wire_;
    std::size_t piece_ = std::size_t{1} << 20U;
    std::function<void(std::string&)> meddle_;

public:
    impl::tls_engine client;
};

} // namespace conats::test
