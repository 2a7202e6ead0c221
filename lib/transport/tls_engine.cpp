// SPDX-License-Identifier: Apache-2.0
#include "transport/tls_engine.hpp"

#include "transport/tls_certificate.hpp"

#include <openssl/err.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

// Four records.
constexpr std::size_t input_capacity = std::size_t{64} << 10U;

// The content types of TLS records.
bool begins_record(char first) {
    const auto type = static_cast<unsigned char>(first);
    return type >= SSL3_RT_CHANGE_CIPHER_SPEC && type <= SSL3_RT_APPLICATION_DATA;
}

/// Printable, and as much of it as fits a line.
std::string excerpt(std::string_view bytes) {
    std::string text(bytes.substr(0, 60));
    std::replace_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '.');
    return text;
}

} // namespace

tls_engine::tls_engine(std::shared_ptr<const ssl_context> context, std::string name)
    : context_(std::move(context)) {
    check_.name = std::move(name);
    ssl_ = context_->new_session(check_, refused_name_);
    if (ssl_ == nullptr) {
        (void)fail(make_tls_error(tls_fault::no_reason));
        return;
    }
    BIO* const bio = BIO_new(bio_method());
    if (bio == nullptr)
        throw std::bad_alloc();
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
}

tls_engine::~tls_engine() = default;

// --- Between OpenSSL and the buffers

BIO_METHOD* tls_engine::bio_method() {
    const auto make = [] {
        BIO_METHOD* const made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "conats");
        if (made == nullptr)
            throw std::bad_alloc();
        BIO_meth_set_read_ex(made, &tls_engine::bio_read);
        BIO_meth_set_write_ex(made, &tls_engine::bio_write);
        BIO_meth_set_ctrl(made, &tls_engine::bio_control);
        return made;
    };
    // Never freed: a client may be destroyed after the objects of this file.
    static BIO_METHOD* const method = make();
    return method;
}

int tls_engine::bio_read(BIO* bio, char* to, std::size_t size, std::size_t* n) {
    auto& self = *static_cast<tls_engine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    *n = std::min(size, self.input_end_ - self.input_begin_);
    if (*n == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    std::memcpy(to, self.input_.get() + self.input_begin_, *n);
    self.input_begin_ += *n;
    return 1;
}

int tls_engine::bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* n) {
    auto& self = *static_cast<tls_engine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    try {
        self.filling_.append(from, size);
    } catch (const std::bad_alloc&) { // C is between here and who could catch it
        return 0;
    }
    self.produced_ += size;
    *n = size;
    return 1;
}

long tls_engine::bio_control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

std::span<char> tls_engine::input_space() {
    if (!has_input())
        input_begin_ = input_end_ = 0;
    if (!input_)
        input_ = std::make_unique_for_overwrite<char[]>(input_capacity);
    return {input_.get() + input_end_, input_capacity - input_end_};
}

void tls_engine::commit_input(std::size_t n) {
    if (!has_received_ && n != 0) {
        look_at_first_bytes({input_.get() + input_end_, n});
        has_received_ = true;
    }
    input_end_ += n;
}

void tls_engine::drop_input() noexcept {
    if (!has_input())
        input_.reset();
}

// OpenSSL would say "wrong version number".
void tls_engine::look_at_first_bytes(std::string_view bytes) {
    if (!begins_record(bytes.front()))
        plain_text_ = excerpt(bytes);
}

std::string_view tls_engine::output() {
    if (sending_begin_ == sending_.size()) {
        sending_.clear();
        sending_begin_ = 0;
        swap(sending_, filling_);
    }
    return {sending_.data() + sending_begin_, sending_.size() - sending_begin_};
}

void tls_engine::consume_output(std::size_t n) noexcept {
    sending_begin_ += n;
    sent_ += n;
}

// --- What OpenSSL does with them

tls_engine::status tls_engine::handshake() {
    for (;;) {
        if (code_)
            return status::failed;
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl_.get());
        if (result == 1)
            return status::ready;
        const status s = conclude(result);
        if (s != status::wants_input || !has_input())
            return s;
    }
}

tls_engine::status tls_engine::read(std::span<char> to, std::size_t& n) {
    n = 0;
    while (n != to.size()) {
        if (code_)
            return n != 0 ? status::ready : status::failed;
        if (n == 0 && produced_ - sent_ >= 2 * output_limit)
            return status::wants_output; // a peer that asks and does not listen
        std::size_t got = 0;
        ERR_clear_error();
        const int result = SSL_read_ex(ssl_.get(), to.data() + n, to.size() - n, &got);
        n += got;
        if (result == 1)
            continue;
        const status s = conclude(result);
        if (s == status::wants_input && has_input())
            continue; // after a record that was no data
        if (n != 0)
            break; // the next call says it again
        return s;
    }
    has_read_ = has_read_ || n != 0;
    return status::ready;
}

bool tls_engine::may_read() const noexcept {
    return code_ || has_input() || SSL_has_pending(ssl_.get()) != 0 ||
           (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) != 0;
}

tls_engine::status tls_engine::write(std::string_view from, std::size_t& n) {
    n = 0;
    if (code_)
        return status::failed;
    if (from.empty())
        return status::ready;
    const std::size_t size = std::min(from.size(), record_size);
    ERR_clear_error();
    const int result = SSL_write_ex(ssl_.get(), from.data(), size, &n);
    return result == 1 ? status::ready : conclude(result);
}

tls_engine::status tls_engine::conclude(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return status::wants_input;
    case SSL_ERROR_ZERO_RETURN: return status::ended;
    default: return fail(make_tls_error(ERR_peek_error()));
    }
}

tls_engine::status tls_engine::fail(error_code code) {
    code_ = code;
    ERR_clear_error();
    return status::failed;
}

error tls_engine::failure() const {
    if (refused_name_)
        return refused_name_;
    if (!plain_text_.empty())
        return {errc::tls_handshake_failed,
                "the server did not begin TLS but sent \"" + plain_text_ + '"'};
    if (!check_.refusal.empty())
        return {errc::tls_certificate_rejected, "the server's certificate: " + check_.refusal};
    return {errc::tls_handshake_failed, "the TLS handshake failed: " + code_.message()};
}

tls_info tls_engine::info() const {
    tls_info i;
    if (ssl_ == nullptr || SSL_is_init_finished(ssl_.get()) == 0)
        return i;
    i.version = SSL_get_version(ssl_.get());
    i.cipher = SSL_get_cipher_name(ssl_.get());
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
    if (protocol != nullptr)
        i.alpn.assign(reinterpret_cast<const char*>(protocol), size);
    i.server_name = check_.name;
    const x509_ptr certificate(SSL_get1_peer_certificate(ssl_.get()));
    i.peer = describe_certificate(certificate.get());
    i.verified = context_->verifies();
    return i;
}

} // namespace impl
} // namespace v0
} // namespace conats
