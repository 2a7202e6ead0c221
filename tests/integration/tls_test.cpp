// SPDX-License-Identifier: Apache-2.0
// Connections that are encrypted, by a real nats-server.
#include "integration/helpers.hpp"
#include "integration/outcome.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/sniffing_proxy.hpp"

#include <conats/conats.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::condition;
using conats::errc;
using conats::tls_options;

namespace {

/// Publishes and receives something, and returns how.
asio::awaitable<conats::tls_info> talk(conats::connect_options o) {
    auto nc = co_await conats::connect(std::move(o));
    auto sub = co_await nc.subscribe("a");
    co_await nc.publish("a", "encrypted?");
    const auto m = co_await sub.next(5s);
    CHECK(m->text() == "encrypted?");
    const auto info = nc.tls_info();
    co_await nc.drain();
    CHECK_FALSE(nc.tls_info());
    co_return info;
}

/// Whether the words of `talk` and a token were seen on the wire.
bool is_readable(const sniffing_proxy& wire) {
    const std::string all = wire.from_client() + wire.from_server();
    return all.find("CONNECT") != all.npos || all.find("encrypted?") != all.npos ||
           all.find("t0k3n") != all.npos;
}

} // namespace

TEST_CASE(
    "E18 B07 TLS after INFO, by a tls:// address, an option, or because the server demands it") {
    const tls_files files;
    nats_server server(files.config() + "authorization { token: t0k3n }");
    sniffing_proxy wire(server.host(), server.port());
    const bool by_address = GENERATE(false, true);
    const std::string url = by_address ? tls_url(wire.url("t0k3n")) : wire.url("t0k3n");
    CAPTURE(url);
    const auto info = run(talk(with_tls(url, files.trusting())));
    CHECK(info.version == "TLSv1.3");
    CHECK(info.verified);
    CHECK(info.server_name == "127.0.0.1");
    CHECK(info.peer.subject == "CN=a server");
    CHECK(wire.lines_from_server("INFO ") == 1);
    CHECK_FALSE(is_readable(wire));
}

TEST_CASE("E18 without options a server that demands TLS is verified by what the system trusts") {
    const tls_files files;
    nats_server server(files.config() + "authorization { token: t0k3n }");
    sniffing_proxy wire(server.host(), server.port());
    for (const auto& url : {wire.url("t0k3n"), tls_url(wire.url("t0k3n"))}) {
        const auto e = outcome_of(url);
        CHECK(e == errc::tls_certificate_rejected);
        CHECK(e.server() ==
              url.substr(0, url.find(':')) + "://127.0.0.1:" + std::to_string(wire.port()));
    }
    CHECK_FALSE(is_readable(wire));
}

TEST_CASE("E20 P2.19 a server that allows both is talked to in plain unless TLS is asked for") {
    const tls_files files;
    nats_server server(files.config() + "allow_non_tls: true\n");
    CHECK_FALSE(run(talk(server.url())));
    CHECK(run(talk(with_tls(server.url(), files.trusting()))));
    CHECK(outcome_of(tls_url(server.url())) == errc::tls_certificate_rejected);
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        CHECK(nc.server_info().tls_available);
        CHECK_FALSE(nc.server_info().tls_required);
    });
}

TEST_CASE("E21 P2.21 S93 TLS first, and where the two sides do not agree on it") {
    require_server({2, 10, 4});
    const tls_files files;
    auto first = files.trusting();
    first.handshake_first(true);
    const auto limited = [](conats::connect_options o) {
        o.token("t0k3n").connect_timeout(scaled(500ms));
        return o;
    };
    SECTION("both") {
        nats_server server(files.config("handshake_first: true"));
        sniffing_proxy wire(server.host(), server.port());
        CHECK(run(talk(with_tls(wire.url(), first))).version == "TLSv1.3");
        CHECK(wire.lines_from_server("INFO ") == 0);
        CHECK_FALSE(is_readable(wire));
    }
    SECTION("the server alone") {
        nats_server server(files.config("handshake_first: true"));
        sniffing_proxy wire(server.host(), server.port());
        const auto e = outcome_of(limited(with_tls(wire.url(), files.trusting())));
        CHECK((e == errc::timeout || e == errc::disconnected));
        CHECK(e.text().find("handshake_first") != std::string::npos);
        CHECK_FALSE(is_readable(wire));
    }
    SECTION("the server lets the client choose") {
        nats_server server(files.config("handshake_first: auto"));
        CHECK(run(talk(with_tls(server.url(), first))));
        CHECK(run(talk(with_tls(server.url(), files.trusting()))));
    }
    SECTION("the client alone, to a server with TLS and to one without") {
        const bool has_tls = GENERATE(false, true);
        nats_server server(has_tls ? files.config() : std::string());
        sniffing_proxy wire(server.host(), server.port());
        const auto e = outcome_of(limited(with_tls(wire.url(), first)));
        CHECK(e == errc::tls_handshake_failed);
        CHECK(e.text().find("\"INFO {") != std::string::npos);
        CHECK_FALSE(is_readable(wire));
    }
}

