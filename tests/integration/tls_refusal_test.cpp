// SPDX-License-Identifier: Apache-2.0
// Where TLS is wanted and does not come about: a typed error, and no credential on the wire.
#include "integration/outcome.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/process.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"

#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::condition;
using conats::errc;
using conats::tls_options;

namespace {

constexpr std::string_view token = "t0k3n";

std::string tls_url(const scripted_peer& peer) {
    return conats::test::tls_url(peer.url(token));
}

/// Nothing of NATS was sent, and of anything else only TLS.
void check_silent(const std::string& sent) {
    CHECK(sent.find("CONNECT") == std::string::npos);
    CHECK(sent.find(token) == std::string::npos);
    CHECK((sent.empty() || sent.front() == '\x16' || sent.front() == '\x15'));
}

void check_code(const conats::error& e, errc code, std::string_view text) {
    CAPTURE(e, text);
    CHECK(e == code);
    CHECK(e.text().find(text) != std::string::npos);
    CHECK(e.what().find(token) == std::string::npos);
}

} // namespace

TEST_CASE("E19 P2.18 S95 a server without TLS is refused before CONNECT") {
    scripted_peer peer([](peer_session& s) {
        s.send_info();
        s.wait_closed();
    });
    check_code(outcome_of(tls_url(peer)), errc::tls_not_offered, "does not offer");
    check_code(outcome_of(with_tls(peer.url(token), tls_options())), errc::tls_not_offered, "");
    conats::connect_options by_option = with_tls(peer.url(), tls_options());
    check_code(outcome_of(by_option.token(token)), errc::tls_not_offered, "");
    CHECK(peer.result(3) == "ok");
    CHECK(peer.received().empty());
    nats_server real("authorization { token: t0k3n }");
    sniffing_proxy wire(real.host(), real.port());
    check_code(outcome_of(conats::test::tls_url(wire.url(token))), errc::tls_not_offered, "");
    CHECK(wire.from_client().empty());
}

TEST_CASE("P2.18 plain text injected behind INFO is refused and never taken for the server's") {
    const std::string injected =
        GENERATE(std::string("PONG\r\n"), std::string("INFO {\"tls_required\":false}\r\n"),
                 std::string("-ERR 'maximum connections exceeded'\r\n"), std::string(1, '\x16'));
    const auto in_pieces = GENERATE(false, true);
    CAPTURE(injected, in_pieces);
    scripted_peer peer([&](peer_session& s) {
        s.info().tls_required(true);
        const std::string bytes = s.info().line() + injected;
        if (in_pieces) // so that INFO's end and what follows it come together
            s.send_split(bytes, bytes.size() - injected.size() - 2);
        else
            s.send(bytes);
        s.wait_closed();
    });
    const auto e = outcome_of(tls_url(peer));
    check_code(e, errc::tls_handshake_failed, "unencrypted text where TLS had to begin");
    if (injected[0] == '-')
        check_code(e, errc::tls_handshake_failed, "\"-ERR 'maximum connections exceeded'");
    CHECK(peer.result() == "ok");
    CHECK(peer.received().empty());
}

TEST_CASE("P2.18 plain text in place of the server's handshake is refused") {
    const std::string text = GENERATE("+OK\r\nPONG\r\n", "-ERR 'no room'\r\n", "HTTP/1.1 400\r\n");
    CAPTURE(text);
    scripted_peer peer([&](peer_session& s) {
        s.info().tls_required(true);
        s.send_info();
        (void)s.read(1);
        s.send(text);
        s.wait_closed();
    });
    check_code(outcome_of(tls_url(peer)), errc::tls_handshake_failed,
               "did not begin TLS but sent \"" + text.substr(0, text.find('\r')));
    CHECK(peer.result() == "ok");
    check_silent(peer.received());
}

TEST_CASE("B02 P2.21 a TLS handshake that does not come to an end is bounded") {
    const bool first = GENERATE(false, true);
    const bool begins = GENERATE(false, true);
    CAPTURE(first, begins);
    scripted_peer peer([&](peer_session& s) {
        s.info().tls_required(true);
        if (!first)
            s.send_info();
        (void)s.read(1);
        if (begins)
            s.send(std::string_view("\x16\x03\x03\x40\x00\x02", 6)); // of 16 KiB
        s.wait_closed();
    });
    auto o = with_tls(peer.url(token), tls_options().handshake_first(first));
    const auto began = std::chrono::steady_clock::now();
    check_code(outcome_of(o.connect_timeout(scaled(300ms))), errc::timeout, "TLS handshake");
    CHECK(std::chrono::steady_clock::now() - began < scaled(4s));
    CHECK(peer.result() == "ok");
    check_silent(peer.received());
}

