// SPDX-License-Identifier: Apache-2.0
#include "transport/tls_material.hpp"

#include "values/secret_access.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

namespace fs = std::filesystem;

error invalid_material(std::string_view what, std::string_view why) {
    std::string text(what);
    text.append(": ").append(why);
    return {errc::tls_configuration_invalid, std::move(text)};
}

/// How an option that holds a path is called in errors.
std::string name_of(std::string_view option, const std::string& path) {
    return std::string(option) + " '" + path + "'";
}

/// Bytes in memory that is wiped, as large as they are or larger.
class file_content {
public:
    [[nodiscard]] std::string_view view() const { return memory_.reveal().substr(0, size_); }

    error read(const std::string& path, const std::string& what) {
        using file_ptr = std::unique_ptr<std::FILE, openssl_deleter<&std::fclose>>;
        const file_ptr file(std::fopen(path.c_str(), "rbe"));
        if (file == nullptr)
            return system_failure(what);
        // Else a copy of a key would stay in the file's buffer.
        std::setvbuf(file.get(), nullptr, _IONBF, 0);
        while (std::feof(file.get()) == 0) {
            if (memory_.size() == largest)
                return invalid_material(what, "larger than 16 MiB");
            grow();
            char* const free = secret_access::data(memory_) + size_;
            size_ += std::fread(free, 1, memory_.size() - size_, file.get());
            if (std::ferror(file.get()) != 0)
                return system_failure(what);
        }
        return error();
    }

private:
    static constexpr std::size_t first = std::size_t{16} << 10U;
    static constexpr std::size_t largest = std::size_t{16} << 20U; // a bundle of CAs takes 0.2

    static error system_failure(const std::string& what) {
        return invalid_material(what, std::generic_category().message(errno));
    }

    void grow() {
        secret more = secret_access::allocate(std::max(first, memory_.size() * 2));
        const auto read = view();
        std::copy(read.begin(), read.end(), secret_access::data(more));
        memory_ = std::move(more);
    }

    secret memory_;
    std::size_t size_ = 0;
};

