// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "tls_peer.hpp"
#include "transport/tls_engine.hpp"

#include <conats/error.hpp>
#include <conats/tls_options.hpp>

#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>

using namespace conats;
using namespace conats::test;
using impl::tls_engine;
using status = tls_engine::status;

namespace conats::impl {
// For Catch's messages.
inline std::ostream& operator<<(std::ostream& os, tls_engine::status s) {
    static constexpr const char* names[] = {"ready", "wants_input", "wants_output", "ended",
                                            "failed"};
    return os << names[static_cast<std::size_t>(s)];
}
} // namespace conats::impl

namespace {

const certificate_authority& ca() {
    static const certificate_authority one;
    return one;
}

tls_options trusting() {
    tls_options o;
    o.ca_pem(ca().pem());
    return o;
}

std::string numbers(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i != size; ++i)
        text[i] = static_cast<char>(i % 251);
    return text;
}

/// An attempt that the certificate ends, and that tells the server so.
void check_rejected(const certificate& own, const tls_options& options, const std::string& name,
                    std::string_view reason) {
    tls_peer server(own);
    tls_pair pair(server, options, name);
    CHECK(pair.handshake() == status::failed);
    const error e = pair.client.failure();
    CAPTURE(e.text(), reason);
    CHECK(e == errc::tls_certificate_rejected);
    CHECK(e == condition::tls);
    CHECK(e.text().find(reason) != std::string::npos);
    CHECK(server.failure().find("alert") != std::string::npos);
    std::size_t n = 0;
    CHECK(pair.client.write("CONNECT", n) == status::failed);
    CHECK(n == 0);
}

} // namespace

