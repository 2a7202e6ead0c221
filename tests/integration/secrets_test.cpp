// SPDX-License-Identifier: Apache-2.0
// One sieve for all that a client tells while everything fails: logs, events, errors, attempts,
// statistics and the trace of the wire hold no secret, whatever it is and wherever it came from.
#include "integration/helpers.hpp"
#include "integration/secret_kinds.hpp"
#include "integration/sieve.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"
#include "support/test_proxy.hpp"

#include <conats/stream.hpp>
#include <conats/websocket.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

/// What is given beside a kind's own secrets, where a way to fail needs one.
constexpr std::string_view other = "an0ther-0ne";

using changer = std::function<void(conats::connect_options&)>;

/// A way to fail.
class failing {
public:
    failing(std::string where, changer how, std::string_view what)
        : url(std::move(where)),
          change(std::move(how)),
          told(what) {}

    std::string url;
    changer change;   ///< of the options, besides
    std::string told; ///< of it, or a part
};

void nothing(conats::connect_options& /*o*/) {}

/// One that is to fail at a deadline; others have the time they need, on any machine.
void soon(conats::connect_options& o) {
    o.connect_timeout(scaled(100ms));
}

/// All the ways to fail, with who is needed for it.
class all_failings {
public:
    all_failings() {
        add_unreachable();
        add_handshakes();
        add_refusals();
        add_tls();
        add_proxies();
        add_websocket();
        add_conflicts();
    }

    [[nodiscard]] const std::vector<failing>& all() const { return all_; }
    /// Of a server that greets and says no more.
    [[nodiscard]] std::string silent_url() const { return silent_.url(); }

private:
    void add(const std::string& url, changer how, std::string_view told) {
        all_.emplace_back(url, std::move(how), told);
    }
    /// A server that needs credentials, asks for a signature, and does the rest as told.
    const scripted_peer& peer(const peer_script& rest) {
        return peers_.emplace_back([rest](peer_session& s) {
            s.info().auth_required(true).set("nonce", peer_nonce);
            rest(s);
        });
    }
    void add(const peer_script& script, changer how, std::string_view told) {
        add(peer(script).url(), std::move(how), told);
    }

    void add_unreachable() {
        add("127.0.0.1:1", nothing, "connect_failed");
        add(
            "h.test",
            [](conats::connect_options& o) {
                o.resolver([](std::string host) -> asio::awaitable<std::vector<std::string>> {
                    throw std::runtime_error(host + " is unknown");
                    co_return std::vector<std::string>();
                });
            },
            "h.test");
        add(
            "127.0.0.1:1",
            [](conats::connect_options& o) {
                o.transport([](conats::transport_target)
                                -> asio::awaitable<std::unique_ptr<conats::stream>> {
                    throw std::runtime_error("no carrier");
                    co_return nullptr;
                });
            },
            "carrier");
        add("ws://127.0.0.1:1", nothing, "transport_unavailable");
    }

    void add_handshakes() {
        add([](peer_session& s) { s.reset(); }, nothing, "connect_failed");
        add([](peer_session& s) { s.send("HTTP/1.1 400 Bad Request\r\n"); }, nothing, "HTTP");
        add([](peer_session& s) { s.wait_closed(); }, soon, "timeout");
        add(
            [](peer_session& s) {
                s.info().tls_required(true);
                s.send_info();
                s.send("no TLS");
                s.wait_closed();
            },
            nothing, "tls_handshake_failed");
        add([](peer_session& s) { s.send_info(); },
            [](conats::connect_options& o) { o.name(std::string(5000, 'n')); },
            "connect_too_large");
        add(
            [](peer_session& s) {
                s.send_info();
                (void)s.expect_connect();
                s.reset();
            },
            nothing, "CONNECT {");
        add(silent_.url(), soon, "timeout"); // behind CONNECT
    }

    void add_refusals() {
        for (const char* refusal :
             {"Authorization Violation", "Authentication Timeout", "User Authentication Expired",
              "User Authentication Revoked", "Account Authentication Expired", "Unknown"}) {
            const std::string line = "-ERR '" + std::string(refusal) + "'\r\n";
            add(
                [line](peer_session& s) { // at once
                    s.send_info();
                    (void)s.expect_connect();
                    s.send(line);
                },
                nothing, refusal);
            add(
                [line](peer_session& s) { // later
                    s.handshake();
                    s.send(line);
                },
                nothing, refusal);
        }
        add(
            [](peer_session& s) {
                s.handshake();
                s.send("-ERR 'Permissions Violation for Publish to \"a\"'\r\n-ERR 'Permissions "
                       "Violation for Subscription to \"a\"'\r\nMSG a 1 junk\r\n");
            },
            nothing, "permission");
    }

