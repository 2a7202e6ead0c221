// SPDX-License-Identifier: Apache-2.0
// Encryption that does not come about, or will not for long.
#include "apps/doctor_examined.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/certificate_maker.hpp"
#include "support/nats_server.hpp"
#include "support/scripted_peer.hpp"
#include "support/timing.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

namespace asio = boost::asio;

/// Speaks TLS to each client and is silent within.
class silent_tls_server {
public:
    explicit silent_tls_server(const tls_files& files) {
        context_.use_certificate_chain_file(files.path("server.pem"));
        context_.use_private_key_file(files.path("server.key"), asio::ssl::context::pem);
        accept();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~silent_tls_server() {
        io_.stop();
        thread_.join();
    }

    [[nodiscard]] std::string address() const {
        return "127.0.0.1:" + std::to_string(listener_.local_endpoint().port());
    }

private:
    using stream = asio::ssl::stream<asio::ip::tcp::socket>;

    void accept() {
        auto made = std::make_shared<stream>(io_, context_);
        kept_.push_back(made);
        listener_.async_accept(made->next_layer(), [this, made](const auto& failed) {
            if (!failed)
                made->async_handshake(stream::server, [](const auto&) {});
            accept();
        });
    }

    asio::io_context io_;
    asio::ssl::context context_{asio::ssl::context::tls_server};
    asio::ip::tcp::acceptor listener_{io_, {asio::ip::make_address("127.0.0.1"), 0}};
    std::vector<std::shared_ptr<stream>> kept_;
    std::thread thread_;
};

/// With a token, so that there is a secret to keep.
examined on_server(const nats_server& server, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"-s", server.url("s3cr3t")});
    const examined found(more);
    found.check_secrecy("s3cr3t");
    return found;
}

certificate_request for_here() {
    return certificate_request("here").name("DNS:localhost").name("IP:127.0.0.1");
}

} // namespace

TEST_CASE("M04 doctor: TLS required") {
    const tls_files files;
    const nats_server server(files.config());
    const auto found = on_server(server);
    found.check_failure("tls", "tls_required", "--tlsca");
    CHECK(found.step("info").at("tls_required").get_bool());
    CHECK(found.says("tls", "conats test CA"));
    CHECK(found.verdict("auth") == "skipped");
}

TEST_CASE("M04 doctor: TLS required, said too late") {
    const scripted_peer peer([](peer_session& s) {
        s.send_info();
        s.expect_connect();
        s.send("-ERR 'Secure Connection - TLS Required'\r\n");
    });
    examined({"-s", peer.url()}).check_failure("auth", "tls_required", "--tlsca");
}

TEST_CASE("M04 doctor: an unknown CA") {
    const tls_files files;
    const tls_files same_name; // a CA that was made anew
    const tls_files others(certificate_authority("another CA"));
    const nats_server server(files.config());
    for (const tls_files* wrong : {&same_name, &others})
        on_server(server, {"--tlsca", wrong->path("ca.pem")})
            .check_failure("tls", "unknown_ca", "cert_file lacks");
    const examined asked({"-s", tls_url(server.url())});
    asked.check_failure("tls", "unknown_ca", "--tlsca");
}

TEST_CASE("M04 doctor: a wrong host name") {
    const tls_files files;
    files.use(files.ca.stranger());
    const nats_server server(files.config());
    const auto found = on_server(server, {"--tlsca", files.path("ca.pem")});
    found.check_failure("tls", "wrong_host_name", "subjectAltName");
    CHECK(found.says("tls", "not for '127.0.0.1'"));
}

