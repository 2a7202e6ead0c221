// SPDX-License-Identifier: Apache-2.0

// The helpers that stand for servers, tested without the library.

#include "support/catch.hpp"
#include "support/environment.hpp"
#include "support/monitor.hpp"
#include "support/nats_server.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"
#include "support/sockets.hpp"
#include "support/thrown.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>

#include <csignal>
#include <iostream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using boost::asio::ip::tcp;

namespace {

/// A client of the bare protocol, blocking.
class raw_client {
public:
    raw_client(const std::string& host, std::uint16_t port) : socket_(context_) {
        socket_.connect({boost::asio::ip::make_address(host), port});
    }

    void send(const std::string& text) { boost::asio::write(socket_, boost::asio::buffer(text)); }

    std::string line() {
        const auto size =
            boost::asio::read_until(socket_, boost::asio::dynamic_buffer(text_), "\r\n");
        std::string result = text_.substr(0, size - 2);
        text_.erase(0, size);
        return result;
    }

    /// INFO, CONNECT, PING, PONG; returns INFO.
    std::string handshake(const std::string& name = "raw", const std::string& token = "") {
        const std::string info = line();
        send(R"(CONNECT {"verbose":false,"pedantic":false,"name":")" + name +
             R"(","auth_token":")" + token + "\"}\r\nPING\r\n");
        if (const std::string answer = line(); answer != "PONG")
            throw std::runtime_error("no PONG but " + answer);
        return info;
    }

    bool at_end() {
        char byte = 0;
        boost::system::error_code error;
        socket_.read_some(boost::asio::buffer(&byte, 1), error);
        return static_cast<bool>(error);
    }

    std::size_t read_some() {
        char buffer[1024];
        return socket_.read_some(boost::asio::buffer(buffer));
    }

    [[nodiscard]] std::size_t unread() { return socket_.available(); }

private:
    boost::asio::io_context context_;
    tcp::socket socket_;
    std::string text_;
};

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("support: versions compare") {
    CHECK(server_version::parse("nats-server: v2.9.10") == server_version(2, 9, 10));
    CHECK(server_version::parse("2.15") == server_version(2, 15));
    CHECK(server_version::parse("2.12.0-RC.1") == server_version(2, 12));
    CHECK(server_version::parse("") == server_version(0, 0));
    CHECK(server_version(2, 9, 10) < server_version(2, 10));
    CHECK(server_version(2, 9, 10).to_string() == "2.9.10");
}

TEST_CASE("M05 support: a server starts on free ports and ends") {
    nats_server first;
    nats_server second;
    CHECK(
        std::set{first.port(), second.port(), first.monitor_port(), second.monitor_port()}.size() ==
        4);
    CHECK(first.url("me") == "nats://me@127.0.0.1:" + std::to_string(first.port()));
    const auto pid = first.pid();

    raw_client client(first.host(), first.port());
    const auto info = boost::json::parse(client.handshake().substr(5)).as_object();
    CHECK(server_version::parse(info.at("version").as_string().c_str()) == first.version());
    CHECK(first.running());

    first.stop();
    CHECK_FALSE(first.running());
    CHECK(client.at_end());
    CHECK(::kill(pid, 0) == -1);
}

TEST_CASE("M05 support: a server restarts on the port it had") {
    nats_server server;
    const auto port = server.port();
    const auto monitor_port = server.monitor_port();
    raw_client before(server.host(), server.port());
    before.handshake();
    server.restart();
    CHECK(server.port() == port);
    CHECK(server.monitor_port() == monitor_port);
    CHECK(before.at_end());
    raw_client(server.host(), server.port()).handshake();
    server.kill();
    CHECK_FALSE(server.running());
    server.start();
    CHECK(server.port() == port);
    raw_client(server.host(), server.port()).handshake();
}