    /// TLS in which all is right, with a key that has a password.
    [[nodiscard]] conats::tls_options right_tls() const {
        const certificate own = tls_.ca.client("me");
        return tls_.trusting()
            .certificate_pem(own.pem)
            .key_pem(own.encrypted_key(std::string(other)))
            .key_password(other);
    }

    void add_tls() {
        const conats::tls_options right = right_tls();
        const auto with = [](const conats::tls_options& tls) {
            return [tls](conats::connect_options& o) { o.tls(tls); };
        };
        conats::tls_options changed = right;
        add(healthy_.url(), with(right), ", tls "); // fails for those who need a nonce only
        add(server_.url(), with(right), "authorization_violation");
        add(server_.url(), with(changed.server_name("stranger.test")), "tls_certificate_rejected");
        changed = right;
        const certificate_authority stranger("other CA");
        tls_.scratch.write("other.pem", stranger.pem());
        add(server_.url(), with(changed.ca_file(tls_.path("other.pem"))),
            "tls_certificate_rejected");
        add(server_.url(), with(tls_.trusting()), "tls_handshake_failed"); // who are we?
        changed = right;
        add(server_.url(), with(changed.key_password(std::string(other) + "!")),
            "tls_configuration_invalid");
        add(silent_.url(), with(right), "tls_not_offered");
        add(tls_url(silent_.url()), nothing, "tls_not_offered");
    }

    void add_proxies() {
        const auto with = [](const std::string& url) {
            return [url](conats::connect_options& o) { o.proxy(url); };
        };
        const std::string login = "us3r-0f-it:" + std::string(other);
        for (const char* kind : {"http://", "socks5://"}) {
            add("127.0.0.1:1", with(kind + login + "@127.0.0.1:1"), "proxy_failed");
            add("127.0.0.1:1", with(kind + login + "@127.0.0.1:99999"), "invalid_options");
        }
        proxy_behaviour b;
        const auto through = [&](std::string_view told) {
            add("127.0.0.1:1", with(proxies_.emplace_back(b).url(login)), told);
        };
        b.user = "us3r-0f-it";
        b.password = "right";
        through("the proxy"); // knows another password
        b.is_http = true;
        through("407");
        b.password = other;
        b.refusal = "403 Not to there";
        through("403 Not to there");
        b.is_http = false;
        b.refusal = "\2";
        through("does not allow");
    }

    void add_websocket() {
        conats::websocket_options headers;
        headers.header("Authorization", "Bearer " + std::string(other));
        headers.header("Cookie", "c=" + std::string(other));
        const auto by_websocket = [headers](conats::connect_options& o) {
            o.transport(conats::websocket(headers));
        };
        const auto ws = [](const std::string& url) { return "ws" + url.substr(url.find(':')); };
        for (const char* status : {"401 Who are you", "403 Not you", "503 Not now"}) {
            const auto refuse = [status](peer_session& s) {
                if (s.read(4) != "GET ")
                    return; // TLS
                while (!s.line().empty()) {}
                s.send("HTTP/1.1 " + std::string(status) + "\r\nContent-Length: 0\r\n\r\n");
                s.wait_closed();
            };
            add(ws(peer(refuse).url()), by_websocket, status);
        }
        const auto url = server_.listening("websocket").front();
        add("ws://127.0.0.1" + url.substr(url.rfind(':')), by_websocket, "authorization_violation");
    }

    void add_conflicts() {
        add(
            "127.0.0.1:1", [](conats::connect_options& o) { o.token(other).user("u"); },
            "invalid_options");
        add(
            silent_.url(), [](conats::connect_options& o) { o.credentials_file("/nowhere"); },
            "credentials");
        const std::string given(other);
        add(given + "@127.0.0.1:1", nothing, "connect_failed");
        add("u:" + given + "@127.0.0.1:1", nothing, "connect_failed");
        add("u:" + given + "@127.0.0.1:99999", nothing, "invalid_address");
    }

    tls_files tls_;
    nats_server server_{tls_.config("verify: true") +
                        "websocket { host: \"127.0.0.1\", port: -1, no_tls: true }\n" +
                        "authorization { users: [ { user: else, password: else }, { nkey: " +
                        test_nkey().public_key() + " } ] }\n"};
    nats_server healthy_{tls_.config("verify: true")};
    scripted_peer silent_{[](peer_session& s) {
        s.info().auth_required(true).set("nonce", peer_nonce);
        s.send_info();
        s.wait_closed();
    }};
    std::deque<scripted_peer> peers_;
    std::deque<test_proxy> proxies_;
    std::vector<failing> all_;
};