TEST_CASE("M04 doctor: a certificate that has expired, is not yet good, or not for long") {
    const tls_files files;
    const auto found = [&](int from, int until, std::vector<std::string> more = {}) {
        files.use(files.ca.issue(for_here().valid(from, until)));
        const nats_server server(files.config());
        more.insert(more.begin(), {"--tlsca", files.path("ca.pem")});
        return on_server(server, more);
    };
    found(-9, -2).check_failure("tls", "certificate_expired", "Renew");
    found(2, 9).check_failure("tls", "certificate_not_yet_valid", "clocks");

    const auto soon = found(-9, 5);
    soon.check_remark("tls", "warning", "certificate_expires_soon", "Renew");
    CHECK(soon.says("tls", "in 4 days"));
    CHECK_THAT(soon.text(), Contains("\nhealthy, 1 warning"));
    CHECK(found(-9, 5, {"--expiry", "3d"}).verdict("tls") == "ok");
    CHECK(found(-9, 15).verdict("tls") == "ok");

    const auto strict = found(-9, 5, {"--strict"});
    CHECK(strict.code() == 1);
    CHECK_FALSE(strict.json().at("healthy").get_bool());
}

TEST_CASE("M04 doctor: the server wants TLS first") {
    require_server({2, 10, 4});
    const tls_files files;
    const nats_server server(files.config("handshake_first: true"));
    const auto found = on_server(server, {"--timeout", scaled_text(1s)});
    found.check_failure("info", "tls_first_expected", "--tlsfirst");
    CHECK(on_server(server, {"--tlsfirst", "--tlsca", files.path("ca.pem")}).code() == 0);
}

TEST_CASE("M04 doctor: TLS first where it is not wanted, or TLS where there is none") {
    const nats_server server;
    on_server(server, {"--tlsfirst"})
        .check_failure("tls", "tls_first_not_expected", "Leave out --tlsfirst");
    const examined asked({"-s", tls_url(server.url("s3cr3t"))});
    asked.check_failure("info", "tls_not_offered", "`tls` block");
    asked.check_secrecy("s3cr3t");
}

TEST_CASE("M04 doctor: TLS first at a web server") {
    const nats_server server;
    examined({"-s", "127.0.0.1:" + std::to_string(server.monitor_port()), "--tlsfirst"})
        .check_failure("tls", "http_server", "web server");
}

TEST_CASE("M04 doctor: a service within TLS that is not NATS") {
    const tls_files files;
    const silent_tls_server other(files);
    examined({"-s", other.address(), "--timeout", scaled_text(1s)})
        .check_failure("info", "other_service", "not NATS");
}

TEST_CASE("M04 doctor: WebSockets within TLS") {
    const tls_files files;
    const nats_server server("websocket { listen: \"127.0.0.1:-1\", " + files.config() + " }");
    const std::string url = server.listening("websocket").at(0);
    const std::string address = url.substr(url.find("//") + 2);
    examined({"-s", address, "--timeout", scaled_text(1s)})
        .check_failure("info", "http_server", "web server");
}

TEST_CASE("M04 doctor: the server wants a certificate of ours, and does not trust it") {
    const tls_files files;
    const nats_server server(files.config("verify: true"));
    on_server(server, {"--tlsca", files.path("ca.pem")})
        .check_failure("tls", "client_certificate_required", "--tlscert");

    const auto own = certificate_authority("another CA").client("me");
    const auto certificate = files.scratch.write("own.pem", own.pem).string();
    const auto key = files.scratch.write("own.key", own.key).string();
    on_server(server, {"--tlsca", files.path("ca.pem"), "--tlscert", certificate, "--tlskey", key})
        .check_failure("tls", "client_certificate_refused", "--tlscert");
}

TEST_CASE("M04 doctor: a file of ours that is not there") {
    const nats_server server;
    const auto found = on_server(server, {"--tlsca", "/nowhere/ca.pem"});
    CHECK(found.verdict("tls") == "failed tls_files_unusable");
    CHECK(found.says("tls", "/nowhere/ca.pem"));
    CHECK(found.code() == 1);
    for (const char* const other : {"dns", "tcp", "info", "auth", "jetstream"})
        CHECK(found.verdict(other) == "skipped");
}
