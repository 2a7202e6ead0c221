// SPDX-License-Identifier: Apache-2.0
#include "doctor.hpp"

#include "connection.hpp"
#include "doctor_diagnosis.hpp"
#include "doctor_link.hpp"
#include "doctor_probe.hpp"
#include "text.hpp"

#include <conats/auth.hpp>
#include <conats/connect.hpp>
#include <conats/observability.hpp>
#include <conats/tls_options.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tool {

namespace asio = boost::asio;
using conats::connect_phase;

namespace {

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// When the credentials expire; nothing where they do not, or where that is not to be known.
std::optional<wall_time> expiry_of(const conats::connect_options& o) {
    if (!o.jwt().empty())
        return read_jwt_expiry(o.jwt().token().reveal());
    conats::secret text = o.credentials();
    if (text.empty() && !o.credentials_file().empty())
        text = text_of(o.credentials_file());
    if (!o.seed_file().empty())
        text = std::string(text.reveal()) + '\n' + text_of(o.seed_file());
    if (text.empty())
        return std::nullopt;
    try {
        return read_jwt_expiry(conats::user_jwt::from_credentials(text).token().reveal());
    } catch (const conats::system_error&) {
        return std::nullopt; // connecting says what is wrong
    }
}

bool has_certificate(const conats::connect_options& o) {
    return o.tls() && !(o.tls()->certificate_file().empty() && o.tls()->certificate_pem().empty() &&
                        o.tls()->pkcs12_file().empty());
}

/// What was seen of an attempt to connect.
struct observation {
    std::optional<conats::connect_attempt> attempt;
    std::string info_line;
    credential_kind presented = credential_kind::none;
};

void observe(conats::connect_options& o, const std::shared_ptr<observation>& seen) {
    o.on_attempt([seen](const conats::connect_attempt& a) { seen->attempt = a; });
    o.wire_trace([seen, other = o.wire_trace()](const conats::wire_operation& w) {
        if (w.kind() == conats::wire_kind::info && seen->info_line.empty())
            seen->info_line = w.line();
        if (w.kind() == conats::wire_kind::connect)
            seen->presented = read_credential_kind(w.line());
        if (other)
            other(w);
    });
}

/// One server.
class examination {
public:
    examination(conats::connect_options options, const doctor_settings& settings,
                doctor_printer& to)
        : options_(std::move(options)),
          settings_(settings),
          to_(to),
          seen_(std::make_shared<observation>()) {
        options_.max_reconnects(0).retry_on_failed_connect(false).retain_order(true);
        options_.ignore_discovered_servers(true);
        options_.when_lame_duck(conats::lame_duck_policy::event_only);
        observe(options_, seen_);
    }

    asio::awaitable<void> run();

private:
    asio::awaitable<void> explain(conats::error e);
    void tell_connected(const conats::client& nc) const;
    void tell_passed(const std::vector<step>& order, step end) const;
    [[nodiscard]] std::vector<step> order() const;
    [[nodiscard]] finding passed(step s) const;
    [[nodiscard]] finding info_finding(const conats::server_info& info) const;
    [[nodiscard]] finding auth_finding() const;
    [[nodiscard]] bool asks_for_tls() const;