/// Connects, does a little of everything if that succeeds, and waits for the end.
asio::awaitable<void> live(conats::connect_options o, sieve& told) {
    conats::error e;
    auto nc = co_await conats::connect(o, e);
    told.take(e);
    told.take(nc);
    if (e)
        co_return;
    auto events = nc.events();
    auto sub = co_await nc.subscribe("a", e);
    told.take(e);
    told.take(nc.try_publish("a b", ""));
    told.take(nc.try_publish("big", std::string(std::size_t{2} << 20U, 'x')));
    conats::error failure;
    const auto none = co_await nc.request("a", "", scaled(20ms), failure);
    told.take(failure);
    co_await nc.flush(scaled(5s), failure);
    told.take(failure);
    told.take(nc);
    if (!failure)
        co_await nc.close(); // nothing fails here
    int losses = 0;
    while (auto event = co_await events.next()) {
        told.take(*event);
        if (event->status() != conats::status::connected)
            told.take(nc);
        if (event->status() == conats::status::disconnected && ++losses == 2)
            co_await nc.close(); // it would go on
    }
    told.take(nc);
    told.take(sub.end_reason());
}

void rethrow(const std::exception_ptr& e) {
    if (e)
        std::rethrow_exception(e);
}

/// Fails in this way, whether or not it may return before it is connected.
void start(asio::io_context& context, const failing& way, const secret_kind::giver& give,
           sieve& told) {
    for (const bool retry : {false, true}) {
        conats::connect_options o(way.url);
        give(o);
        o.connect_timeout(scaled(5s)).max_reconnects(1).reconnect_wait(1ms).reconnect_jitter(0ms);
        o.close_timeout(10ms).retry_on_failed_connect(retry);
        way.change(o);
        told.listen_to(o);
        asio::co_spawn(context, live(o, told), rethrow);
    }
}

} // namespace

TEST_CASE("A25, E16 over all failures nothing that is told holds a secret") {
    const all_failings ways;
    const secret_kinds kinds;
    bool tells_of_tls = false;
    for (const secret_kind& kind : kinds.all()) {
        CAPTURE(kind.name);
        const failing wrong_secret(ways.silent_url(), nothing, kind.complaint);
        std::deque<sieve> told;
        run([&](asio::io_context& context) -> asio::awaitable<void> {
            for (const failing& way : ways.all())
                start(context, way, kind.give, told.emplace_back());
            start(context, wrong_secret, kind.give_wrong, told.emplace_back());
            co_return;
        });
        const secret_finder finder(*kind.hidden);
        const secret_finder others({std::string(other), "us3r-0f-it"});
        for (std::size_t i = 0; i != told.size(); ++i) {
            const failing& way = i == ways.all().size() ? wrong_secret : ways.all()[i];
            CAPTURE(i, way.told);
            const std::string text = told[i].text();
            CHECK(finder.find_in(text) == "");
            CHECK(others.find_in(text) == "");
            const bool as_meant = text.find(way.told) != std::string::npos;
            const bool earlier =
                !kind.obstacle.empty() && text.find(kind.obstacle) != std::string::npos;
            CHECK((as_meant || earlier)); // it was all listened to
            tells_of_tls = tells_of_tls || text.find("TLSv1") != std::string::npos;
        }
    }
    CHECK(tells_of_tls);
}

TEST_CASE("The sieve finds a secret in all its forms, and parts of it") {
    const std::string hidden = "s3cr3t \"t0k3n\" 50%/\\@x";
    const secret_finder finder({hidden});
    const auto finds = [&](const std::string& text) { return !finder.find_in(text).empty(); };
    CHECK(finds(hidden));
    CHECK(finds("the server said " + hidden.substr(4, 9) + "..."));
    CHECK(finds("nats://" + percent_encoded(hidden) + "@127.0.0.1:4222"));
    CHECK(finds("s3cr3t%20%22"));
    CHECK(finds(R"({"auth_token":"s3cr3t \"t0k3n\" 50%/\\@x"})"));
    CHECK(finds(R"({"auth_token":"\"t0k3n\" 50"})"));
    CHECK(finds("Basic dTpzM2NyM3QgInQwazNuIiA1MCUvXEB4"));     // u:…
    CHECK(finds("Basic dXM6czNjcjN0ICJ0MGszbiIgNTAlL1xAeA==")); // us:…
    CHECK(finds("Basic dXNlOnMzY3IzdCAidDBrM24iIDUwJS9cQHg=")); // use:…
    CHECK_FALSE(finds("nats://***@127.0.0.1:4222 s3cr3t t0k3n {\"auth_token\":\"***\"}"));
    sieve told;
    const conats::error e(conats::errc::closed, "because of " + hidden);
    told.take(conats::event(conats::event_kind::connect_failed, e));
    CHECK(finds(told.text()));
}
