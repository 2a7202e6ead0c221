// SPDX-License-Identifier: Apache-2.0
// The names of what can be wrong, and what to do about each.
#include "doctor_report.hpp"

#include <algorithm>
#include <array>

namespace tool {

namespace {

struct row {
    diagnosis what;
    std::string_view name;
    std::string_view remedy;
};

using d = diagnosis;

constexpr std::array rows{
    row{d::none, "none", ""},
    row{d::unknown_host, "unknown_host",
        "Check the spelling of the host in --server, NATS_URL or the context. If it is right, this "
        "machine's DNS does not know it: `getent hosts NAME` asks in the same way."},
    row{d::dns_timeout, "dns_timeout",
        "The name server does not answer: look at /etc/resolv.conf, or give the server's IP "
        "address."},
    row{d::server_down, "server_down",
        "The machine is there, and nothing listens at this port. Start nats-server, or correct the "
        "port; `ss -ltn` on the server's machine lists who listens. A firewall may refuse as "
        "well."},
    row{d::host_unreachable, "host_unreachable",
        "Something between here and there loses the packets, or the machine is off: check the "
        "address, the route, VPN, firewalls and security groups."},
    row{d::proxy_failed, "proxy_failed",
        "Check the address and the login of the proxy in --socks-proxy, NATS_SOCKS_PROXY or the "
        "context, and that it lets through to this server and port."},
    row{d::websocket_refused, "websocket_refused",
        "Take the port of the `websocket` block of the server's config, with wss:// if that has "
        "TLS; "
        "or write nats:// where it is the usual port. A proxy in between has to pass WebSocket "
        "upgrades on."},

    row{d::silent_port, "silent_port",
        "Check host and port: this may be another service. If they are right, either nats-server "
        "hangs (see its log), or a load balancer or port forwarding accepts connections for a "
        "server that it does not reach."},
    row{d::monitoring_port, "monitoring_port",
        "Take the port for clients in place of the one for monitoring (usually 4222 and 8222)."},
    row{d::websocket_port, "websocket_port",
        "Write ws:// (wss:// with TLS) before the address, or take the port for clients."},
    row{d::cluster_port, "cluster_port",
        "Take the port for clients (usually 4222); this one is for other servers."},
    row{d::http_server, "http_server",
        "Correct host and port: a web server or HTTP proxy listens here. If it is nats-server's "
        "port "
        "for WebSockets with TLS, write wss:// before the address."},
    row{d::other_service, "other_service",
        "Correct host and port: something that is not NATS listens here."},
    row{d::closed_before_info, "closed_before_info",
        "Look into the server's log. A load balancer or port forwarding that does not reach its "
        "server closes at once, too."},
    row{d::tls_first_expected, "tls_first_expected",
        "Add --tlsfirst: the server has handshake_first in its `tls` block. Give --tlsca as well "
        "if its certificate is from a CA of your own."},
    row{d::lame_duck, "lame_duck",
        "The server is in lame duck mode: somebody is shutting it down, and its clients move to "
        "others of the cluster. Use another server, or start this one again."},

    row{d::tls_required, "tls_required",
        "Give the CA that signed the server's certificate: --tlsca FILE, NATS_CA or the "
        "context's `ca`. A certificate signed by a public CA would need none."},
    row{d::tls_not_offered, "tls_not_offered",
        "Give the server a `tls` block, if the connection is to be encrypted. Else write nats:// "
        "and leave out --tlsca, --tlscert, --tlskey and --tlsfirst: everything is then sent in "
        "plain, tokens and passwords too."},
    row{d::tls_first_not_expected, "tls_first_not_expected",
        "Leave out --tlsfirst (in a context: tls_first): this server encrypts after its greeting, "
        "if it encrypts at all."},
    row{d::unknown_ca, "unknown_ca",
        "Give the CA that signed the server's certificate: --tlsca FILE, NATS_CA or the context's "
        "`ca`. If that is the right one, the server's cert_file lacks the certificates between "
        "its own and the CA's."},
    row{d::wrong_host_name, "wrong_host_name",
        "Connect by one of the names that the certificate is for, or get a certificate whose "
        "subjectAltName holds the name or IP address in use."},
    row{d::certificate_expired, "certificate_expired",
        "Renew the server's certificate and tell the server (nats-server --signal reload). If the "
        "date is not yet over, this machine's clock is wrong: see `date -u`."},
    row{d::certificate_not_yet_valid, "certificate_not_yet_valid",
        "Compare the clocks of this machine and of the one that made the certificate: `date -u`."},
    row{d::certificate_rejected, "certificate_rejected",
        "Look at the certificate: openssl x509 -noout -text -in FILE, with the server's "
        "cert_file."},
    row{d::certificate_expires_soon, "certificate_expires_soon",
        "Renew the server's certificate and tell the server (nats-server --signal reload); after "
        "that date nobody connects any more."},
    row{d::client_certificate_required, "client_certificate_required",
        "Give a certificate and its key, signed by the CA in the server's ca_file: --tlscert FILE "
        "--tlskey FILE."},
    row{d::client_certificate_refused, "client_certificate_refused",
        "Give a certificate that is signed by the CA in the server's ca_file and has not expired: "
        "--tlscert FILE --tlskey FILE. The server's log says what is wrong with this one."},
    row{d::tls_files_unusable, "tls_files_unusable",
        "Correct the file that the line names; it comes from --tlsca, --tlscert, --tlskey, the "
        "environment or the context."},
    row{d::tls_failed, "tls_failed",
        "Look into the server's log. Versions or ciphers may not fit (conats speaks TLS 1.2 and "
        "1.3), or something in between breaks the connection."},

    row{d::credentials_required, "credentials_required",
        "Give --token, --user and --password, --creds or --nkey, or a context that holds one of "
        "them."},
    row{d::wrong_token, "wrong_token",
        "Compare it with the token in the `authorization` block of the server's config, which has "
        "to be reloaded after a change; where that holds a hash ($2a$...), give what was hashed. "
        "The token in use comes from the first of --token or --server, NATS_TOKEN or NATS_URL, the "
        "context; the shell replaces $ and ! in it unless it stands in single quotes."},
    row{d::wrong_password, "wrong_password",
        "Compare both with the users in the server's config, which has to be reloaded after a "
        "change; where that holds a hash ($2a$...), give the password that was hashed. They come "
        "from the first of --user and --password or --server, the environment, the context; the "
        "shell replaces $ and ! in them unless they stand in single quotes."},
    row{d::wrong_nkey, "wrong_nkey",
        "Compare the public key of the seed with `nkey` of the users in the server's config: "
        "nk -inkey FILE -pubout prints it."},
    row{d::wrong_jwt, "wrong_jwt",
        "The user may be revoked, or of an account or operator that this server does not know, or "
        "the seed is not the JWT's. The server's log says which; nsc describe user shows the "
        "JWT."},
    row{d::credentials_expired, "credentials_expired",
        "Get new credentials for this user, with nsc: nsc edit user --expiry, then nsc generate "
        "creds. If the date is not yet over, a clock is wrong: see `date -u`."},
    row{d::credentials_revoked, "credentials_revoked",
        "Somebody has revoked this user's credentials: get new ones from who runs the account."},
    row{d::account_expired, "account_expired",
        "The account's own JWT has expired: who runs the operator has to renew it and push it to "
        "the servers (nsc edit account --expiry, nsc push)."},
    row{d::credentials_unreadable, "credentials_unreadable",
        "Correct the file in --creds, --nkey, the environment or the context: it has to be there, "
        "readable, and as nsc wrote it."},
    row{d::nkeys_not_supported, "nkeys_not_supported",
        "This server has no NKeys or JWTs in its config: take another server, or give a token or a "
        "user and password."},
    row{d::auth_timeout, "auth_timeout",
        "The server is slow to decide, or overloaded, or it waits for an auth callout service: see "
        "its log. A longer --timeout shows whether it decides at all."},
    row{d::max_connections, "max_connections",
        "Raise max_connections in the server's config, or find out who holds so many: /connz of "
        "the server's monitoring lists them. Clients that are started again and again without "
        "closing do that."},
    row{d::max_account_connections, "max_account_connections",
        "Raise the account's limit (nsc edit account --conns), or find out which of its clients "
        "hold so many."},

    row{d::slow_link, "slow_link",
        "Requests take at least this long. Use a server that is nearer, or find what is slow on "
        "the way: ping, mtr; the load of both machines. --slow sets what counts as slow."},
    row{d::publish_not_permitted, "publish_not_permitted",
        "Allow it in `permissions` of the user or account: publish. Services that answer requests "
        "need their inboxes or allow_responses. If this user is not to publish there, check with "
        "--subject and one it may use."},
    row{d::subscribe_not_permitted, "subscribe_not_permitted",
        "Allow it in `permissions` of the user or account: subscribe. Without an inbox there are "
        "no replies to requests and no JetStream; where only some inboxes are allowed, say which "
        "with --inbox-prefix."},
    row{d::message_lost, "message_lost",
        "Publishing and subscribing are allowed, and yet the message did not come back: a mapping, "
        "an import or a slow server may be in between. See the server's log."},
    row{d::jetstream_off, "jetstream_off",
        "Nothing, unless programs here use JetStream: then add a `jetstream` block to the server's "
        "config, or start it with --jetstream."},
    row{d::jetstream_not_enabled, "jetstream_not_enabled",
        "Nothing, unless programs here use JetStream: then enable it for this account, with "
        "jetstream: enabled in the config, or nsc edit account --js-disk-storage."},
    row{d::jetstream_not_permitted, "jetstream_not_permitted",
        "Nothing, unless this user is to use JetStream: then allow it to publish to $JS.API.>."},
    row{d::jetstream_failed, "jetstream_failed",
        "Look into the server's log, and at /jsz of its monitoring: a cluster without a leader, or "
        "a full disk, answers like this."},
    row{d::no_answer, "no_answer",
        "The server, or the way to it, has become too slow: look at its load and its log. A longer "
        "--timeout shows whether it answers at all."},
    row{d::connection_lost, "connection_lost",
        "Look into the server's log for why it closed this connection. If it knows nothing of it, "
        "something in between did: a proxy, load balancer or firewall."},
    row{d::unexpected, "unexpected",
        "Look into the server's log for the same moment; --trace shows what was said."},
};

const row& row_of(diagnosis what) noexcept {
    const auto* const found =
        std::find_if(rows.begin(), rows.end(), [what](const row& r) { return r.what == what; });
    return found == rows.end() ? rows.back() : *found;
}

} // namespace

std::string_view to_string(diagnosis what) noexcept {
    return row_of(what).name;
}

std::string_view remedy_of(diagnosis what) noexcept {
    return row_of(what).remedy;
}

std::string_view to_string(step s) noexcept {
    switch (s) {
    case step::dns: return "dns";
    case step::tcp: return "tcp";
    case step::transport: return "transport";
    case step::tls: return "tls";
    case step::info: return "info";
    case step::auth: return "auth";
    case step::round_trip: return "round_trip";
    case step::subscribe: return "subscribe";
    case step::publish: return "publish";
    case step::jetstream: return "jetstream";
    }
    return {};
}

std::string_view to_string(verdict v) noexcept {
    switch (v) {
    case verdict::ok: return "ok";
    case verdict::note: return "note";
    case verdict::warning: return "warning";
    case verdict::failed: return "failed";
    case verdict::skipped: return "skipped";
    }
    return {};
}

} // namespace tool