TEST_CASE("E22 a private CA from a file, a directory and from memory") {
    const tls_files files;
    nats_server server(files.config());
    CHECK_FALSE(outcome_of(with_tls(server.url(), tls_options().ca_file(files.path("ca.pem")))));
    CHECK_FALSE(outcome_of(with_tls(server.url(), tls_options().ca_pem(files.ca.pem()))));
    std::filesystem::create_directory(files.path("all"));
    files.scratch.write("all/any-name", files.ca.pem());
    CHECK_FALSE(outcome_of(with_tls(server.url(), tls_options().ca_directory(files.path("all")))));
}

TEST_CASE("E22 a CA that is given replaces those of the system") {
    const tls_files files;
    nats_server server(files.config());
    const certificate_authority other("other");
    const auto e = outcome_of(with_tls(server.url(), tls_options().ca_pem(other.pem())));
    CHECK(e == errc::tls_certificate_rejected);
}

TEST_CASE("E22 without a CA the system's decide, which a client reads once") {
    const tls_files files;
    nats_server server(files.config());
    const auto asks_for_tls = with_tls(server.url(), tls_options());
    std::optional<environment_variable> bundle;
    bundle.emplace("SSL_CERT_FILE", files.path("ca.pem"));
    CHECK(run(talk(asks_for_tls)).verified);
    CHECK(run(talk(tls_url(server.url()))).verified);
    CHECK(run(talk(server.url())).verified); // because the server demands TLS
    // They are no ground to trust just any name.
    CHECK(outcome_of(with_tls(server.url(), tls_options().server_name("other.test"))) ==
          errc::tls_certificate_rejected);
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(asks_for_tls);
        bundle.reset();
        bundle.emplace("SSL_CERT_FILE", files.path("none.pem"));
        CHECK_FALSE(nc.force_reconnect());
        const bool back = co_await async_eventually([&] {
            return nc.statistics().reconnects == 1 && nc.status() == conats::status::connected;
        });
        CHECK(back);
        CHECK(nc.tls_info().verified);
    });
    CHECK(outcome_of(asks_for_tls) == errc::tls_certificate_rejected);
}

TEST_CASE("E23 S92 mutual TLS: PEM by file and memory, an encrypted key, PKCS#12") {
    const tls_files files;
    const auto mine = files.ca.intermediate("in between").client("me");
    files.scratch.write("mine.pem", mine.pem);
    files.scratch.write("mine.key", mine.key);
    files.scratch.write("locked.key", mine.encrypted_key("pass"));
    files.scratch.write("mine.p12", mine.pkcs12("pass"));
    nats_server server(files.config("verify: true"));
    auto by_file = files.trusting();
    by_file.certificate_file(files.path("mine.pem"));
    auto locked = by_file;
    by_file.key_file(files.path("mine.key"));
    locked.key_file(files.path("locked.key")).key_password("pass");
    auto by_memory = files.trusting();
    by_memory.certificate_pem(mine.pem).key_pem(mine.key);
    auto by_pkcs12 = files.trusting();
    by_pkcs12.pkcs12_file(files.path("mine.p12")).key_password("pass");
    for (const tls_options& o : {by_file, locked, by_memory, by_pkcs12})
        CHECK(run(talk(with_tls(server.url(), o))));
}

TEST_CASE("E23 verify_and_map takes the user from the certificate") {
    const tls_files files;
    const auto mine = files.ca.client("me@example.test");
    const auto other = files.ca.client("other@example.test");
    nats_server server(files.config("verify_and_map: true") +
                       "authorization { users: [ { user: \"me@example.test\" } ] }");
    const auto as = [&](const certificate& c) {
        auto o = files.trusting();
        o.certificate_pem(c.pem).key_pem(c.key);
        return with_tls(server.url(), o);
    };
    CHECK_FALSE(outcome_of(as(mine)));
    CHECK(outcome_of(as(other)) == errc::authorization_violation);
}