TEST_CASE("A TLS handshake that the server ends, orderly or not") {
    const bool first = GENERATE(false, true);
    const bool by_reset = GENERATE(false, true);
    const bool begins = GENERATE(false, true);
    CAPTURE(first, by_reset, begins);
    scripted_peer peer([&](peer_session& s) {
        s.info().tls_required(true);
        if (!first)
            s.send_info();
        (void)s.read(1);
        if (begins)
            s.send_in_pieces(std::string_view("\x16\x03\x03\x40\x00\x02", 6), 100);
        if (by_reset)
            s.reset();
    });
    const auto o = with_tls(peer.url(token), tls_options().handshake_first(first));
    check_code(outcome_of(o), errc::tls_handshake_failed, "closed the connection during the TLS");
    CHECK(peer.result() == "ok");
    check_silent(peer.received());
}

TEST_CASE("S91 P2.18 a certificate that is not to be trusted, and no CONNECT") {
    const tls_files files;
    const certificate_authority other("other CA");
    const bool first = GENERATE(false, true);
    std::string more;
    if (first) {
        require_server({2, 10, 4});
        more = "handshake_first: true";
    }
    nats_server server(files.config(more) + "authorization { token: t0k3n }");
    sniffing_proxy wire(server.host(), server.port());
    const auto attempt = [&](const certificate& own, std::string_view reason) {
        files.use(own);
        server.reload(files.config(more) + "authorization { token: t0k3n }");
        auto o = with_tls(wire.url(token), files.trusting().handshake_first(first));
        check_code(outcome_of(o), errc::tls_certificate_rejected, reason);
    };
    attempt(files.ca.stranger(), "'stranger.test', not for '127.0.0.1'");
    attempt(other.server(), "issued by \"CN=other CA\"");
    attempt(files.ca.issue(certificate_request("old").name("IP:127.0.0.1").valid(-9, -1)),
            "certificate has expired");
    CHECK(wire.from_client().find("CONNECT") == std::string::npos);
    CHECK(wire.from_client().find(token) == std::string::npos);
    files.use(files.ca.server());
    server.reload();
    CHECK_FALSE(outcome_of(with_tls(wire.url(token), files.trusting().handshake_first(first))));
}

TEST_CASE("S91 a self-signed certificate: refused as what it is, accepted where it is known") {
    const tls_files files;
    const certificate own = self_signed(certificate_request("alone").name("IP:127.0.0.1"));
    files.use(own);
    nats_server server(files.config() + "authorization { token: t0k3n }");
    sniffing_proxy wire(server.host(), server.port());
    const certificate another = self_signed(certificate_request("alone").name("IP:127.0.0.1"));
    const auto strangers = std::vector<tls_options>(
        {files.trusting(), tls_options(), tls_options().ca_pem(another.pem)});
    for (const tls_options& o : strangers)
        check_code(outcome_of(with_tls(wire.url(token), o)), errc::tls_certificate_rejected,
                   "self-signed certificate (of \"CN=alone\", issued by \"CN=alone\")");
    CHECK(wire.connections() == strangers.size());
    CHECK(wire.from_client().find("CONNECT") == std::string::npos);
    CHECK(wire.from_client().find(token) == std::string::npos);

    CHECK_FALSE(outcome_of(with_tls(wire.url(token), tls_options().ca_pem(own.pem))));
    const auto is_own = [&](const conats::tls_verification& v) {
        return v.certificate().fingerprint == own.fingerprint();
    };
    CHECK_FALSE(outcome_of(with_tls(wire.url(token), tls_options().verify(is_own))));
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(
            with_tls(wire.url(token), tls_options().insecure_skip_verify(true)));
        CHECK_FALSE(nc.tls_info().verified);
        auto stream = nc.events();
        bool loud = false;
        while (auto e = stream.try_next())
            loud = loud || e->kind() == conats::event_kind::tls_not_verified;
        CHECK(loud);
    });
    // Who is trusted is not so for another name or for ever.
    files.use(self_signed(certificate_request("old").name("IP:127.0.0.1").valid(-9, -1)));
    server.reload();
    check_code(outcome_of(with_tls(wire.url(token), files.trusting())),
               errc::tls_certificate_rejected, "certificate");
}

