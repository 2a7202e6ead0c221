// SPDX-License-Identifier: Apache-2.0
#include <conats/tls_options.hpp>

#include <algorithm>
#include <array>
#include <ostream>

namespace conats {
inline namespace v0 {

std::string_view to_string(tls_version v) noexcept {
    switch (v) {
    case tls_version::tls_1_2: return "TLS 1.2";
    case tls_version::tls_1_3: return "TLS 1.3";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& os, tls_version v) {
    return os << to_string(v);
}

tls_verification::tls_verification() = default;
tls_verification::tls_verification(const tls_verification&) = default;
tls_verification::tls_verification(tls_verification&&) noexcept = default;
tls_verification& tls_verification::operator=(const tls_verification&) = default;
tls_verification& tls_verification::operator=(tls_verification&&) noexcept = default;
tls_verification::~tls_verification() = default;

tls_options::tls_options() = default;
tls_options::tls_options(const tls_options&) = default;
tls_options::tls_options(tls_options&&) noexcept = default;
tls_options& tls_options::operator=(const tls_options&) = default;
tls_options& tls_options::operator=(tls_options&&) noexcept = default;
tls_options::~tls_options() = default;

tls_options& tls_options::ca_file(std::string path) {
    ca_file_ = std::move(path);
    return *this;
}

tls_options& tls_options::ca_directory(std::string path) {
    ca_directory_ = std::move(path);
    return *this;
}

tls_options& tls_options::ca_pem(std::string text) {
    ca_pem_ = std::move(text);
    return *this;
}

tls_options& tls_options::certificate_file(std::string path) {
    certificate_file_ = std::move(path);
    return *this;
}

tls_options& tls_options::certificate_pem(std::string text) {
    certificate_pem_ = std::move(text);
    return *this;
}

tls_options& tls_options::key_file(std::string path) {
    key_file_ = std::move(path);
    return *this;
}

tls_options& tls_options::key_pem(secret text) {
    key_pem_ = std::move(text);
    return *this;
}

tls_options& tls_options::key_password(secret text) {
    key_password_ = std::move(text);
    return *this;
}

tls_options& tls_options::pkcs12_file(std::string path) {
    pkcs12_file_ = std::move(path);
    return *this;
}

tls_options& tls_options::server_name(std::string name) {
    server_name_ = std::move(name);
    return *this;
}

tls_options& tls_options::insecure_skip_verify(bool on) {
    insecure_skip_verify_ = on;
    return *this;
}

tls_options& tls_options::verify(tls_verify_function f) {
    verify_ = std::move(f);
    return *this;
}

tls_options& tls_options::min_version(tls_version v) {
    min_version_ = v;
    return *this;
}

tls_options& tls_options::max_version(tls_version v) {
    max_version_ = v;
    return *this;
}

tls_options& tls_options::ciphers(std::string list) {
    ciphers_ = std::move(list);
    return *this;
}

tls_options& tls_options::cipher_suites(std::string list) {
    cipher_suites_ = std::move(list);
    return *this;
}

tls_options& tls_options::curves(std::string list) {
    curves_ = std::move(list);
    return *this;
}

tls_options& tls_options::alpn(std::vector<std::string> protocols) {
    alpn_ = std::move(protocols);
    return *this;
}

tls_options& tls_options::handshake_first(bool on) {
    handshake_first_ = on;
    return *this;
}

tls_options& tls_options::context(tls_context c) {
    context_ = std::move(c);
    return *this;
}

tls_options& tls_options::context_provider(tls_context_provider f) {
    context_provider_ = std::move(f);
    return *this;
}

namespace {

error invalid_tls(std::string text) {
    return {errc::invalid_options, "tls: " + std::move(text)};
}

struct named_option {
    const char* name;
    bool is_set;
};

/// What a context holds already.
const char* first_of_context(const tls_options& o) {
    const std::array all{named_option{"ca_file", !o.ca_file().empty()},
                         named_option{"ca_directory", !o.ca_directory().empty()},
                         named_option{"ca_pem", !o.ca_pem().empty()},
                         named_option{"certificate_file", !o.certificate_file().empty()},
                         named_option{"certificate_pem", !o.certificate_pem().empty()},
                         named_option{"key_file", !o.key_file().empty()},
                         named_option{"key_pem", !o.key_pem().empty()},
                         named_option{"key_password", !o.key_password().empty()},
                         named_option{"pkcs12_file", !o.pkcs12_file().empty()},
                         named_option{"insecure_skip_verify", o.insecure_skip_verify()},
                         named_option{"verify", static_cast<bool>(o.verify())},
                         named_option{"min_version", o.min_version() != tls_version::tls_1_2},
                         named_option{"max_version", o.max_version() != tls_version::tls_1_3},
                         named_option{"ciphers", !o.ciphers().empty()},
                         named_option{"cipher_suites", !o.cipher_suites().empty()},
                         named_option{"curves", !o.curves().empty()},
                         named_option{"alpn", !o.alpn().empty()}};
    const auto* const first =
        std::find_if(all.begin(), all.end(), [](const named_option& n) { return n.is_set; });
    return first == all.end() ? nullptr : first->name;
}

error check_context(const tls_options& o) {
    const bool provider = static_cast<bool>(o.context_provider());
    if (!o.context() && !provider)
        return error();
    if (o.context() && provider)
        return invalid_tls("context and context_provider exclude each other");
    const char* const other = first_of_context(o);
    if (other == nullptr)
        return error();
    return invalid_tls(std::string(provider ? "context_provider" : "context") + " and " + other +
                       " exclude each other: a context has its own");
}

error check_identity(const tls_options& o) {
    const bool certificate = !o.certificate_file().empty() || !o.certificate_pem().empty();
    const bool key = !o.key_file().empty() || !o.key_pem().empty();
    if (!o.certificate_file().empty() && !o.certificate_pem().empty())
        return invalid_tls("certificate_file and certificate_pem exclude each other");
    if (!o.key_file().empty() && !o.key_pem().empty())
        return invalid_tls("key_file and key_pem exclude each other");
    if (!o.pkcs12_file().empty() && (certificate || key))
        return invalid_tls("pkcs12_file excludes a certificate and a key of their own");
    if (certificate && !key)
        return invalid_tls("a certificate is set without key_file or key_pem");
    if (key && !certificate)
        return invalid_tls("a key is set without certificate_file or certificate_pem");
    if (!o.key_password().empty() && !key && o.pkcs12_file().empty())
        return invalid_tls("key_password is set without a key");
    return error();
}

error check_name(const std::string& name) {
    constexpr std::size_t longest = 253; // of DNS
    if (name.size() > longest)
        return invalid_tls("server_name has " + std::to_string(name.size()) +
                           " bytes, a host name at most 253");
    const auto illegal = [](char c) { return c <= ' ' || c > '~' || c == '/' || c == '@'; };
    const auto at = std::find_if(name.begin(), name.end(), illegal);
    if (at != name.end())
        return invalid_tls("server_name holds an illegal character at position " +
                           std::to_string(at - name.begin()));
    // To OpenSSL ".x" stands for everything below x.
    return name.starts_with('.') ? invalid_tls("server_name begins with '.'") : error();
}

error check_alpn(const std::vector<std::string>& protocols) {
    std::size_t total = 0;
    for (const std::string& p : protocols) {
        if (p.empty() || p.size() > 255)
            return invalid_tls("alpn: a protocol has 1 to 255 bytes, not " +
                               std::to_string(p.size()));
        total += p.size() + 1;
    }
    return total <= 65535 ? error() : invalid_tls("alpn: the list exceeds 65535 bytes");
}

} // namespace

error tls_options::validate() const {
    if (error e = check_context(*this))
        return e;
    if (error e = check_identity(*this))
        return e;
    if (insecure_skip_verify_ && verify_)
        return invalid_tls("insecure_skip_verify and verify exclude each other");
    if (min_version_ > max_version_)
        return invalid_tls("min_version is " + std::string(to_string(min_version_)) +
                           ", above max_version, " + std::string(to_string(max_version_)));
    if (error e = check_name(server_name_))
        return e;
    return check_alpn(alpn_);
}

std::ostream& operator<<(std::ostream& os, const tls_options& o) {
    const auto set = [](bool on) { return on ? "***" : "(not set)"; };
    os << "tls_options{ca_file: '" << o.ca_file() << "', ca_directory: '" << o.ca_directory()
       << "', ca_pem: " << (o.ca_pem().empty() ? "(not set)" : "(set)") << ", certificate_file: '"
       << o.certificate_file() << "', key_file: '" << o.key_file()
       << "', key_pem: " << set(!o.key_pem().empty())
       << ", key_password: " << set(!o.key_password().empty()) << ", pkcs12_file: '"
       << o.pkcs12_file() << "', server_name: '" << o.server_name() << "', ";
    if (o.insecure_skip_verify())
        os << "insecure_skip_verify, ";
    if (o.handshake_first())
        os << "handshake_first, ";
    return os << o.min_version() << " to " << o.max_version() << '}';
}

} // namespace v0
} // namespace conats