TEST_CASE("E18 a TLS engine and a server exchange bytes, however they are split") {
    const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const auto piece = GENERATE(std::size_t{1}, std::size_t{7}, std::size_t{1} << 20U);
    CAPTURE(version, piece);
    tls_peer server(ca().server());
    server.only(version);
    tls_pair pair(server, trusting());
    pair.pieces(piece);
    REQUIRE(pair.handshake() == status::ready);
    REQUIRE(server.is_ready());
    const std::string text = numbers(100'000);
    pair.write(text);
    CHECK(server.read() == text);
    server.write(text);
    CHECK(pair.read() == text);
    pair.write("x");
    CHECK(server.read() == "x");
}

TEST_CASE("E18 a TLS engine reads what came along with the end of the handshake") {
    tls_peer server(ca().server());
    server.only(TLS1_2_VERSION);
    tls_pair pair(server, trusting());
    bool added = false;
    pair.meddle([&](std::string& bytes) {
        if (!server.is_ready() || added)
            return;
        added = true;
        server.write("INFO {}\r\n");
        bytes += server.take();
    });
    REQUIRE(pair.handshake() == status::ready);
    REQUIRE(added);
    CHECK(pair.read() == "INFO {}\r\n");
}

TEST_CASE("S96 one read takes all records that are there and fit") {
    tls_peer server(ca().server());
    tls_pair pair(server, trusting());
    REQUIRE(pair.handshake() == status::ready);
    (void)pair.read(); // session tickets
    for (int i = 0; i != 10; ++i)
        server.write("0123456789");
    REQUIRE(pair.to_client());
    std::string buffer(95, '\0');
    std::size_t n = 0;
    CHECK(pair.client.read(buffer, n) == status::ready);
    CHECK(n == 95);
    CHECK(pair.client.read(buffer, n) == status::ready);
    CHECK(n == 5);
    CHECK(pair.client.read(buffer, n) == status::wants_input);
    CHECK(n == 0);
}

TEST_CASE("S94 a TLS engine takes close_notify for the end, and data before it first") {
    tls_peer server(ca().server());
    tls_pair pair(server, trusting());
    REQUIRE(pair.handshake() == status::ready);
    server.write("last");
    SSL_shutdown(server.ssl());
    status s{};
    CHECK(pair.read(s) == "last");
    CHECK(s == status::ended);
    CHECK(pair.read(s).empty());
    CHECK(s == status::ended);
}

TEST_CASE("E25 S91 a certificate for another name is rejected") {
    check_rejected(ca().stranger(), trusting(), "127.0.0.1",
                   "'stranger.test', not for '127.0.0.1'");
    check_rejected(ca().stranger(), trusting(), "localhost",
                   "'stranger.test', not for 'localhost'");
    check_rejected(ca().server(), trusting(), "127.0.0.2", "not for '127.0.0.2'");
    // No common name in place of the names.
    check_rejected(ca().issue(certificate_request("localhost")), trusting(), "localhost",
                   "no name at all");
    const auto wild = ca().issue(certificate_request("w").name("DNS:*.example.test"));
    check_rejected(wild, trusting(), "a.b.example.test", "not for");
    check_rejected(wild, trusting(), "example.test", "not for");
    tls_peer server(wild);
    tls_pair pair(server, trusting(), "a.example.test");
    CHECK(pair.handshake() == status::ready);
}

TEST_CASE("E25 a name is sent to the server, an IP address is not") {
    for (const std::string name : {"localhost", "127.0.0.1", "::1"}) {
        CAPTURE(name);
        tls_peer server(ca().server());
        tls_pair pair(server, trusting(), name);
        REQUIRE(pair.handshake() == status::ready);
        const char* const told = SSL_get_servername(server.ssl(), TLSEXT_NAMETYPE_host_name);
        CHECK(std::string(told != nullptr ? told : "") == (name == "localhost" ? name : ""));
        CHECK(pair.client.info().server_name == name);
    }
}

TEST_CASE(
    "S91 certificates that are expired, early, self-signed or of an unknown CA are rejected") {
    const certificate_request localhost = certificate_request("old one").name("DNS:localhost");
    auto expired = localhost;
    check_rejected(ca().issue(expired.valid(-20, -10)), trusting(), "localhost",
                   "certificate has expired (of \"CN=old one\", good until 2");
    auto early = localhost;
    check_rejected(ca().issue(early.valid(10, 20)), trusting(), "localhost",
                   "certificate is not yet valid");
    check_rejected(self_signed(localhost), trusting(), "localhost",
                   "self-signed certificate (of \"CN=old one\", issued by \"CN=old one\")");
    const certificate_authority other("another CA");
    check_rejected(other.server(), trusting(), "localhost", "issued by \"CN=another CA\"");
    // What the system trusts counts only where no CA is given, and these are not known to it.
    check_rejected(ca().server(), tls_options(), "localhost", "issued by \"CN=conats test CA\"");
}

TEST_CASE("E22 a CA vouches through intermediates that the server sends") {
    const auto middle = ca().intermediate("in between");
    tls_peer server(middle.server());
    tls_pair pair(server, trusting());
    CHECK(pair.handshake() == status::ready);
}

TEST_CASE("E26 skipping verification accepts anything and says so") {
    tls_peer server(certificate_authority("nobody's").stranger());
    tls_pair pair(server, tls_options().insecure_skip_verify(true));
    REQUIRE(pair.handshake() == status::ready);
    CHECK_FALSE(pair.client.info().verified);
    pair.write("x");
    CHECK(server.read() == "x");
}

TEST_CASE("E26 a verify function has the last word") {
    const auto own = certificate_authority("nobody's").stranger();
    tls_verification seen;
    const auto judged = [&](bool verdict) {
        tls_options o = trusting();
        o.verify([&seen, verdict](const tls_verification& v) {
            seen = v;
            return verdict;
        });
        return o;
    };
    {
        tls_peer server(own);
        tls_pair pair(server, judged(true));
        REQUIRE(pair.handshake() == status::ready);
        CHECK(pair.client.info().verified);
        CHECK_FALSE(seen.ok());
        CHECK(seen.reason().find("issued by \"CN=nobody's\"") != std::string::npos);
        CHECK(seen.server_name() == "localhost");
        CHECK(seen.certificate().fingerprint == own.fingerprint());
        CHECK(seen.certificate().names == std::vector<std::string>(1, "stranger.test"));
    }
    check_rejected(ca().server(), judged(false), "localhost", "refused by the verify function");
    CHECK(seen.ok());
    tls_options throwing = trusting();
    throwing.verify([](const tls_verification&) -> bool { throw std::runtime_error("no pin"); });
    check_rejected(own, throwing, "localhost", "the verify function failed: no pin; ");
    tls_options odd = trusting();
    odd.verify([](const tls_verification&) -> bool { throw 1; });
    check_rejected(own, odd, "localhost", "no std::exception");
}

TEST_CASE("E28 what was agreed on can be asked for") {
    const auto own = ca().server();
    tls_peer server(own);
    server.only(TLS1_3_VERSION);
    const auto choose = [](SSL*, const unsigned char** out, unsigned char* size,
                           const unsigned char*, unsigned, void*) {
        *out = reinterpret_cast<const unsigned char*>("nats");
        *size = 4;
        return SSL_TLSEXT_ERR_OK;
    };
    SSL_CTX_set_alpn_select_cb(server.context(), choose, nullptr);
    tls_options o = trusting();
    o.alpn(std::vector<std::string>(1, "nats")).cipher_suites("TLS_CHACHA20_POLY1305_SHA256");
    tls_pair pair(server, o);
    CHECK_FALSE(pair.client.info());
    REQUIRE(pair.handshake() == status::ready);
    const tls_info i = pair.client.info();
    CHECK(i);
    CHECK(i.version == "TLSv1.3");
    CHECK(i.cipher == "TLS_CHACHA20_POLY1305_SHA256");
    CHECK(i.alpn == "nats");
    CHECK(i.server_name == "localhost");
    CHECK(i.verified);
    CHECK(i.peer.subject == "CN=a server");
    CHECK(i.peer.issuer == "CN=conats test CA");
    CHECK(i.peer.fingerprint == own.fingerprint());
    CHECK(i.peer.names.size() == 3);
    CHECK(i.peer.names.at(2) == "::1");
    CHECK(i.peer.not_after > i.peer.not_before);
    CHECK(i.peer.not_after.size() == std::string_view("2026-01-31T23:59:59Z").size());
    CHECK_FALSE(i.peer.serial.empty());
}

TEST_CASE("E27 versions, ciphers and groups are those of the options") {
    const auto outcome = [](int server_version, const tls_options& o) {
        tls_peer server(ca().server());
        server.only(server_version);
        tls_pair pair(server, o);
        if (pair.handshake() == status::ready)
            return pair.client.info().version + " " + pair.client.info().cipher;
        CHECK(pair.client.failure() == errc::tls_handshake_failed);
        return pair.client.failure().text();
    };
    CHECK(outcome(TLS1_2_VERSION, trusting()).starts_with("TLSv1.2"));
    CHECK(outcome(TLS1_3_VERSION, trusting()).starts_with("TLSv1.3"));
    const tls_options new_only = trusting().min_version(tls_version::tls_1_3);
    CHECK(outcome(TLS1_2_VERSION, new_only).find("alert \"protocol version\"") !=
          std::string::npos);
    const tls_options old_only = trusting().max_version(tls_version::tls_1_2);
    CHECK(outcome(TLS1_3_VERSION, old_only).find("protocol version") != std::string::npos);
    CHECK(outcome(TLS1_2_VERSION, trusting().ciphers("ECDHE-ECDSA-CHACHA20-POLY1305")) ==
          "TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305");
    CHECK(outcome(TLS1_2_VERSION, trusting().ciphers("ECDHE-RSA-AES256-GCM-SHA384"))
              .find("alert \"handshake failure\"") != std::string::npos);
    CHECK(outcome(TLS1_3_VERSION, trusting().curves("P-384:P-256")).starts_with("TLSv1.3"));
}

TEST_CASE("E23 a client certificate is presented with its chain") {
    const auto middle = ca().intermediate("in between");
    const auto mine = middle.client("me@example.test");
    tls_peer server(ca().server());
    server.verify_clients(ca());
    tls_options o = trusting();
    o.certificate_pem(mine.pem);
    SECTION("PEM") {
        o.key_pem(mine.key);
    }
    SECTION("an encrypted key") {
        o.key_pem(mine.encrypted_key("pass")).key_password("pass");
    }
    tls_pair pair(server, o);
    REQUIRE(pair.handshake() == status::ready);
    REQUIRE(server.is_ready());
    CHECK_FALSE(pair.client.lacks_certificate());
    const impl::x509_ptr seen(SSL_get1_peer_certificate(server.ssl()));
    CHECK(seen != nullptr);
}

TEST_CASE("E29 P2.20 a refused client shows at the first read under TLS 1.3") {
    tls_peer server(ca().server());
    server.only(TLS1_3_VERSION).verify_clients(ca());
    tls_pair pair(server, trusting());
    REQUIRE(pair.handshake() == status::ready);
    CHECK_FALSE(server.is_ready());
    CHECK(pair.client.lacks_certificate());
    status s{};
    CHECK(pair.read(s).empty());
    CHECK(s == status::failed);
    CHECK(pair.client.code().category() == impl::tls_category());
    CHECK(pair.client.code().message() == "the peer's alert \"certificate required\"");
    // And in the handshake under TLS 1.2.
    tls_peer old(ca().server());
    old.only(TLS1_2_VERSION).verify_clients(ca());
    tls_pair second(old, trusting());
    CHECK(second.handshake() == status::failed);
    CHECK(second.client.failure().text() ==
          "the TLS handshake failed: the peer's alert \"handshake failure\"");
}

TEST_CASE("P2.18 plain text in place of a handshake is shown and nothing of it believed") {
    tls_peer server(ca().server());
    tls_pair pair(server, trusting());
    pair.meddle([](std::string& bytes) {
        bytes = "-ERR 'Secure Connection\x07 - TLS Required'\r\nPONG\r\n" + bytes;
    });
    CHECK(pair.handshake() == status::failed);
    const error e = pair.client.failure();
    CHECK(e == errc::tls_handshake_failed);
    CHECK(e.text().find("\"-ERR 'Secure Connection. - TLS Required'..PONG..") != std::string::npos);
}

TEST_CASE("A handshake with one byte changed never comes about") {
    const auto own = ca().server();
    const auto version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const auto attempt = [&](std::size_t at) {
        tls_peer server(own);
        server.only(version);
        tls_pair pair(server, trusting());
        std::size_t seen = 0;
        pair.meddle([&](std::string& bytes) {
            if (at >= seen && at - seen < bytes.size())
                bytes[at - seen] = static_cast<char>(bytes[at - seen] ^ 0x55);
            seen += bytes.size();
        });
        const bool ready = pair.handshake() == status::ready && !pair.client.has_output();
        // Under TLS 1.3 what the server sends behind its Finished are tickets.
        const bool whole = at < seen;
        return !whole || !ready || !server.is_ready() || !server.failure().empty() ? 0 : 1;
    };
    int came_about = 0;
    for (std::size_t at = 0; at < 700; at += 3)
        came_about += attempt(at);
    // The version in the header of a record is looked at by nobody.
    CHECK(came_about <= 12);
}

TEST_CASE("A record that was changed ends the connection, for reads and for writes") {
    tls_peer server(ca().server());
    tls_pair pair(server, trusting());
    REQUIRE(pair.handshake() == status::ready);
    (void)pair.read();
    server.write("before");
    CHECK(pair.read() == "before");
    server.write("MSG a 1 1\r\nx\r\n");
    pair.meddle([](std::string& bytes) {
        if (!bytes.empty())
            bytes.back() = static_cast<char>(bytes.back() ^ 1);
    });
    status s{};
    CHECK(pair.read(s).empty());
    CHECK(s == status::failed);
    CHECK(pair.client.code().message() == "decryption failed or bad record mac");
    std::size_t n = 0;
    CHECK(pair.client.write("x", n) == status::failed);
    CHECK(pair.client.has_output()); // an alert
}

TEST_CASE("Requests for new keys are answered, in bounded memory") {
    tls_peer server(ca().server());
    server.only(TLS1_3_VERSION);
    tls_pair pair(server, trusting());
    REQUIRE(pair.handshake() == status::ready);
    (void)pair.read();
    const auto ask = [&] {
        SSL_key_update(server.ssl(), SSL_KEY_UPDATE_REQUESTED);
        server.write("x");
    };
    ask();
    CHECK(pair.read() == "x");
    const auto before = pair.client.produced();
    pair.write("answer");
    CHECK(pair.client.produced() - before > 50); // two records
    CHECK(server.read() == "answer");
    // One that asks and never listens.
    std::string buffer(100, '\0');
    status s = status::ready;
    int asked = 0;
    for (; asked != 20'000 && s != status::wants_output; ++asked) {
        ask();
        REQUIRE(pair.to_client());
        std::size_t n = 0;
        s = pair.client.read(buffer, n);
    }
    CHECK(s == status::wants_output);
    CHECK(pair.client.produced() - pair.client.sent() < 3 * tls_engine::output_limit);
    pair.to_server();
    CHECK(pair.read().size() == 1);
}

TEST_CASE("One context serves many engines") {
    const tls_context shared(trusting());
    tls_options o;
    o.context(shared);
    for (int i = 0; i != 3; ++i) {
        tls_peer server(ca().server());
        tls_pair pair(server, o);
        CHECK(pair.handshake() == status::ready);
    }
    CHECK(shared.native_handle() != nullptr);
    CHECK(tls_context(o) == shared);
}

TEST_CASE("E25 the name to verify: the option, else the host, without DNS's last dot") {
    CHECK(impl::tls_name_of("", "h.test") == "h.test");
    CHECK(impl::tls_name_of("", "h.test.") == "h.test");
    CHECK(impl::tls_name_of("other.test", "h.test") == "other.test");
    CHECK(impl::tls_name_of("other.test.", "127.0.0.1") == "other.test");
}

TEST_CASE("A name that TLS cannot carry fails the handshake") {
    tls_peer server(ca().server());
    tls_pair pair(server, trusting(), std::string(300, 'a'));
    CHECK(pair.client.handshake() == status::failed);
    CHECK(pair.client.failure() == errc::tls_handshake_failed);
    CHECK_FALSE(pair.client.info());
}

TEST_CASE("E24 what files hold and what a provider gives may change, all else is kept") {
    const auto may_change = [](const tls_options& o) { return impl::ssl_context::may_change(o); };
    CHECK_FALSE(may_change(tls_options()));
    CHECK_FALSE(may_change(tls_options().ca_pem("a").certificate_pem("b").key_pem("c")));
    CHECK_FALSE(may_change(tls_options().context(tls_context(tls_options()))));
    CHECK(may_change(tls_options().ca_file("a")));
    CHECK(may_change(tls_options().ca_directory("a")));
    CHECK(may_change(tls_options().certificate_file("a").key_pem("b")));
    CHECK(may_change(tls_options().certificate_pem("a").key_file("b")));
    CHECK(may_change(tls_options().pkcs12_file("a")));
    CHECK(may_change(tls_options().context_provider([] { return tls_context(); })));
}
