// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"
#include "exit_code.hpp"
#include "session.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <conats/conats.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace tool {

namespace json = boost::json;

namespace {

/// A line of the table, or a member of the JSON; a title where there is no name.
struct fact {
    std::string title;
    std::string name;
    json::value value;
    std::string shown;
};

using facts = std::vector<fact>;

void add(facts& to, const char* title, const char* name, const std::string& value) {
    to.push_back({title, name, json::value(value), value});
}

void add(facts& to, const char* title, const char* name, bool value) {
    to.push_back({title, name, json::value(value), value ? "yes" : "no"});
}

void add(facts& to, const char* title, const char* name, std::uint64_t value,
         const std::string& shown) {
    to.push_back({title, name, json::value(value), shown});
}

std::string joined(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts)
        all += (all.empty() ? "" : ", ") + text;
    return all;
}

facts about_server(const conats::server_info& i) {
    facts f;
    add(f, "Name", "server_name", i.server_name);
    add(f, "Id", "server_id", i.server_id);
    add(f, "Version", "version", i.version);
    if (!i.cluster.empty())
        add(f, "Cluster", "cluster", i.cluster);
    if (!i.connect_urls.empty())
        add(f, "Servers to be had", "connect_urls", joined(i.connect_urls));
    if (!i.domain.empty())
        add(f, "JetStream domain", "domain", i.domain);
    add(f, "JetStream", "jetstream", i.jetstream);
    add(f, "Headers", "headers", i.headers);
    add(f, "Wants authentication", "auth_required", i.auth_required);
    add(f, "Wants TLS", "tls_required", i.tls_required);
    if (i.lame_duck_mode)
        add(f, "About to shut down", "lame_duck_mode", true);
    return f;
}

facts about_connection(const conats::client& nc, const std::string& authentication,
                       std::chrono::nanoseconds rtt) {
    const conats::server_info i = nc.server_info();
    const conats::tls_info tls = nc.tls_info();
    facts f;
    add(f, "URL", "url", nc.connected_url());
    add(f, "From", "local_address", nc.local_address());
    add(f, "To", "remote_address", nc.remote_address());
    add(f, "Client id", "client_id", i.client_id, std::to_string(i.client_id));
    add(f, "Client address", "client_ip", i.client_ip);
    add(f, "Authentication", "authentication", authentication);
    if (!i.remote_account.empty())
        add(f, "Account", "account", i.remote_account);
    if (tls) {
        add(f, "TLS", "tls", tls.version + ", " + tls.cipher);
        add(f, "Certificate of", "certificate", printable(tls.peer.subject, false));
        add(f, "Certificate until", "certificate_until", tls.peer.not_after);
        add(f, "Certificate verified", "verified", tls.verified);
    } else {
        add(f, "TLS", "tls", false);
    }
    add(f, "Round trip", "rtt_ns", static_cast<std::uint64_t>(rtt.count()), duration_text(rtt));
    return f;
}

facts about_limits(const conats::server_info& i) {
    facts f;
    add(f, "Payload and headers", "max_payload", i.max_payload,
        number_text(i.max_payload) + " bytes");
    return f;
}

void print(output& out, const char* title, const facts& f) {
    out.print(out.painted(style::subject, title) + "\n\n");
    for (const fact& each : f) {
        const std::size_t gap = each.title.size() < 24 ? 24 - each.title.size() : 1;
        out.print(std::string(gap, ' ') + each.title + ": " + printable(each.shown, false) + '\n');
    }
    out.print("\n");
}

json::object as_json(const facts& f) {
    json::object o;
    for (const fact& each : f)
        o[each.name] = each.value;
    return o;
}

} // namespace

asio::awaitable<int> info(conats::connect_options options, const info_settings& s, output& out) {
    const std::string authentication = authentication_of(options);
    const auto limit = options.request_timeout();
    const conats::client nc = co_await open_connection(std::move(options));
    const auto rtt = co_await round_trip(nc, limit);
    const facts server = about_server(nc.server_info());
    const facts connection = about_connection(nc, authentication, rtt);
    const facts limits = about_limits(nc.server_info());
    if (s.json) {
        json::object all;
        all["server"] = as_json(server);
        all["connection"] = as_json(connection);
        all["limits"] = as_json(limits);
        out.print(json::serialize(all) + '\n');
    } else {
        print(out, "Server", server);
        print(out, "Connection", connection);
        print(out, "Limits", limits);
    }
    out.flush();
    co_return done;
}

} // namespace tool