TEST_CASE("M05 support: a server checks a token and reloads its configuration") {
    nats_server server("authorization { token: first }");
    CHECK_THROWS(raw_client(server.host(), server.port()).handshake("raw", "second"));
    raw_client(server.host(), server.port()).handshake("raw", "first");

    server.reload("authorization { token: second }\nmax_payload: 1000");
    CHECK_THROWS(raw_client(server.host(), server.port()).handshake("raw", "first"));
    raw_client client(server.host(), server.port());
    CHECK(client.handshake("raw", "second").find(R"("max_payload":1000,)") != std::string::npos);

    CHECK(contains(text_of_thrown([&] { server.reload("no { config"); }), "does not reload"));
    CHECK(server.running());
    CHECK(contains(text_of_thrown([&] { nats_server("no { config"); }), "does not start"));
    raw_client(server.host(), server.port()).handshake("raw", "second");
}

TEST_CASE("support: a server listens where it is told") {
    nats_server v4(server_options().default_port().token("t"));
    CHECK(v4.port() == 4222);
    CHECK(v4.host().starts_with("127."));
    raw_client(v4.host(), 4222).handshake("raw", "t");

    nats_server v6(server_options().host("::1"));
    CHECK(v6.address() == "[::1]:" + std::to_string(v6.port()));
    raw_client(v6.host(), v6.port()).handshake();
    CHECK(v6.monitor().connections() >= 0);
}

TEST_CASE("M05 support: a paused server answers when it is resumed") {
    nats_server server(server_options().trace());
    raw_client client(server.host(), server.port());
    client.handshake();
    server.pause();
    client.send("PING\r\n");
    CHECK(client.unread() == 0);
    CHECK(server.running());
    server.resume();
    CHECK(client.line() == "PONG");
    CHECK(server.log().find("<<- [PING]") != std::string::npos);
    server.pause();
    server.stop(); // also a paused one ends
    CHECK_FALSE(server.running());
}

TEST_CASE("M05 support: servers form a cluster") {
    const std::string listen = "cluster { name: c, listen: \"127.0.0.1:-1\"";
    nats_server first(listen + " }");
    const auto route = first.listening("cluster");
    REQUIRE(route.size() == 1);
    nats_server second(listen + ", routes: [ \"" + route.front() + "\" ] }");
    raw_client here(first.host(), first.port());
    here.handshake();
    raw_client there(second.host(), second.port());
    there.handshake();
    here.send("SUB a 1\r\nPING\r\n");
    CHECK(here.line() == "PONG");
    // The second server knows of it when it knows of anybody.
    CHECK(eventually([&] {
        there.send("PUB a 1\r\nx\r\nPING\r\n");
        there.line();
        return here.unread() > 0;
    }));
}

TEST_CASE("M05 support: lame duck mode reaches the clients") {
    nats_server server(server_options("lame_duck_grace_period: 20ms, lame_duck_duration: 30s"));
    raw_client client(server.host(), server.port());
    client.send("CONNECT {\"protocol\":1,\"verbose\":false}\r\nPING\r\n");
    client.line();
    client.line();
    server.lame_duck();
    std::string line = client.line(); // an INFO may come first without it
    while (line.find(R"("ldm":true)") == std::string::npos)
        line = client.line();
    CHECK(line.starts_with("INFO "));
}

TEST_CASE("support: the monitor knows connections and subscriptions") {
    nats_server server;
    CHECK(server.monitor().connections() == 0);
    raw_client client(server.host(), server.port());
    client.handshake("watched");
    client.send("SUB b 1\r\nSUB a q 2\r\nPUB a 5\r\nhello\r\nPING\r\n");
    CHECK(client.line() == "MSG a 2 5");
    const auto monitor = server.monitor();
    CHECK(monitor.connections() == 1);
    CHECK(monitor.subscriptions("watched") == 2);
    CHECK(monitor.subjects("watched") == std::vector<std::string>{"a", "b"});
    CHECK(monitor.subscriptions("other") == -1);
    CHECK(monitor.subscriptions() == 2);
    CHECK(eventually([&] { return monitor.in_msgs() == 1 && monitor.out_msgs() == 1; }));
    CHECK(monitor.in_bytes() == 5);
    CHECK(monitor.slow_consumers() == 0);
    CHECK(monitor.total_connections() == 1);
    CHECK(monitor.subsz().contains("num_subscriptions"));
    CHECK_THROWS(monitor.get("/nothing-there"));
}

