// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include "exit_code.hpp"
#include "text.hpp"

#include <conats/context.hpp>
#include <conats/version.hpp>
#if defined(CONATS_TOOL_WEBSOCKET)
#include <conats/websocket.hpp>
#endif

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace tool {

namespace fs = std::filesystem;

namespace {

using text = std::optional<std::string>;

connection_settings from_environment(const environment& env) {
    connection_settings s;
    s.server = value_of(env, "NATS_URL");
    s.user = value_of(env, "NATS_USER");
    s.password = value_of(env, "NATS_PASSWORD");
    s.token = value_of(env, "NATS_TOKEN");
    s.creds = value_of(env, "NATS_CREDS");
    s.nkey = value_of(env, "NATS_NKEY");
    s.tlscert = value_of(env, "NATS_CERT");
    s.tlskey = value_of(env, "NATS_KEY");
    s.tlsca = value_of(env, "NATS_CA");
    s.socks_proxy = value_of(env, "NATS_SOCKS_PROXY");
    s.context = value_of(env, "NATS_CONTEXT");
    if (const text timeout = value_of(env, "NATS_TIMEOUT")) {
        s.timeout = parse_duration(*timeout);
        if (!s.timeout)
            throw failure(bad_usage, "NATS_TIMEOUT is no duration such as 300ms, 5s or 1m30s");
    }
    return s;
}

bool has_userinfo(const text& servers) {
    return servers && servers->find('@') != std::string::npos;
}

/// Whether it says anything about who we are.
bool authenticates(const connection_settings& s) {
    return s.user || s.token || s.creds || s.nkey || has_userinfo(s.server);
}

void complete(text& given, const text& other) {
    if (!given)
        given = other;
}

/// What the command line leaves open, from the environment.
connection_settings merged(connection_settings s, connection_settings env) {
    if (!authenticates(s)) {
        s.user = env.user;
        s.token = env.token;
        s.creds = env.creds;
        s.nkey = env.nkey;
    }
    complete(s.server, env.server);
    if (s.user || !authenticates(s))
        complete(s.password, env.password);
    complete(s.tlscert, env.tlscert);
    complete(s.tlskey, env.tlskey);
    complete(s.tlsca, env.tlsca);
    complete(s.socks_proxy, env.socks_proxy);
    complete(s.context, env.context);
    if (!s.timeout)
        s.timeout = env.timeout;
    return s;
}

/// Whether a context is selected, so that it has to be there.
bool is_selected(const environment& env) {
    text directory = value_of(env, "XDG_CONFIG_HOME");
    if (!directory) {
        const text home = value_of(env, "HOME");
        if (!home)
            return false;
        directory = *home + "/.config";
    }
    std::ifstream file(*directory + "/nats/context.txt");
    const std::string name{std::istreambuf_iterator<char>(file), {}};
    return !trimmed(name).empty();
}

conats::connect_options of_context(const connection_settings& s, const environment& env) {
    std::string name = s.context.value_or("");
    if (s.no_context || (name.empty() && !is_selected(env)))
        return {};
    std::error_code none;
    if (name.ends_with(".json") && fs::is_regular_file(name, none))
        name = fs::absolute(name);
    conats::error e;
    conats::context context(name, e);
    if (e)
        throw failure(bad_usage, advise(e));
    return context.options();
}

void set_authentication(const connection_settings& s, bool password_given,
                        conats::connect_options& o) {
    if (authenticates(s))
        o.user({}).password({}).token({}).nkey_file({}).credentials_file({}).jwt(
            conats::user_jwt());
    if (s.user && !s.password)
        o.token(*s.user); // as the nats command line has it
    else if (s.user)
        o.user(*s.user).password(*s.password);
    else if (s.password && !o.user().empty())
        o.password(*s.password);
    else if (password_given)
        throw failure(bad_usage, "there is a password and no user: add --user");
    if (s.token && s.user && !s.password)
        throw failure(bad_usage, "--user without a password is a token: leave out --token");
    if (s.token)
        o.token(*s.token);
    if (s.creds)
        o.credentials_file(*s.creds);
    if (s.nkey)
        o.nkey_file(*s.nkey);
}

void set_encryption(const connection_settings& s, conats::connect_options& o) {
    if (!s.tlscert && !s.tlskey && !s.tlsca && !s.tlsfirst)
        return;
    conats::tls_options tls;
    if (o.tls())
        tls = *o.tls();
    if (s.tlscert)
        tls.certificate_file(*s.tlscert);
    if (s.tlskey)
        tls.key_file(*s.tlskey);
    if (s.tlsca)
        tls.ca_file(*s.tlsca);
    if (s.tlsfirst)
        tls.handshake_first(true);
    o.tls(std::move(tls));
}

void set_timeouts(const connection_settings& s, conats::connect_options& o) {
    if (!s.timeout)
        return;
    if (*s.timeout <= nanoseconds(0))
        throw failure(bad_usage, "a timeout has to be longer than nothing");
    o.request_timeout(*s.timeout).connect_timeout(*s.timeout);
}

} // namespace

conats::connect_options resolve(const connection_settings& given, const environment& env) {
    const connection_settings s = merged(given, from_environment(env));
    conats::connect_options o = of_context(s, env);
    set_authentication(s, given.password.has_value(), o);
    set_encryption(s, o);
    set_timeouts(s, o);
    if (s.server)
        o.servers(*s.server);
    if (s.socks_proxy)
        o.proxy(*s.socks_proxy);
    if (s.inbox_prefix)
        o.inbox_prefix(*s.inbox_prefix);
    o.name(s.connection_name.value_or(std::string("conats ") + CONATS_VERSION_STRING));
#if defined(CONATS_TOOL_WEBSOCKET)
    o.transport(conats::websocket());
#endif
    if (const conats::error e = o.validate())
        throw failure(bad_usage, advise(e));
    return o;
}

std::string authentication_of(const conats::connect_options& o) {
    if (!o.user().empty())
        return "user and password";
    if (!o.token().empty())
        return "a token";
    if (!o.credentials_file().empty())
        return "credentials in " + in_quotes(o.credentials_file());
    if (!o.jwt().empty())
        return o.jwt().seed().empty() ? "a bearer JWT" : "a JWT";
    if (!o.nkey_file().empty())
        return "the NKey in " + in_quotes(o.nkey_file());
    for (const conats::secret& server : o.servers())
        if (server.reveal().find('@') != std::string_view::npos)
            return "userinfo in the address";
    return o.tls() && !o.tls()->certificate_file().empty() ? "the certificate alone" : "none";
}

std::vector<conats::secret> addresses_of(const conats::connect_options& options) {
    std::vector<conats::secret> all;
    for (const conats::secret& list : options.servers()) {
        std::string_view rest = list.reveal();
        while (!rest.empty()) {
            const std::size_t size = std::min(rest.find(','), rest.size());
            if (const std::string_view one = trimmed(rest.substr(0, size)); !one.empty())
                all.emplace_back(one);
            rest.remove_prefix(std::min(size + 1, rest.size()));
        }
    }
    if (all.empty())
        all.emplace_back("nats://127.0.0.1:4222");
    return all;
}

} // namespace tool
