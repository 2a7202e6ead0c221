// SPDX-License-Identifier: Apache-2.0
// One sieve for all that a client tells while everything fails: logs, events, errors, attempts and
// the trace of the wire hold no secret, whatever it is and wherever it came from.
#include "integration/helpers.hpp"
#include "integration/outcome.hpp"
#include "protocol/nkey.hpp"
#include "support/catch.hpp"
#include "support/jwt_maker.hpp"
#include "support/scripted_peer.hpp"

#include <conats/observability.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

/// Whatever is told, by whom ever, in text.
class sieve {
public:
    template <class T>
    void take(const T& what) {
        std::ostringstream text;
        text << what << "\n";
        const std::lock_guard lock(mutex_);
        text_ += text.str();
    }
    void take(const conats::error& e) { take(all_of(e)); }
    [[nodiscard]] std::string text() const {
        const std::lock_guard lock(mutex_);
        return text_;
    }

    /// Everything that a client with these options tells goes here.
    void listen_to(conats::connect_options& o) {
        take(o);
        o.log(conats::log_level::debug, [this](const conats::log_record& r) {
            take(r);
            take(r.text());
            take(r.what());
        });
        o.on_attempt([this](const conats::connect_attempt& a) {
            take(a);
            take(a.what());
        });
        o.wire_trace([this](const conats::wire_operation& w) {
            take(w);
            take(w.line());
            take(w.headers());
            take(w.payload());
        });
    }

private:
    mutable std::mutex mutex_;
    std::string text_;
};

/// Secrets of one kind, and how a client gets them.
class secrets {
public:
    secrets(std::string_view what, std::vector<std::string> values,
            std::function<void(conats::connect_options&)> how)
        : name(what),
          hidden(std::move(values)),
          give(std::move(how)) {}

    std::string name;
    std::vector<std::string> hidden;
    std::function<void(conats::connect_options&)> give;
};

std::vector<secrets> all_secrets() {
    std::vector<secrets> all;
    all.emplace_back("token", std::vector<std::string>{"s3cr3t-t0k3n"},
                     [](conats::connect_options& o) { o.token("s3cr3t-t0k3n"); });
    all.emplace_back("password", std::vector<std::string>{"s3cr3t-pa55"},
                     [](conats::connect_options& o) { o.user("joe").password("s3cr3t-pa55"); });
    all.emplace_back("token provider", std::vector<std::string>{"pr0vided-t0k3n"},
                     [](conats::connect_options& o) {
                         o.token_provider(
                             [](conats::auth_request) -> asio::awaitable<conats::secret> {
                                 co_return conats::secret("pr0vided-t0k3n");
                             });
                     });
    const test_nkey user;
    const std::string seed = user.seed_text();
    all.emplace_back("seed", std::vector<std::string>{seed},
                     [seed](conats::connect_options& o) { o.nkey_seed(conats::secret(seed)); });
    const std::string jwt = make_jwt(user_claims().made_for(user.public_key()), test_nkey());
    all.emplace_back("JWT", std::vector<std::string>{seed, jwt},
                     [seed, jwt](conats::connect_options& o) {
                         o.jwt(conats::secret(jwt), conats::secret(seed));
                     });
    all.emplace_back("credentials", std::vector<std::string>{seed, jwt},
                     [seed, jwt](conats::connect_options& o) {
                         o.credentials(conats::secret(credentials_text(jwt, seed)));
                     });
    return all;
}

/// A server that needs credentials, asks for a signature, and does the rest as told.
scripted_peer demanding(const peer_script& rest) {
    return scripted_peer([rest](peer_session& s) {
        s.info().auth_required(true).set("nonce", "R4nd0m");
        rest(s);
    });
}

/// Connects, does a little of everything if that succeeds, and waits for the end.
asio::awaitable<void> live(conats::connect_options o, sieve& told) {
    conats::error e;
    auto nc = co_await conats::connect(o, e);
    told.take(e);
    if (!e) {
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a", e);
        told.take(nc.try_publish("a b", ""));
        told.take(nc.try_publish("big", std::string(std::size_t{2} << 20U, 'x')));
        conats::error failure;
        const auto none = co_await nc.request("a", "", scaled(20ms), failure);
        told.take(failure);
        co_await nc.flush(scaled(20ms), failure);
        told.take(failure);
        int losses = 0;
        while (auto event = co_await events.next()) {
            told.take(*event);
            told.take(event->what());
            if (event->status() == conats::status::disconnected && ++losses == 2)
                co_await nc.close(); // it would go on
        }
    }
    told.take(nc.close_reason());
    told.take(nc.connected_url());
    told.take(nc.last_attempt());
    told.take(nc.last_attempt().what());
    for (const conats::server_state& s : nc.servers()) {
        told.take(s.url());
        told.take(s.last_error());
    }
}