bio_ptr open_memory(std::string_view text) {
    return bio_ptr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// The password for what is encrypted; remembers that it was needed. Without this function OpenSSL
/// would ask at the terminal.
class password_source {
public:
    explicit password_source(const secret& password) : password_(password) {}

    [[nodiscard]] bool was_asked() const { return asked_; }
    [[nodiscard]] bool is_set() const { return !password_.empty(); }

    static int give(char* to, int size, int /*writing*/, void* self) {
        auto& source = *static_cast<password_source*>(self);
        source.asked_ = true;
        const auto text = source.password_.reveal();
        if (text.empty() || text.size() > static_cast<std::size_t>(size))
            return -1;
        std::copy(text.begin(), text.end(), to);
        return static_cast<int>(text.size());
    }

private:
    const secret& password_;
    bool asked_ = false;
};

/// Calls `use` with each certificate of a text; `use` returns false if it cannot take it. Blocks
/// of other kinds are passed over.
template <class Use>
error for_each_certificate(std::string_view text, const std::string& what, std::size_t& count,
                           Use use) {
    ERR_clear_error();
    const bio_ptr bio = open_memory(text);
    const secret no_password;
    password_source none{no_password};
    for (count = 0;; ++count) {
        const x509_ptr certificate(
            PEM_read_bio_X509_AUX(bio.get(), nullptr, &password_source::give, &none));
        if (certificate == nullptr)
            break;
        if (!use(certificate.get()))
            return invalid_material(what, "certificate " + std::to_string(count + 1) + ": " +
                                              take_openssl_reason());
    }
    const unsigned long code = ERR_peek_last_error();
    const bool at_end =
        ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
    std::string reason = take_openssl_reason();
    if (!at_end)
        return invalid_material(what, "certificate " + std::to_string(count + 1) +
                                          " is malformed: " + std::move(reason));
    return error();
}

error require_some(std::size_t count, const std::string& what) {
    return count != 0 ? error() : invalid_material(what, "holds no certificate in PEM form");
}

error trust(std::string_view text, const std::string& what, X509_STORE& store, std::size_t& count) {
    return for_each_certificate(text, what, count, [&](X509* certificate) {
        return X509_STORE_add_cert(&store, certificate) == 1;
    });
}

error trust_text(std::string_view text, const std::string& what, X509_STORE& store) {
    std::size_t count = 0;
    if (error e = trust(text, what, store, count))
        return e;
    return require_some(count, what);
}

error trust_file(const std::string& path, X509_STORE& store) {
    const std::string what = name_of("ca_file", path);
    file_content content;
    if (error e = content.read(path, what))
        return e;
    return trust_text(content.view(), what, store);
}

/// Regular files, in a fixed order.
error list_files(const std::string& path, const std::string& what, std::vector<std::string>& out) {
    std::error_code failure;
    for (fs::directory_iterator i(path, failure), end; !failure && i != end; i.increment(failure)) {
        std::error_code not_a_file;
        if (i->is_regular_file(not_a_file))
            out.push_back(i->path().string());
    }
    if (failure)
        return invalid_material(what, failure.message());
    std::sort(out.begin(), out.end());
    return error();
}

error trust_directory(const std::string& path, X509_STORE& store) {
    const std::string what = name_of("ca_directory", path);
    std::vector<std::string> files;
    if (error e = list_files(path, what, files))
        return e;
    std::size_t total = 0;
    for (const std::string& file : files) {
        const std::string part = name_of("ca_directory", file);
        file_content content;
        if (content.read(file, part))
            continue; // as a key of somebody else's may be
        std::size_t count = 0;
        if (error e = trust(content.view(), part, store, count))
            return e;
        total += count;
    }
    return total != 0
               ? error()
               : invalid_material(what, "no readable file in it holds a certificate in PEM form");
}

error use_chain(std::string_view text, const std::string& what, SSL_CTX& to) {
    std::size_t count = 0;
    bool is_first = true;
    const auto use = [&](X509* certificate) {
        return std::exchange(is_first, false) ? SSL_CTX_use_certificate(&to, certificate) == 1
                                              : SSL_CTX_add1_chain_cert(&to, certificate) == 1;
    };
    if (error e = for_each_certificate(text, what, count, use))
        return e;
    return require_some(count, what);
}

error use_pair(EVP_PKEY* key, const std::string& key_name, const std::string& certificate_name,
               SSL_CTX& to) {
    if (SSL_CTX_use_PrivateKey(&to, key) == 1 && SSL_CTX_check_private_key(&to) == 1) {
        return error();
    }
    const int reason = ERR_GET_REASON(ERR_peek_error());
    const bool mismatch =
        reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH;
    std::string words = take_openssl_reason();
    return invalid_material(key_name, mismatch ? "is not the key of " + certificate_name : words);
}

error use_key(std::string_view text, const std::string& what, const secret& password,
              const std::string& certificate_name, SSL_CTX& to) {
    ERR_clear_error();
    const bio_ptr bio = open_memory(text);
    password_source source(password);
    const pkey_ptr key(
        PEM_read_bio_PrivateKey(bio.get(), nullptr, &password_source::give, &source));
    if (key != nullptr)
        return use_pair(key.get(), what, certificate_name, to);
    // The queue holds the complaints of every decoder that was tried.
    ERR_clear_error();
    if (source.was_asked())
        return invalid_material(what, source.is_set() ? "key_password does not open it"
                                                      : "is encrypted and key_password is not set");
    return invalid_material(what, text.find("PRIVATE KEY-----") == text.npos
                                      ? "holds no private key in PEM form"
                                      : "the private key is malformed or of an unknown kind");
}

/// Reads `path`, or takes `text` where there is no path.
class source {
public:
    error load(std::string_view file_option, const std::string& path, std::string_view pem_option,
               std::string_view text) {
        if (path.empty()) {
            name_ = pem_option;
            view_ = text;
            return error();
        }
        name_ = name_of(file_option, path);
        error e = content_.read(path, name_);
        view_ = content_.view();
        return e;
    }

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::string_view view() const { return view_; }

private:
    file_content content_;
    std::string name_;
    std::string_view view_;
};

error load_pem_identity(const tls_options& o, SSL_CTX& to) {
    source certificate;
    if (error e = certificate.load("certificate_file", o.certificate_file(), "certificate_pem",
                                   o.certificate_pem()))
        return e;
    if (error e = use_chain(certificate.view(), certificate.name(), to))
        return e;
    source key;
    if (error e = key.load("key_file", o.key_file(), "key_pem", o.key_pem().reveal()))
        return e;
    return use_key(key.view(), key.name(), o.key_password(), certificate.name(), to);
}

/// The same with a NUL behind it.
secret terminated(const secret& text) {
    secret out = secret_access::allocate(text.size() + 1);
    const auto bytes = text.reveal();
    std::copy(bytes.begin(), bytes.end(), secret_access::data(out));
    return out;
}

void free_chain(STACK_OF(X509) * chain) {
    sk_X509_pop_free(chain, X509_free);
}

error take_pkcs12(PKCS12* bundle, const std::string& what, const secret& password, SSL_CTX& to) {
    secret text = terminated(password);
    EVP_PKEY* key = nullptr;
    X509* certificate = nullptr;
    STACK_OF(X509)* chain = nullptr;
    if (PKCS12_parse(bundle, secret_access::data(text), &key, &certificate, &chain) != 1) {
        // The only reason the user can mend without OpenSSL's words.
        const bool wrong = ERR_GET_REASON(ERR_peek_last_error()) == PKCS12_R_MAC_VERIFY_FAILURE;
        std::string reason = take_openssl_reason();
        if (wrong && password.empty())
            return invalid_material(what, "is encrypted and key_password is not set");
        return invalid_material(what,
                                wrong ? std::string("key_password does not open it") : reason);
    }
    const pkey_ptr own_key(key);
    const x509_ptr own_certificate(certificate);
    const std::unique_ptr<STACK_OF(X509), openssl_deleter<&free_chain>> rest(chain);
    if (key == nullptr || certificate == nullptr)
        return invalid_material(what, "holds no certificate with its private key");
    bool taken = SSL_CTX_use_certificate(&to, certificate) == 1;
    for (int i = 0; taken && i < sk_X509_num(chain); ++i)
        taken = SSL_CTX_add1_chain_cert(&to, sk_X509_value(chain, i)) == 1;
    if (!taken)
        return invalid_material(what, take_openssl_reason());
    return use_pair(key, what, "its certificate", to);
}

error load_pkcs12(const tls_options& o, SSL_CTX& to) {
    ERR_clear_error();
    const std::string what = name_of("pkcs12_file", o.pkcs12_file());
    file_content content;
    if (error e = content.read(o.pkcs12_file(), what))
        return e;
    const bio_ptr bio = open_memory(content.view());
    const pkcs12_ptr bundle(d2i_PKCS12_bio(bio.get(), nullptr));
    if (bundle == nullptr) {
        ERR_clear_error();
        return invalid_material(what, "is no PKCS#12 file");
    }
    return take_pkcs12(bundle.get(), what, o.key_password(), to);
}

error trust_system(SSL_CTX& to) {
    if (SSL_CTX_set_default_verify_paths(&to) == 1)
        return error();
    return invalid_material("the system's certificates", take_openssl_reason());
}

} // namespace

error load_trust(const tls_options& o, SSL_CTX& to) {
    if (o.ca_file().empty() && o.ca_directory().empty() && o.ca_pem().empty())
        return trust_system(to);
    X509_STORE& store = *SSL_CTX_get_cert_store(&to);
    error e;
    if (!o.ca_file().empty())
        e = trust_file(o.ca_file(), store);
    if (!e && !o.ca_directory().empty())
        e = trust_directory(o.ca_directory(), store);
    if (!e && !o.ca_pem().empty())
        e = trust_text(o.ca_pem(), "ca_pem", store);
    return e;
}

error load_identity(const tls_options& o, SSL_CTX& to) {
    if (!o.pkcs12_file().empty())
        return load_pkcs12(o, to);
    const bool has_certificate = !o.certificate_file().empty() || !o.certificate_pem().empty();
    return has_certificate ? load_pem_identity(o, to) : error();
}

} // namespace impl
} // namespace v0
} // namespace conats