TEST_CASE("E24 files are read anew at every attempt, a shared context is not") {
    const tls_files files;
    nats_server server(files.config());
    const certificate_authority other("other");
    auto by_file = tls_options().ca_file(files.path("changing.pem"));
    files.scratch.write("changing.pem", other.pem());
    auto shared = tls_options().context(conats::tls_context(by_file));
    CHECK(outcome_of(with_tls(server.url(), by_file)) == errc::tls_certificate_rejected);
    files.scratch.write("changing.pem", files.ca.pem());
    CHECK_FALSE(outcome_of(with_tls(server.url(), by_file)));
    CHECK(outcome_of(with_tls(server.url(), shared)) == errc::tls_certificate_rejected);
    int asked = 0;
    const auto provide = [&] {
        ++asked;
        return conats::tls_context(by_file);
    };
    CHECK_FALSE(outcome_of(with_tls(server.url(), tls_options().context_provider(provide))));
    CHECK(asked == 1);
}

TEST_CASE("E25 the name that is verified: the address's host, or the one that is given") {
    const tls_files files;
    files.use(files.ca.issue(conats::test::certificate_request("n").name("DNS:nats.test")));
    nats_server server(files.config());
    auto named = files.trusting();
    named.server_name("nats.test");
    const auto info = run(talk(with_tls(server.url(), named)));
    CHECK(info.server_name == "nats.test");
    // By a resolver, so that a name with a certificate leads to an address without one.
    const auto local = [](std::string) -> asio::awaitable<std::vector<std::string>> {
        std::vector<std::string> all(1, "127.0.0.1");
        co_return all;
    };
    auto by_host = with_tls("nats.test:" + std::to_string(server.port()), files.trusting());
    CHECK(run(talk(by_host.resolver(local))).server_name == "nats.test");
    auto other_host = with_tls("other.test:" + std::to_string(server.port()), files.trusting());
    const auto e = outcome_of(other_host.resolver(local));
    CHECK(e == errc::tls_certificate_rejected);
    CHECK(e.text().find("'nats.test', not for 'other.test'") != std::string::npos);
}

TEST_CASE("E26 S91 skipping verification works and is loud") {
    const tls_files files;
    files.use(files.ca.stranger());
    nats_server server(files.config());
    run([&]() -> asio::awaitable<void> {
        auto o = with_tls(server.url(), tls_options().insecure_skip_verify(true));
        auto nc = co_await conats::connect(o);
        CHECK(nc.tls_info());
        CHECK_FALSE(nc.tls_info().verified);
        auto stream = nc.events();
        const auto events = take_events(stream);
        REQUIRE(count_events(events, conats::event_kind::tls_not_verified) == 1);
        CHECK(events.back().what() == errc::tls_not_verified);
        CHECK(events.back().what().server() == server.url());
        auto second = nc.events(); // who comes late is told, too
        CHECK(count_events(take_events(second), conats::event_kind::tls_not_verified) == 1);
    });
    run([&]() -> asio::awaitable<void> {
        auto o = with_tls(server.url(), files.trusting().server_name("stranger.test"));
        auto nc = co_await conats::connect(o);
        auto stream = nc.events();
        CHECK(count_events(take_events(stream), conats::event_kind::tls_not_verified) == 0);
    });
}

TEST_CASE("E26 a certificate is accepted by its fingerprint") {
    const certificate_authority ca;
    const auto own = ca.stranger();
    const tls_files files;
    files.use(own);
    nats_server server(files.config());
    const auto pinned = [](const std::string& fingerprint) {
        return tls_options().verify([fingerprint](const conats::tls_verification& v) {
            return v.certificate().fingerprint == fingerprint;
        });
    };
    const auto info = run(talk(with_tls(server.url(), pinned(own.fingerprint()))));
    CHECK(info.verified);
    CHECK(info.peer.fingerprint == own.fingerprint());
    CHECK(outcome_of(with_tls(server.url(), pinned("00"))) == errc::tls_certificate_rejected);
}

TEST_CASE("E27 E28 versions and ciphers are those of the options, and told") {
    const tls_files files;
    nats_server both(files.config());
    auto old = files.trusting();
    old.max_version(conats::tls_version::tls_1_2).ciphers("ECDHE-ECDSA-CHACHA20-POLY1305");
    auto info = run(talk(with_tls(both.url(), old)));
    CHECK(info.version == "TLSv1.2");
    CHECK(info.cipher == "ECDHE-ECDSA-CHACHA20-POLY1305");
    auto suite = files.trusting();
    suite.cipher_suites("TLS_CHACHA20_POLY1305_SHA256").curves("P-256");
    info = run(talk(with_tls(both.url(), suite)));
    CHECK(info.version == "TLSv1.3");
    CHECK(info.cipher == "TLS_CHACHA20_POLY1305_SHA256");
    CHECK(info.alpn.empty());
    CHECK(info.peer.issuer == "CN=conats test CA");
    CHECK(info.peer.fingerprint.size() == 64);
    run([&]() -> asio::awaitable<void> {
        nats_server plain;
        auto nc = co_await conats::connect(plain.url());
        CHECK_FALSE(nc.tls_info());
        CHECK_FALSE(conats::client().tls_info());
    });
}