    conats::connect_options options_;
    const doctor_settings& settings_;
    doctor_printer& to_;
    std::shared_ptr<observation> seen_;
};

connect_phase phase_of(step s) {
    switch (s) {
    case step::dns: return connect_phase::dns;
    case step::tcp: return connect_phase::tcp;
    case step::transport: return connect_phase::transport;
    case step::tls: return connect_phase::tls;
    case step::info: return connect_phase::info;
    default: return connect_phase::auth;
    }
}

bool examination::asks_for_tls() const {
    const std::string& server = seen_->attempt->server();
    return options_.tls() || server.starts_with("tls:") || server.starts_with("wss:");
}

/// What the name of the server, or of the proxy, stands for.
std::string resolved(const conats::connect_attempt& a) {
    std::string text;
    for (const std::string& address : a.addresses())
        text += (text.empty() ? "" : ", ") + address;
    if (a.server().ends_with("//" + text))
        return "nothing to resolve: it is an IP address";
    return text;
}

/// The steps of connecting, as this server has them.
std::vector<step> examination::order() const {
    const conats::connect_attempt& a = *seen_->attempt;
    const bool first =
        (options_.tls() && options_.tls()->handshake_first()) || a.server().starts_with("ws");
    const bool has_transport = a.server().starts_with("ws") || !options_.proxy().empty();
    const bool has_tls = a.took(connect_phase::tls).count() != 0 || asks_for_tls() ||
                         a.phase() == connect_phase::tls;
    std::vector<step> all{step::dns, step::tcp};
    if (has_transport && !a.server().starts_with("wss"))
        all.push_back(step::transport);
    if (has_tls && first)
        all.push_back(step::tls);
    if (has_transport && a.server().starts_with("wss"))
        all.push_back(step::transport);
    all.push_back(step::info);
    if (has_tls && !first)
        all.push_back(step::tls);
    all.push_back(step::auth);
    return all;
}

finding examination::info_finding(const conats::server_info& info) const {
    finding f(step::info, verdict::ok, describe(info));
    f.more["version"] = info.version;
    f.more["server_name"] = info.server_name;
    f.more["cluster"] = info.cluster;
    f.more["max_payload"] = info.max_payload;
    f.more["auth_required"] = info.auth_required;
    f.more["tls_required"] = info.tls_required;
    f.more["tls_available"] = info.tls_available;
    f.more["jetstream"] = info.jetstream;
    f.more["lame_duck"] = info.lame_duck_mode;
    if (info.lame_duck_mode) {
        f.text += "; it is about to shut down";
        f.result = verdict::failed;
        f.what = diagnosis::lame_duck;
    }
    return f;
}

finding examination::auth_finding() const {
    finding f(step::auth, verdict::ok, "accepted, with ");
    f.text += to_string(seen_->presented);
    if (seen_->presented != credential_kind::jwt)
        return f;
    if (const auto until = expiry_of(options_)) {
        f.text += " that expires " + relative_time(*until, std::chrono::system_clock::now());
        f.more["expires"] = write_time(*until);
    }
    return f;
}

/// What there is to tell of a step that went well.
finding examination::passed(step s) const {
    const conats::connect_attempt& a = *seen_->attempt;
    finding f(s, verdict::ok, "");
    if (s == step::dns)
        f.text = resolved(a);
    else if (s == step::tcp)
        f.text = "connected to " + (a.addresses().empty() ? a.server() : a.addresses().back());
    else if (s == step::transport)
        f.text = options_.proxy().empty() ? "a WebSocket" : "by the proxy";
    else if (s == step::tls)
        f.text = "encrypted";
    else if (const auto info = read_info(seen_->info_line); s == step::info && info)
        f = info_finding(*info);
    else if (s == step::auth)
        f = auth_finding();
    f.took = a.took(phase_of(s));
    return f;
}

void examination::tell_passed(const std::vector<step>& order, step end) const {
    for (const step s : order) {
        if (s == end)
            return;
        to_.add(passed(s));
    }
}

void examination::tell_connected(const conats::client& nc) const {
    for (const step s : order()) {
        finding f = passed(s);
        if (s == step::tls) {
            const auto took = f.took;
            f = judge_tls(nc.tls_info(), std::chrono::system_clock::now(), settings_.expiry);
            f.took = took;
        }
        to_.add(std::move(f));
    }
}

asio::awaitable<void> examination::explain(conats::error e) {
    if (!seen_->attempt)
        throw conats::system_error(e); // of the options
    failed_attempt f;
    f.attempt = *seen_->attempt;
    f.info = read_info(seen_->info_line);
    f.now = std::chrono::system_clock::now();
    f.presented = seen_->presented;
    if (f.presented == credential_kind::jwt)
        f.credentials_expire = expiry_of(options_);
    f.asked_for_tls = asks_for_tls();
    f.has_certificate = has_certificate(options_);
    to_.begin(f.attempt.server());
    const bool is_mute = f.attempt.phase() == connect_phase::info && !f.info &&
                         f.attempt.server_words().empty() &&
                         (e == conats::errc::timeout || e == conats::condition::disconnected);
    if (is_mute) {
        const auto limit =
            std::min<std::chrono::nanoseconds>(options_.connect_timeout(), std::chrono::seconds(2));
        f.found = co_await ask_neighbour(options_, f.attempt, limit);
    }
    const finding why = diagnose(f);
    const auto steps = order();
    // Our own TLS files are read before anybody is called.
    const bool is_called = !f.attempt.addresses().empty() || why.at == step::dns;
    std::vector<step> rest = steps;
    if (is_called) {
        tell_passed(steps, why.at);
        rest.erase(rest.begin(), std::find(rest.begin(), rest.end(), why.at));
    }
    std::erase(rest, why.at);
    to_.add(why);
    rest.insert(rest.end(), {step::round_trip, step::subscribe, step::publish, step::jetstream});
    to_.skip(rest);
}

asio::awaitable<void> examination::run() {
    conats::error e;
    auto nc = co_await conats::connect(options_, e);
    if (e) {
        co_await explain(e);
        co_return;
    }
    to_.begin(nc.connected_url());
    tell_connected(nc);
    co_await check_link(nc, settings_, options_.request_timeout(), to_);
    co_await nc.close();
}

} // namespace

asio::awaitable<int> doctor(conats::connect_options options, const doctor_settings& settings,
                            output& out) {
    doctor_printer to(out, settings);
    for (const conats::secret& address : addresses_of(options)) {
        conats::connect_options one = options;
        one.servers(address.reveal());
        examination check(std::move(one), settings, to);
        co_await check.run();
    }
    co_return to.end();
}

} // namespace tool
