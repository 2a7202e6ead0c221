// SPDX-License-Identifier: Apache-2.0
#include "integration/outcome.hpp"
#include "integration/tls_fixture.hpp"
#include "integration/websocket_fixture.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/sniffing_proxy.hpp"
#include "support/test_proxy.hpp"

#include <conats/conats.hpp>
#include <conats/stream.hpp>
#include <conats/websocket.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::condition;
using conats::errc;

namespace {

std::string wss_config(const tls_files& files, std::string_view more_tls = {}) {
    return "websocket { host: \"127.0.0.1\", port: -1, compression: true\n" +
           files.config(more_tls) + "}\n";
}

conats::connect_options over_wss(std::uint16_t port, conats::websocket_options o = {}) {
    conats::connect_options options("wss://127.0.0.1:" + std::to_string(port));
    options.transport(conats::websocket(std::move(o)));
    return options;
}

asio::awaitable<void> echo_once(conats::client nc) {
    auto sub = co_await nc.subscribe("a");
    std::string big(500'000, '\0');
    for (std::size_t i = 0; i != big.size(); ++i)
        big[i] = static_cast<char>(i * i % 251);
    co_await nc.publish("a", big);
    const auto m = co_await sub.next(5s);
    REQUIRE(m);
    CHECK(m->text() == big);
    co_await nc.drain();
}

} // namespace

TEST_CASE("G02 wss encrypts from the first byte, whatever INFO says") {
    const tls_files files;
    // The server's other port demands TLS as well: INFO says so on both.
    nats_server server(wss_config(files) + files.config());
    sniffing_proxy proxy("127.0.0.1", websocket_port(server));
    for (const bool compression : {false, true})
        run([&]() -> asio::awaitable<void> {
            conats::websocket_options o;
            o.compression(compression);
            auto options = over_wss(proxy.port(), o);
            options.tls(files.trusting());
            auto nc = co_await conats::connect(options);
            CHECK(nc.tls_info().verified);
            CHECK(nc.tls_info().server_name == "127.0.0.1");
            co_await echo_once(std::move(nc));
        });
    CHECK(proxy.from_client().front() == '\x16'); // a TLS record of a handshake
    CHECK(proxy.from_client().find("GET /") == std::string::npos);
}

TEST_CASE("G02 the core works over wss") {
    const tls_files files;
    nats_server server(wss_config(files));
    for (const bool compression : {false, true})
        run([&]() -> asio::awaitable<void> {
            conats::websocket_options o;
            o.compression(compression);
            auto options = over_wss(websocket_port(server), o);
            options.tls(files.trusting()).name("over wss");
            auto nc = co_await conats::connect(options);
            const auto seen = server.monitor().connection("over wss");
            REQUIRE(seen);
            CHECK(seen->at("type").as_string() == "websocket");
            CHECK(nc.connected_url() ==
                  "wss://127.0.0.1:" + std::to_string(websocket_port(server)));
            co_await core_suite(std::move(nc));
        });
}

TEST_CASE("G02 a wss connection that is cut is made anew, and nothing is lost meanwhile") {
    const tls_files files;
    nats_server server(wss_config(files) + "authorization { token: t0k3n }");
    sniffing_proxy wire("127.0.0.1", websocket_port(server));
    auto options = over_wss(wire.port());
    options.tls(files.trusting()).token("t0k3n");
    options.reconnect_wait(20ms).reconnect_jitter(5ms).max_reconnects(-1);
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(options);
        co_await reconnect_suite(std::move(nc), wire);
    });
    CHECK(wire.from_client().find("t0k3n") == std::string::npos);
}

TEST_CASE("G02 certificates are checked for wss as for tls") {
    const tls_files files;
    nats_server server(wss_config(files));
    // The system's authorities do not know ours.
    const auto unknown = outcome_of(over_wss(websocket_port(server)));
    CHECK(unknown.code() == condition::tls);
    auto options = over_wss(websocket_port(server));
    auto tls = files.trusting();
    tls.server_name("other.example");
    options.tls(tls);
    CHECK(outcome_of(options).code() == condition::tls);
    options.tls(conats::tls_options().insecure_skip_verify(true));
    CHECK_FALSE(outcome_of(options));
}

TEST_CASE("G02 wss shows a client certificate to a server that wants one") {
    const tls_files files;
    nats_server server(wss_config(files, "verify: true"));
    auto options = over_wss(websocket_port(server));
    options.tls(files.trusting());
    CHECK(outcome_of(options));
    const auto own = files.ca.client("joe");
    files.scratch.write("joe.pem", own.pem);
    files.scratch.write("joe.key", own.key);
    auto tls = files.trusting();
    tls.certificate_file(files.path("joe.pem")).key_file(files.path("joe.key"));
    options.tls(tls);
    CHECK_FALSE(outcome_of(options));
}

TEST_CASE("G02 ws is encrypted too where the options ask for TLS") {
    const tls_files files;
    nats_server server(wss_config(files));
    auto options = over_wss(websocket_port(server));
    options.servers("ws://127.0.0.1:" + std::to_string(websocket_port(server)));
    options.connect_timeout(scaled(500ms));
    CHECK(outcome_of(options)); // in plain
    options.tls(files.trusting()).connect_timeout(2s);
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(options);
        CHECK(nc.tls_info().verified);
    });
}

TEST_CASE("B26 TLS before INFO is no option of WebSocket") {
    for (const auto* url : {"ws://127.0.0.1:1", "wss://127.0.0.1:1"}) {
        conats::connect_options o(url);
        o.transport(conats::websocket()).tls(conats::tls_options().handshake_first(true));
        const auto e = outcome_of(o);
        CHECK(e.code() == errc::invalid_options);
        CHECK(e.text().starts_with("tls: handshake_first and WebSocket exclude each other"));
        CHECK(e.server() == url);
    }
}