TEST_CASE("E27 a server that takes TLS 1.3 alone") {
    require_server({2, 11});
    const tls_files files;
    nats_server server(files.config("min_version: \"1.3\""));
    CHECK(run(talk(with_tls(server.url(), files.trusting()))).version == "TLSv1.3");
    const auto e = outcome_of(
        with_tls(server.url(), files.trusting().max_version(conats::tls_version::tls_1_2)));
    CHECK(e == errc::tls_handshake_failed);
    CHECK(e.text().find("protocol version") != std::string::npos);
}

TEST_CASE("S94 a connection that is cut under TLS is lost like any other") {
    const tls_files files;
    nats_server server(files.config());
    sniffing_proxy wire(server.host(), server.port());
    const bool by_reset = GENERATE(false, true);
    run([&]() -> asio::awaitable<void> {
        auto nc =
            co_await conats::connect(with_tls(wire.url(), files.trusting()).max_reconnects(0));
        auto sub = co_await nc.subscribe("a");
        co_await nc.flush();
        if (by_reset)
            wire.reset();
        else
            wire.cut();
        const auto m = co_await sub.next(5s);
        CHECK_FALSE(m);
        CHECK(nc.close_reason() == errc::disconnected);
        CHECK(nc.close_reason().text().find("truncated") == std::string::npos);
        if (!by_reset)
            CHECK(nc.close_reason().text() == "the server closed the connection");
        CHECK_FALSE(nc.tls_info());
    });
}

TEST_CASE("S94 a server that stops under TLS ends as one in plain") {
    const tls_files files;
    nats_server server(files.config());
    run([&]() -> asio::awaitable<void> {
        auto nc =
            co_await conats::connect(with_tls(server.url(), files.trusting()).max_reconnects(0));
        auto sub = co_await nc.subscribe("a");
        co_await nc.flush();
        server.stop();
        const auto m = co_await sub.next(5s);
        CHECK_FALSE(m);
        CHECK(nc.close_reason() == condition::disconnected);
    });
}

TEST_CASE("S96 a message of 1 MiB under TLS that arrives byte by byte") {
    const tls_files files;
    nats_server server(files.config());
    sniffing_proxy wire(server.host(), server.port());
    wire.pieces(flow::to_client, 1);
    run(
        [&]() -> asio::awaitable<void> {
            auto o = with_tls(wire.url(), files.trusting());
            auto nc = co_await conats::connect(o.connect_timeout(scaled(10s)));
            auto sub = co_await nc.subscribe("big");
            std::string text(std::size_t{1} << 20U, '\0');
            for (std::size_t i = 0; i != text.size(); ++i)
                text[i] = static_cast<char>(i * 31 % 251);
            co_await nc.publish("big", text);
            const auto m = co_await sub.next(60s);
            REQUIRE(m);
            CHECK((m->text() == text));
            wire.pieces(flow::to_client, 0);
            co_await nc.drain();
        },
        90s);
}

TEST_CASE("S96 large messages in both directions at once under TLS") {
    const tls_files files;
    nats_server server(files.config() + "max_payload: 8MB\nmax_pending: 64MB\n");
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(with_tls(server.url(), files.trusting()));
        auto sub = co_await nc.subscribe("big.>");
        std::string text(3'000'000, '\0');
        for (std::size_t i = 0; i != text.size(); ++i)
            text[i] = static_cast<char>(i * 7 % 253);
        constexpr int many = 20;
        for (int i = 0; i != many; ++i) {
            const std::string subject = "big." + std::to_string(i);
            if (i % 2 == 0)
                co_await nc.publish(subject, text);
            else
                co_await nc.publish(subject, conats::owned_payload(std::string(text)));
        }
        for (int i = 0; i != many; ++i) {
            const auto m = co_await sub.next(20s);
            REQUIRE(m);
            CHECK(m->subject() == "big." + std::to_string(i));
            CHECK(m->text() == text);
        }
        co_await nc.drain();
    });
}