TEST_CASE("E29 P2.20 S92 a client certificate that is missing or refused is a TLS error") {
    const tls_files files;
    const certificate_authority other("other CA");
    nats_server server(files.config("verify: true"));
    const auto version = GENERATE(conats::tls_version::tls_1_2, conats::tls_version::tls_1_3);
    CAPTURE(version);
    auto none = files.trusting();
    none.max_version(version);
    for (int i = 0; i != 10; ++i) {
        const auto e = outcome_of(with_tls(server.url(), none));
        CAPTURE(e);
        CHECK(e == errc::tls_handshake_failed);
        CHECK(e == condition::tls);
        const bool told = e.text().find("alert") != std::string::npos ||
                          e.text().find("asked for a client certificate") != std::string::npos;
        CHECK(told);
    }
    const auto wrong = other.client("me");
    auto refused = none;
    refused.certificate_pem(wrong.pem).key_pem(wrong.key);
    const auto e = outcome_of(with_tls(server.url(), refused));
    CAPTURE(e);
    CHECK(e == errc::tls_handshake_failed);
    CHECK(e.text().find("alert") != std::string::npos);
}

TEST_CASE("Certificates and keys that cannot be used are told before anybody is called") {
    scripted_peer peer([](peer_session& s) { s.send_info(); });
    const tls_files files;
    const auto absent = files.path("absent.pem");
    check_code(outcome_of(with_tls(peer.url(token), tls_options().ca_file(absent))),
               errc::tls_configuration_invalid,
               "ca_file '" + absent + "': No such file or directory");
    auto mismatch = files.trusting();
    mismatch.certificate_file(files.path("server.pem")).key_pem(files.ca.server().key);
    check_code(outcome_of(with_tls(peer.url(token), mismatch)), errc::tls_configuration_invalid,
               "key_pem: is not the key of certificate_file");
    check_code(outcome_of(with_tls(peer.url(token), tls_options().ciphers("none"))),
               errc::tls_configuration_invalid, "ciphers");
    check_code(outcome_of(with_tls(peer.url(token), tls_options().key_password("t0k3n"))),
               errc::invalid_options, "key_password is set without a key");
    CHECK(peer.connections() == 0);
}

TEST_CASE("B05 a server whose certificate is not trusted leaves its turn to the next") {
    const tls_files files;
    const tls_files others;
    nats_server first(others.config());
    nats_server second(files.config());
    conats::connect_options o;
    o.servers({first.url(), second.url()}).retain_order(true).tls(files.trusting());
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(o);
        CHECK(nc.connected_url() == second.url());
        CHECK(nc.tls_info());
    });
}

TEST_CASE("A TLS handshake is abandoned by cancelling, and by the end of its context") {
    scripted_peer peer([](peer_session& s) {
        s.info().tls_required(true);
        s.send_info();
        (void)s.read(1);
        s.wait_closed();
    });
    const auto url = tls_url(peer);
    SECTION("cancelled") {
        run([&]() -> asio::awaitable<void> {
            using namespace asio::experimental::awaitable_operators;
            const auto begun = [&] { return !peer.received().empty(); };
            conats::connect_options o(url);
            o.connect_timeout(scaled(60s));
            auto connecting = conats::connect(o);
            co_await (std::move(connecting) || async_eventually(begun));
        });
        CHECK(peer.result() == "ok");
    }
    SECTION("destroyed") {
        asio::io_context context;
        const auto connect = [&]() -> asio::awaitable<void> {
            auto nc = co_await conats::connect(url);
        };
        asio::co_spawn(context, connect(), asio::detached);
        while (peer.received().empty())
            context.run_one_for(10ms);
    }
    check_silent(peer.received());
}

TEST_CASE("A26 under TLS there is one copy of a token while connected, and none after") {
    const tls_files files;
    const masked_secret hidden;
    std::string text = hidden.reveal();
    std::string config = "authorization { token: \"";
    config.reserve(200);
    config += text;
    config += "\" }";
    files.scratch.write("auth.conf", config);
    wipe(config);
    nats_server server(files.config() + "include \"../" + files.scratch.path().filename().string() +
                       "/auth.conf\"");
    auto o = with_tls(server.url(), files.trusting());
    o.token(text);
    wipe(text);
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(std::move(o));
        auto sub = co_await nc.subscribe("a");
        co_await nc.publish("a", "x");
        auto m = co_await sub.next(5s);
        CHECK(find_in_memory(hidden).size() == 1);
        co_await nc.close();
    });
    o = conats::connect_options();
    CHECK(find_in_memory(hidden).empty());
}