#if !defined(SKIP) // Catch2 3 skips by an exception of its own
TEST_CASE("support: a test that needs a newer server is skipped") {
    const environment_variable promise("CONATS_REQUIRE_SERVER", "2.0.0");
    require_server({2, 2});
    std::ostringstream said; // not to CTest
    std::streambuf* const out = std::cout.rdbuf(said.rdbuf());
    CHECK_THROWS_AS(require_server({999, 0}), Catch::TestFailureException);
    std::cout.rdbuf(out);
    CHECK(said.str() == "conats-test-skipped: SKIPPED: needs nats-server >= 999.0.0\n");
    {
        const environment_variable all("CONATS_REQUIRE_SERVER", "999.0.0");
        CHECK(contains(text_of_thrown([&] { require_server({2, 2}); }), "promises 999.0.0"));
    }
}
#endif

TEST_CASE("support: a scripted peer follows its script") {
    scripted_peer peer([](peer_session& s) {
        s.info().max_payload(10).set("nonce", "abc").erase("go");
        if (s.handshake().at("name").as_string() != "raw")
            s.fail("wrong name");
        if (s.expect_subscribe() != std::vector<std::string>{"a", "q", "1"})
            s.fail("wrong SUB");
        const peer_publish got = s.expect_publish();
        if (got.subject != "b" || got.reply != "r" || got.payload != "hel\r\n")
            s.fail("wrong PUB");
        if (s.expect_publish().headers != "NATS/1.0\r\n\r\n")
            s.fail("wrong HPUB");
        s.send_bytewise("MSG a 1 1\r\nx\r\n");
        s.send_message("a", "1", "y", "r");
        s.wait_closed();
    });
    {
        raw_client client(peer.host(), peer.port());
        const std::string info = client.handshake();
        CHECK(info.find(R"("max_payload":10)") != std::string::npos);
        CHECK(info.find(R"("nonce":"abc")") != std::string::npos);
        CHECK(info.find("\"go\"") == std::string::npos);
        client.send("SUB a q 1\r\nPUB b r 5\r\nhel\r\n\r\nHPUB c 12 13\r\nNATS/1.0\r\n\r\nx\r\n");
        CHECK(client.line() == "MSG a 1 1");
        CHECK(client.line() == "x");
        CHECK(client.line() == "MSG a 1 r 1");
    }
    CHECK(peer.result() == "ok");
    CHECK(peer.connections() == 1);
    CHECK(peer.received().starts_with("CONNECT {"));
    CHECK(peer.received(0).ends_with("\r\nx\r\n"));
}

TEST_CASE("support: a split send arrives in its parts") {
    scripted_peer peer([](peer_session& s) {
        s.send_split("abcdef", 4);
        s.send_in_pieces("ghijk", 2);
        s.close();
    });
    std::vector<std::size_t> sizes;
    {
        raw_client client(peer.host(), peer.port());
        while (sizes.size() < 5)
            sizes.push_back(client.read_some());
        CHECK(client.at_end());
    }
    CHECK(sizes == std::vector<std::size_t>{4, 2, 2, 2, 1});
    CHECK(peer.result() == "ok");
}

TEST_CASE("support: a scripted peer tells which step failed") {
    scripted_peer peer(peer_options().step_deadline(50ms),
                       {
                           [](peer_session& s) { s.expect("CONNECT"); },
                           [](peer_session& s) { s.expect("PING"); },
                       });
    raw_client wrong(peer.host(), peer.port());
    wrong.send("PONG\r\n");
    CHECK(peer.result() == R"(connection 0: expected "CONNECT", got "PONG")");
    raw_client silent(peer.host(), peer.port());
    CHECK(silent.at_end());
    CHECK(peer.connections() == 2);

    scripted_peer impatient(peer_options().step_deadline(50ms),
                            [](peer_session& s) { s.expect("PING"); });
    raw_client mute(impatient.host(), impatient.port());
    CHECK(mute.at_end());
    CHECK(impatient.connections() == 1);
    CHECK(impatient.result() == R"(connection 0: wanted "PING", nothing happened; unread: "")");

    scripted_peer lonely(peer_options().step_deadline(10ms), [](peer_session&) {});
    CHECK(lonely.result() == "connections: 0, wanted 1");
}

