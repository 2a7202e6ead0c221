// SPDX-License-Identifier: Apache-2.0
#include "engine/context_file.hpp"
#include "engine/secret_file.hpp"
#include "protocol/creds_file.hpp"

#include <conats/context.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace conats {
inline namespace v0 {

namespace impl {
namespace {

error wrong(const std::string& file, const std::string& why) {
    return error(errc::invalid_context, "'" + file + "': " + why);
}

const char* from_environment(const std::string& name) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment
    return std::getenv(name.c_str());
}

error read_text(const std::string& file, secret& out) {
    const std::string why = read_secret_file(file, out);
    return why.empty() ? error() : wrong(file, why);
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t begin = std::min(text.find_first_not_of(blanks), text.size());
    return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

/// The name in context.txt.
error find_selected(const std::string& directory, std::string& name) {
    const std::string file = directory + "/context.txt";
    secret text;
    if (error e = read_text(file, text))
        return error(errc::invalid_context, "no context is selected: " + e.text());
    name = trimmed(text.reveal());
    return is_context_name(name) ? error() : wrong(file, "it names no context");
}

/// Where the context of this name is; finds the name where it is empty.
error find_file(std::string& name, std::string& file) {
    if (name.starts_with('/')) {
        file = name;
        name = name.substr(name.rfind('/') + 1);
        name = name.substr(0, name.rfind('.'));
        return error();
    }
    const std::string directory = context_directory(from_environment);
    if (directory.empty())
        return error(errc::invalid_context, "contexts lie in $XDG_CONFIG_HOME/nats or "
                                            "$HOME/.config/nats, and neither variable is set");
    if (error e = name.empty() ? find_selected(directory, name) : error())
        return e;
    if (!is_context_name(name))
        return error(errc::invalid_context,
                     "'" + name +
                         "' is no name of a context: it is empty or holds '/', '\\', NUL or '..'");
    file = directory + "/context/" + name + ".json";
    return error();
}

error expand_paths(context_fields& f, const std::string& file) {
    const std::array<std::pair<const char*, std::string*>, 5> paths{{{"creds", &f.creds},
                                                                     {"nkey", &f.nkey},
                                                                     {"cert", &f.cert},
                                                                     {"key", &f.key},
                                                                     {"ca", &f.ca}}};
    for (const auto& [name, path] : paths)
        if (const std::string why = expand_path(*path, from_environment); !why.empty())
            return wrong(file, "field '" + std::string(name) + "': " + why);
    return error();
}

/// The JWT of the context with the seed of its nkey file, if there is one.
error use_jwt(const context_fields& f, const std::string& file, connect_options& o) {
    creds_parts parts;
    if (!f.nkey.empty()) {
        secret text;
        std::string why = read_secret_file(f.nkey, text);
        if (why.empty())
            if (const char* const fault = parse_creds(text.reveal(), parts))
                why = fault;
        if (why.empty() && parts.seed.empty())
            why = "it holds no seed";
        if (!why.empty())
            return wrong(file, "field 'nkey': '" + f.nkey + "': " + why);
    }
    o.jwt(f.user_jwt, std::move(parts.seed));
    return error();
}

error use_authentication(const context_fields& f, const std::string& file, connect_options& o) {
    if (!f.user.empty())
        o.user(f.user).password(f.password);
    else if (!f.creds.empty())
        o.credentials_file(f.creds);
    else if (!f.user_jwt.empty())
        return use_jwt(f, file, o);
    else if (!f.nkey.empty())
        o.nkey_file(f.nkey);
    else
        o.token(f.token);
    return error();
}

void use_encryption(const context_fields& f, connect_options& o) {
    if (f.cert.empty() && f.key.empty() && f.ca.empty() && !f.tls_first)
        return;
    tls_options tls;
    tls.certificate_file(f.cert).key_file(f.key).ca_file(f.ca).handshake_first(f.tls_first);
    o.tls(std::move(tls));
}

/// Where both a domain and a prefix of JetStream's subjects are set, one would be passed over.
error check_jetstream(const context_fields& f, const std::string& file) {
    if (f.jetstream_domain.empty() || f.jetstream_api_prefix.empty())
        return error();
    return wrong(file, "fields 'jetstream_domain' and 'jetstream_api_prefix' exclude each other");
}

error to_options(const context_fields& f, const std::string& file, connect_options& o) {
    if (!f.url.empty())
        o.servers(f.url.reveal());
    if (!f.inbox_prefix.empty())
        o.inbox_prefix(f.inbox_prefix);
    o.proxy(f.socks_proxy);
    use_encryption(f, o);
    if (error e = use_authentication(f, file, o))
        return e;
    const error e = o.validate();
    return e ? wrong(file, e.text()) : error();
}

} // namespace
} // namespace impl

context::context(std::string_view name) {
    if (error e = read(name))
        throw conats::system_error(std::move(e));
}

context::context(std::string_view name, error& e) {
    e = read(name);
}

context::context(const context&) = default;
context::context(context&&) noexcept = default;
context& context::operator=(const context&) = default;
context& context::operator=(context&&) noexcept = default;
context::~context() = default;

error context::read(std::string_view name) {
    name_ = name;
    if (error e = impl::find_file(name_, file_))
        return e;
    secret text;
    if (error e = impl::read_text(file_, text))
        return e;
    impl::context_fields fields;
    if (const std::string why = impl::parse_context(text.reveal(), fields); !why.empty())
        return impl::wrong(file_, why);
    if (error e = impl::check_jetstream(fields, file_))
        return e;
    if (error e = impl::expand_paths(fields, file_))
        return e;
    connect_options options;
    if (error e = impl::to_options(fields, file_, options))
        return e;
    options_ = std::move(options);
    description_ = std::move(fields.description);
    domain_ = std::move(fields.jetstream_domain);
    api_prefix_ = std::move(fields.jetstream_api_prefix);
    event_prefix_ = std::move(fields.jetstream_event_prefix);
    return error();
}

} // namespace v0
} // namespace conats