/// All the ways to fail, with options that hold a secret and what they tell.
void fail_in_every_way(const std::function<void(conats::connect_options&)>& give, sieve& told) {
    const auto attempt = [&](const std::string& url,
                             const std::function<void(conats::connect_options&)>& more = nullptr) {
        conats::connect_options o(url);
        give(o);
        o.connect_timeout(scaled(200ms)).max_reconnects(1).reconnect_wait(1ms);
        o.reconnect_jitter(0ms).close_timeout(10ms);
        if (more)
            more(o);
        told.listen_to(o);
        run([&]() -> asio::awaitable<void> { co_await live(o, told); });
    };
    const auto at = [&](const peer_script& script,
                        const std::function<void(conats::connect_options&)>& more = nullptr) {
        const scripted_peer peer = demanding(script);
        attempt(peer.url(), more);
    };
    // Before anybody is asked for credentials.
    attempt("127.0.0.1:1");
    attempt("h.test", [](conats::connect_options& o) {
        o.resolver([](std::string host) -> asio::awaitable<std::vector<std::string>> {
            throw std::runtime_error(host + " is unknown");
            co_return std::vector<std::string>();
        });
    });
    attempt("127.0.0.1:1", [](conats::connect_options& o) {
        o.proxy(conats::secret("http://u:an0ther@127.0.0.1:1"));
    });
    attempt("127.0.0.1:1", [](conats::connect_options& o) {
        o.proxy(conats::secret("socks5://u:an0ther@127.0.0.1:1"));
    });
    attempt("ws://127.0.0.1:1");
    at([](peer_session& s) { s.reset(); });
    at([](peer_session& s) { s.send("HTTP/1.1 400 Bad Request\r\n"); });
    at([](peer_session& s) { s.stop_reading(); });
    at([](peer_session& s) {
        s.info().tls_required(true);
        s.send_info();
        s.send("no TLS");
        s.wait_closed();
    });
    at([](peer_session& s) { s.send_info(); },
       [](conats::connect_options& o) { o.name(std::string(5000, 'n')); });
    // They were presented.
    for (const char* refusal :
         {"Authorization Violation", "Authentication Timeout", "User Authentication Expired",
          "User Authentication Revoked", "Account Authentication Expired", "Unknown"}) {
        const std::string line = "-ERR '" + std::string(refusal) + "'\r\n";
        at([&line](peer_session& s) { // at once
            s.send_info();
            (void)s.expect_connect();
            s.send(line);
        });
        at([&line](peer_session& s) { // later
            s.handshake();
            s.send(line);
        });
    }
    at([](peer_session& s) {
        s.send_info();
        (void)s.expect_connect();
        s.reset();
    });
    at([](peer_session& s) {
        s.send_info();
        (void)s.expect_connect();
        s.stop_reading();
    });
    at(
        [](peer_session& s) {
            s.handshake();
            s.send("-ERR 'Permissions Violation for Publish to \"a\"'\r\n-ERR 'Permissions "
                   "Violation for Subscription to \"a\"'\r\nMSG a 1 junk\r\n");
        },
        // The only attempt to tell of permissions; it answers, however busy the machine is.
        [](conats::connect_options& o) { o.connect_timeout(scaled(5s)); });
    // Conflicts and what cannot be read.
    attempt("127.0.0.1:1", [](conats::connect_options& o) { o.token("an0ther").user("u"); });
    attempt("127.0.0.1:1", [](conats::connect_options& o) { o.credentials_file("/nowhere"); });
    attempt("an0ther@127.0.0.1:1");
    attempt("u:an0ther@127.0.0.1:1");
    attempt("u:an0ther@127.0.0.1:99999");
}

} // namespace

TEST_CASE("A25, E16 over all failures nothing that is told holds a secret") {
    const auto all = all_secrets();
    const std::size_t which = GENERATE(range(std::size_t{0}, std::size_t{6}));
    REQUIRE(all.size() == 6);
    const secrets& s = all[which];
    CAPTURE(s.name);
    sieve told;
    fail_in_every_way(s.give, told);
    const std::string text = told.text();
    // It was all listened to.
    for (const char* heard : {"authorization_violation", "connection_refused", "CONNECT", "***",
                              "connect_failed", "tls_handshake_failed", "permission"}) {
        CAPTURE(heard);
        CHECK(text.find(heard) != std::string::npos);
    }
    for (const std::string& hidden : s.hidden) {
        CHECK(hidden.size() > 8);
        CHECK(text.find(hidden) == std::string::npos);
        // Nor a part that would do to guess the rest.
        CHECK(text.find(hidden.substr(hidden.size() / 2)) == std::string::npos);
    }
    CHECK(text.find("an0ther") == std::string::npos);
}