TEST_CASE("support: a scripted peer resets, stalls and waits for the test") {
    scripted_peer peer({
        [](peer_session& s) {
            s.send("x");
            s.wait_for_test();
            s.send("y\r\n");
            s.stall(1ms);
            s.reset();
        },
        [](peer_session& s) { s.serve(); },
        [](peer_session& s) { s.stop_reading(); },
    });
    raw_client client(peer.host(), peer.port());
    CHECK(client.read_some() == 1);
    CHECK(client.unread() == 0);
    CHECK(peer.result() == "ok");
    peer.proceed();
    CHECK(client.at_end() == false);
    CHECK(eventually([&] { return client.at_end(); }));

    raw_client served(peer.host(), peer.port());
    served.send("SUB a 1\r\nPING\r\n");
    CHECK(served.line() == "PONG");
    raw_client stuck(peer.host(), peer.port());
    CHECK(peer.result(3) == "ok"); // and the destructor ends both
}

TEST_CASE("support: a reserved port refuses everybody, until somebody listens there") {
    const reserved_port port;
    CHECK(port.address() == "127.0.0.1:" + std::to_string(port.number()));
    CHECK_THROWS_AS(connect_tcp("127.0.0.1", port.number(), deadline(5s)), std::system_error);
    const unique_fd listener = listen_tcp("127.0.0.1", port.number());
    CHECK(connect_tcp("127.0.0.1", port.number(), deadline(5s)));
    CHECK(reserved_port().number() != port.number());
}

TEST_CASE("support: a proxy passes bytes on and keeps them") {
    nats_server server("authorization { token: secret }");
    sniffing_proxy proxy(server.host(), server.port());
    {
        raw_client client("127.0.0.1", proxy.port());
        client.handshake("raw", "secret");
        client.send("SUB a 1\r\n");
        client.send("SUB b 2\r\nPING\r\n");
        CHECK(client.line() == "PONG");
        CHECK(proxy.lines_from_client("SUB ") == 2);
        CHECK(proxy.lines_from_server("PONG") == 2);
        CHECK(proxy.from_client().find(R"("auth_token":"secret")") != std::string::npos);
        CHECK(proxy.from_server().starts_with("INFO {"));
        CHECK(proxy.chunks_from_client() >= 1);
        CHECK(proxy.chunks_from_client() <= 3);
        CHECK(proxy.chunks_from_server() >= 2);
        proxy.clear();
        CHECK(proxy.from_client().empty());
        CHECK(server.monitor().connections() == 1);
    }
    CHECK(eventually([&] { return server.monitor().connections() == 0; }));
}

TEST_CASE("support: a proxy delays, stalls and cuts") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    raw_client client("127.0.0.1", proxy.port());
    client.handshake();

    proxy.delay(flow::to_server, 20ms);
    proxy.delay(flow::to_client, 30ms);
    const auto start = std::chrono::steady_clock::now();
    client.send("PING\r\n");
    CHECK(client.line() == "PONG");
    CHECK(std::chrono::steady_clock::now() - start >= 50ms);
    proxy.delay(flow::to_server, 0ms);
    proxy.delay(flow::to_client, 0ms);

    proxy.stall(flow::to_client);
    proxy.clear();
    client.send("PING\r\n");
    CHECK(eventually([&] { return proxy.from_client() == "PING\r\n"; }));
    CHECK(client.unread() == 0);
    proxy.resume(flow::to_client);
    CHECK(client.line() == "PONG");

    proxy.cut();
    CHECK(client.at_end());
    CHECK(eventually([&] { return server.monitor().connections() == 0; }));
    raw_client again("127.0.0.1", proxy.port());
    again.handshake();
    CHECK(proxy.connections() == 2);
    proxy.reset();
    CHECK(again.at_end());
    proxy.refuse(true);
    raw_client refused("127.0.0.1", proxy.port());
    CHECK(refused.at_end());
    proxy.refuse(false);
    server.stop();
    raw_client without_server("127.0.0.1", proxy.port());
    CHECK(without_server.at_end());
}