TEST_CASE("G02 G09 wss runs through a proxy, and its certificate is the server's") {
    const tls_files files;
    nats_server server(wss_config(files));
    proxy_behaviour b;
    b.names["localhost"] = "127.0.0.1";
    test_proxy proxy(b);
    conats::connect_options o("wss://localhost:" + std::to_string(websocket_port(server)));
    o.proxy(proxy.url()).tls(files.trusting()).transport(conats::websocket());
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(o);
        CHECK(nc.tls_info().server_name == "localhost");
        co_await echo_once(std::move(nc));
    });
    CHECK(proxy.requests().front() == "name localhost:" + std::to_string(websocket_port(server)));
}

TEST_CASE("B12 G02 a factory of the user's does the TLS of wss itself, but not that of tls") {
    // A stream that keeps what is written to it.
    class recorder final : public conats::stream {
    public:
        explicit recorder(std::string& written) : written_(written) {}
        asio::awaitable<std::size_t> read_some(asio::mutable_buffer to,
                                               conats::error_code& ec) override {
            static constexpr std::string_view info = "INFO {\"tls_required\":true}\r\n";
            if (std::exchange(said_, true))
                ec = asio::error::eof;
            const auto n = ec ? 0 : std::min(to.size(), info.size());
            std::copy_n(info.begin(), n, static_cast<char*>(to.data()));
            co_return n;
        }
        asio::awaitable<std::size_t> write_some(std::span<const asio::const_buffer> from,
                                                conats::error_code&) override {
            written_.append(static_cast<const char*>(from[0].data()), from[0].size());
            co_return from[0].size();
        }
        void close() noexcept override {}

    private:
        std::string& written_;
        bool said_ = false;
    };
    const auto written_to = [](const std::string& url) {
        std::string written;
        conats::connect_options o(url);
        o.transport(
            [&](conats::transport_target) -> asio::awaitable<std::unique_ptr<conats::stream>> {
                co_return std::make_unique<recorder>(written);
            });
        CHECK(outcome_of(o));
        return written;
    };
    CHECK(written_to("wss://h").starts_with("CONNECT "));
    CHECK(written_to("tls://h").front() == '\x16');
}

TEST_CASE("F07, G07 with the transport of WebSocket, too, replaced servers are of one kind") {
    nats_server server("websocket { host: \"127.0.0.1\", port: -1, no_tls: true }");
    const auto url = "ws://127.0.0.1:" + std::to_string(websocket_port(server));
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(url);
        o.transport(conats::websocket()).reconnect_wait(10ms);
        auto nc = co_await conats::connect(o);
        auto e = nc.set_servers(url + ", nats://u:s3cr3t@h:4222");
        CHECK(e.code() == errc::invalid_options);
        CHECK(e.text() == "servers mix WebSocket and TCP: " + url + " and nats://h:4222");
        e = nc.set_servers("tls://h, wss://other/path");
        CHECK(e.code() == errc::invalid_options);
        CHECK(e.text() == "servers mix WebSocket and TCP: tls://h:4222 and wss://other:443");
        REQUIRE(nc.servers().size() == 1); // a refused list changes nothing
        CHECK(nc.servers().front().url() == url);
        const auto with_path = url + "/other";
        CHECK_FALSE(nc.set_servers("wss://127.0.0.1:1, " + with_path));
        CHECK(nc.servers().size() == 2);
        // All of them may be of the other kind.
        CHECK_FALSE(nc.set_servers(server.url()));
        CHECK(nc.connected_url() == url);
        CHECK_FALSE(nc.force_reconnect());
        const bool by_tcp =
            co_await async_eventually([&] { return nc.connected_url() == server.url(); });
        CHECK(by_tcp);
        CHECK_FALSE(nc.set_servers(with_path));
        CHECK_FALSE(nc.force_reconnect());
        const bool by_websocket =
            co_await async_eventually([&] { return nc.connected_url().starts_with(url); });
        CHECK(by_websocket);
        co_await nc.flush();
        co_await nc.close();
    });
}

TEST_CASE("G07 servers that are discovered over WebSocket are reached over WebSocket") {
    const std::string common = "websocket { host: \"127.0.0.1\", port: -1, no_tls: true }\n"
                               "cluster { name: c, listen: \"127.0.0.1:-1\"";
    nats_server first(common + " }");
    nats_server second(common + ", routes: [ \"" + first.listening("cluster").front() + "\" ] }");
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o("ws://127.0.0.1:" + std::to_string(websocket_port(first)));
        o.transport(conats::websocket()).reconnect_wait(10ms).name("wanderer");
        auto nc = co_await conats::connect(o);
        auto sub = co_await nc.subscribe("a");
        const auto other = "ws://127.0.0.1:" + std::to_string(websocket_port(second));
        const bool is_known = co_await async_eventually([&] {
            for (const auto& s : nc.servers())
                if (s.url() == other)
                    return true;
            return false;
        });
        CHECK(is_known);
        for (const auto& s : nc.servers())
            CHECK(s.url().starts_with("ws://")); // none of the ports for TCP
        // With what was discovered the list keeps its kind.
        const auto mixed = nc.set_servers(other + "," + second.url());
        CHECK(mixed.text() == "servers mix WebSocket and TCP: " + other + " and " + second.url());
        first.stop();
        const bool is_there =
            co_await async_eventually([&] { return nc.connected_url() == other; }, 20s);
        CHECK(is_there);
        co_await nc.publish("a", "still here");
        const auto m = co_await sub.next(5s);
        REQUIRE(m);
        CHECK(m->text() == "still here");
        co_await nc.close();
    });
}
