// SPDX-License-Identifier: Apache-2.0
#include "integration/idle_fixture.hpp"
#include "integration/outcome.hpp"
#include "integration/websocket_fixture.hpp"
#include "support/catch.hpp"
#include "support/info_builder.hpp"
#include "support/memory_stream.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"
#include "support/sockets.hpp"
#include "support/test_proxy.hpp"
#include "support/websocket_frames.hpp"
#include "websocket/upgrade.hpp"

#include <conats/conats.hpp>
#include <conats/stream.hpp>
#include <conats/websocket.hpp>

#include <boost/asio/detached.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using namespace std::string_literals;
using conats::errc;

namespace {

conats::websocket_options with_compression() {
    return conats::websocket_options().compression(true);
}

} // namespace

TEST_CASE("G01 the core works over WebSocket") {
    nats_server server(websocket_server());
    run([&]() -> asio::awaitable<void> {
        auto options = over_ws(websocket_port(server));
        options.name("over ws");
        auto nc = co_await conats::connect(options);
        const auto seen = server.monitor().connection("over ws");
        REQUIRE(seen);
        CHECK(seen->at("type").as_string() == "websocket");
        CHECK(nc.connected_url() == "ws://127.0.0.1:" + std::to_string(websocket_port(server)));
        co_await core_suite(std::move(nc));
    });
}

TEST_CASE("G01 a WebSocket that is cut is made anew, and nothing is lost meanwhile") {
    nats_server server(websocket_server());
    sniffing_proxy wire("127.0.0.1", websocket_port(server));
    auto options = over_ws(wire.port());
    options.reconnect_wait(20ms).reconnect_jitter(5ms).max_reconnects(-1);
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(options);
        co_await reconnect_suite(std::move(nc), wire);
    });
}

TEST_CASE("An idle connection holds no read buffer, over WebSocket") {
    nats_server server(websocket_server("compression: true"));
    for (const bool compression : {false, true}) {
        CAPTURE(compression);
        run([&]() -> asio::awaitable<void> {
            const auto options = over_ws(websocket_port(server),
                                         conats::websocket_options().compression(compression));
            auto nc = co_await conats::connect(options);
            co_await idle_suite(std::move(nc));
        });
    }
}

TEST_CASE("G03 the core works over WebSocket with compression, and the wire carries less") {
    nats_server server(websocket_server("compression: true"));
    sniffing_proxy proxy("127.0.0.1", websocket_port(server));
    run([&]() -> asio::awaitable<void> {
        auto options = over_ws(proxy.port(), with_compression());
        auto nc = co_await conats::connect(options);
        auto sub = co_await nc.subscribe("a");
        const std::string dull(400'000, 'x');
        co_await nc.publish("a", dull);
        const auto m = co_await sub.next(5s);
        REQUIRE(m);
        CHECK(m->text() == dull);
        CHECK(proxy.from_client().size() < 20'000);
        CHECK(proxy.from_server().size() < 20'000);
        CHECK(proxy.from_server().find("permessage-deflate") != std::string::npos);
        sub.unsubscribe();
        co_await core_suite(std::move(nc));
    });
}

TEST_CASE("G03 without agreement nothing is compressed") {
    nats_server plain(websocket_server());
    nats_server compressing(websocket_server("compression: true"));
    for (const bool offers : {false, true}) {
        conats::websocket_options o;
        o.compression(offers);
        sniffing_proxy proxy("127.0.0.1", websocket_port(offers ? plain : compressing));
        run([&]() -> asio::awaitable<void> {
            auto options = over_ws(proxy.port(), o);
            auto nc = co_await conats::connect(options);
            auto sub = co_await nc.subscribe("a");
            const std::string dull(100'000, 'x');
            co_await nc.publish("a", dull);
            const auto m = co_await sub.next(5s);
            REQUIRE(m);
            CHECK(m->text() == dull);
        });
        CHECK(proxy.from_client().size() > 100'000);
        CHECK(proxy.from_server().size() > 100'000);
        CHECK((proxy.from_client().find("permessage-deflate") != std::string::npos) == offers);
        CHECK(proxy.from_server().find("permessage-deflate") == std::string::npos);
    }
}

TEST_CASE("G01 tokens are checked over WebSocket as ever, and a close says good-bye") {
    nats_server server(websocket_server("", "authorization { token: s3cr3t }"));
    sniffing_proxy proxy("127.0.0.1", websocket_port(server));
    auto options = over_ws(proxy.port());
    CHECK(outcome_of(options).code() == errc::authorization_violation);
    options.token("s3cr3t");
    proxy.clear();
    CHECK_FALSE(outcome_of(options));
    options.servers("ws://s3cr3t@127.0.0.1:" + std::to_string(proxy.port()));
    CHECK_FALSE(outcome_of(options));
    const auto said = [&] {
        // Of several connections: behind each head are frames, as far as the next.
        const auto all = proxy.from_client();
        for (auto at = all.find("\r\n\r\n"); at != all.npos; at = all.find("\r\n\r\n", at + 1)) {
            auto bytes = all.substr(at + 4, all.find("GET /", at) - at - 4);
            const auto frames = take_client_frames(bytes);
            if (std::any_of(frames.begin(), frames.end(), [](const client_frame& f) {
                    return f.first == 0x88 && f.payload == "\x03\xe8"s;
                }))
                return true;
        }
        return false;
    };
    CHECK(eventually(said));
}

TEST_CASE("G07 WebSocket and TCP do not mix in a list, and ws needs its transport") {
    const auto e = outcome_of("nats://u:s3cr3t@a:1, ws://b/x, wss://c");
    CHECK(e.code() == errc::invalid_options);
    CHECK(e.text() == "servers mix WebSocket and TCP: nats://a:1 and ws://b:80");
    auto options = over_ws(1);
    options.add_server("tls://h");
    CHECK(outcome_of(options).code() == errc::invalid_options);
    CHECK(outcome_of("ws://127.0.0.1:1").code() == errc::transport_unavailable);
    options = over_ws(1, conats::websocket_options().header("Upgrade", "x"));
    CHECK(outcome_of(options).code() == errc::invalid_options);
    // A transport that makes the WebSocket itself encrypts it itself, or does not.
    const auto factory =
        [](conats::transport_target) -> asio::awaitable<std::unique_ptr<conats::stream>> {
        co_return nullptr;
    };
    options = conats::connect_options("ws://127.0.0.1:1");
    options.tls(conats::tls_options()).transport(factory);
    const auto ignored = outcome_of(options);
    CHECK(ignored.code() == errc::invalid_options);
    CHECK(ignored.text().find("tls and a transport") != std::string::npos);
    // With the transport, other schemes go over TCP.
    nats_server server;
    options = conats::connect_options();
    options.servers(server.url()).transport(conats::websocket());
    CHECK_FALSE(outcome_of(options));
}

// --- The handshake, with a gateway of our own

namespace {

/// Takes the request; returns it with the key's answer.
class gateway_request {
public:
    explicit gateway_request(peer_session& s) {
        for (auto line = s.line(); !line.empty(); line = s.line()) {
            if (line.starts_with("Sec-WebSocket-Key: "))
                accept = conats::impl::accept_of(line.substr(19));
            head += line + "\n";
        }
    }

    std::string head;
    std::string accept;
};

void accept_websocket(peer_session& s, std::string behind = "") {
    const gateway_request request(s);
    s.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: " +
           request.accept + "\r\n\r\n" + behind);
}

} // namespace

TEST_CASE("G04 a gateway gets fixed fields, and fresh ones on every attempt") {
    scripted_peer peer([](peer_session& s) {
        const gateway_request request(s);
        s.send("HTTP/1.1 401 Who are you\r\n\r\n");
        s.wait_closed();
    });
    int asked = 0;
    conats::websocket_options o;
    o.header("X-Fixed", "f1xed");
    o.header_provider(
        [&](conats::transport_target t) -> asio::awaitable<conats::websocket_headers> {
            ++asked;
            conats::websocket_headers h;
            h.add("Authorization", "Bearer s3cr3t-" + std::to_string(t.attempt()));
            co_return h;
        });
    auto options = over_ws(peer.port(), o);
    options.add_server("ws://127.0.0.1:" + std::to_string(peer.port()) + "/other");
    options.retain_order(true);
    const auto e = outcome_of(options);
    CHECK(e.code() == errc::authorization_violation);
    CHECK(e.text().starts_with("the WebSocket handshake was refused: 401 Who are you"));
    CHECK(e.what().find("s3cr3t") == std::string::npos);
    CHECK(asked == 2);
    CHECK(peer.received(0).starts_with("GET / HTTP/1.1\r\n"));
    CHECK(peer.received(0).find("\r\nX-Fixed: f1xed\r\n") != std::string::npos);
    CHECK(peer.received(0).find("\r\nAuthorization: Bearer s3cr3t-1\r\n") != std::string::npos);
    CHECK(peer.received(1).starts_with("GET /other HTTP/1.1\r\n"));
    CHECK(peer.received(1).find("\r\nAuthorization: Bearer s3cr3t-2\r\n") != std::string::npos);
}

TEST_CASE("G04 a header provider that throws, errs or is late fails the attempt") {
    nats_server server(websocket_server());
    const auto with = [&](conats::websocket_header_provider f, auto timeout) {
        auto options = over_ws(websocket_port(server),
                               conats::websocket_options().header_provider(std::move(f)));
        options.connect_timeout(timeout);
        return outcome_of(options);
    };
    using target = conats::transport_target;
    auto e = with(
        [](target) -> asio::awaitable<conats::websocket_headers> {
            throw std::runtime_error("no cookie");
            co_return conats::websocket_headers();
        },
        2s);
    CHECK(e.code() == errc::provider_failed);
    CHECK(e.text() == "the header provider failed: no cookie");
    e = with(
        [](target) -> asio::awaitable<conats::websocket_headers> {
            throw std::runtime_error("");
            co_return conats::websocket_headers();
        },
        2s);
    CHECK(e.code() == errc::provider_failed);
    CHECK(e.text() == "the header provider failed: an exception without words was thrown");
    e = with(
        [](target) -> asio::awaitable<conats::websocket_headers> {
            conats::websocket_headers h;
            h.add("X", "s3cr3t\r\nY: z");
            co_return h;
        },
        2s);
    CHECK(e.code() == errc::provider_failed);
    CHECK(e.text().find("s3cr3t") == std::string::npos);
    e = with(
        [](target) -> asio::awaitable<conats::websocket_headers> {
            auto executor = co_await asio::this_coro::executor;
            asio::steady_timer forever(executor, asio::steady_timer::time_point::max());
            co_await forever.async_wait(asio::use_awaitable);
            co_return conats::websocket_headers();
        },
        50ms);
    CHECK(e.code() == errc::timeout);
}

TEST_CASE("G05 the path of an address is that of the request") {
    nats_server server(websocket_server());
    sniffing_proxy proxy("127.0.0.1", websocket_port(server));
    auto options = over_ws(proxy.port());
    const auto host = "127.0.0.1:" + std::to_string(proxy.port());
    options.servers("ws://" + host + "/gate/nats");
    CHECK_FALSE(outcome_of(options));
    CHECK(proxy.from_client().starts_with("GET /gate/nats HTTP/1.1\r\n"));
    CHECK(proxy.from_client().find("\r\nHost: " + host + "\r\n") != std::string::npos);
}

TEST_CASE("G01 what is no WebSocket server is told as such") {
    nats_server server; // greets with INFO
    auto e = outcome_of(over_ws(server.port()));
    CHECK(e.code() == errc::protocol_error);
    CHECK(e.text().find("not HTTP") != std::string::npos);

    nats_server by_websocket(websocket_server());
    conats::connect_options plain("nats://127.0.0.1:" +
                                  std::to_string(websocket_port(by_websocket)));
    plain.connect_timeout(200ms);
    CHECK(outcome_of(plain));

    scripted_peer closes([](peer_session& s) { const gateway_request request(s); });
    e = outcome_of(over_ws(closes.port()));
    CHECK(e.code() == errc::connection_failed);
    CHECK(e.text() == "the server closed the connection in the WebSocket handshake");

    scripted_peer silent([](peer_session& s) { s.stop_reading(); });
    auto options = over_ws(silent.port());
    options.connect_timeout(50ms);
    e = outcome_of(options);
    CHECK(e.code() == errc::timeout);
    CHECK(e.text() == "the transport's handshake took longer than the connect timeout");
}

TEST_CASE("G01 INFO may come with the answer, in pieces, and its tls_required means others") {
    scripted_peer peer([](peer_session& s) {
        const auto info = info_builder().tls_required(true).line();
        accept_websocket(s, server_frame(0x02, info.substr(0, 5)));
        s.send_in_pieces(server_frame(0x80, info.substr(5)), 50);
        s.send(server_frame(0x82, "PO") + server_frame(0x89, "") + server_frame(0x82, "NG\r\n"));
        s.wait_closed();
    });
    CHECK_FALSE(outcome_of(over_ws(peer.port())));
}

TEST_CASE("G06 a frame above the limit ends the connection as a protocol error") {
    scripted_peer in_handshake([](peer_session& s) {
        accept_websocket(s, server_frame(0x82, std::string(1025, 'x')));
        s.wait_closed();
    });
    conats::websocket_options small;
    small.max_frame_size(1024);
    const auto e = outcome_of(over_ws(in_handshake.port(), small));
    CHECK(e.code() == errc::protocol_error);
    CHECK(e.text().find("the server sent a frame larger than max_frame_size") != std::string::npos);

    nats_server server(websocket_server());
    run([&]() -> asio::awaitable<void> {
        auto options = over_ws(websocket_port(server), small);
        auto nc = co_await conats::connect(options);
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        co_await nc.publish("a", std::string(5000, 'x'));
        conats::error why;
        while (why.code() != errc::protocol_error) {
            auto event = co_await events.next();
            if (!event)
                break;
            why = event->what();
        }
        CHECK(why.code() == errc::protocol_error);
        CHECK(why.text() == "the server sent a frame larger than max_frame_size");
    });
}

TEST_CASE("G01 a server's close and its status end the connection") {
    scripted_peer peer([](peer_session& s) {
        accept_websocket(s, server_frame(0x82, info_builder().line()) +
                                server_frame(0x88, "\x03\xe9 see you"));
        s.wait_closed();
    });
    const auto e = outcome_of(over_ws(peer.port()));
    CHECK(e.text() == "the connection was closed before the server's answer to CONNECT (the server "
                      "closed the WebSocket with status 1001 (going away))");

    nats_server server(websocket_server());
    run([&]() -> asio::awaitable<void> {
        auto options = over_ws(websocket_port(server));
        options.max_reconnects(0);
        auto nc = co_await conats::connect(options);
        auto events = nc.events();
        server.stop();
        conats::error why;
        while (auto event = co_await events.next())
            if (event->what())
                why = event->what();
        CHECK(why == conats::condition::disconnected);
    });
}

TEST_CASE("G09 G11 WebSocket runs through a proxy, and over a stream of the user's") {
    nats_server server(websocket_server("compression: true"));
    proxy_behaviour b;
    b.names["server.test"] = "127.0.0.1";
    test_proxy proxy(b);
    conats::connect_options o("ws://server.test:" + std::to_string(websocket_port(server)));
    o.proxy(proxy.url()).transport(conats::websocket(with_compression()));
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(o);
        co_await core_suite(std::move(nc));
    });
    CHECK(proxy.requests().size() == 1);

    int made = 0;
    conats::transport lower(
        [&](conats::transport_target t) -> asio::awaitable<std::unique_ptr<conats::stream>> {
            ++made;
            memory_pipe pipe(t.executor());
            const auto play = [](std::unique_ptr<memory_stream> s) -> asio::awaitable<void> {
                (void)co_await s->read_line();
                co_await s->write_all("HTTP/1.1 418 I'm a teapot\r\n\r\n");
            };
            asio::co_spawn(t.executor(), play(std::move(pipe.server)), asio::detached);
            co_return std::move(pipe.client);
        });
    conats::connect_options over_pipe("ws://pipe");
    over_pipe.transport(conats::websocket(conats::websocket_options(), lower));
    const auto e = outcome_of(over_pipe);
    CHECK(e.text() == "the WebSocket handshake was refused: 418 I'm a teapot");
    CHECK(made == 1);
}

TEST_CASE("G01 many WebSockets on several threads") {
    nats_server server(websocket_server("compression: true"));
    std::vector<asio::awaitable<void>> all;
    const auto work = [&](bool packed) -> asio::awaitable<void> {
        conats::websocket_options o;
        o.compression(packed);
        auto options = over_ws(websocket_port(server), o);
        auto nc = co_await conats::connect(options);
        const auto subject = nc.new_inbox();
        auto sub = co_await nc.subscribe(subject);
        for (int i = 0; i != 500; ++i)
            co_await nc.publish(subject, "message " + std::to_string(i));
        for (int i = 0; i != 500; ++i) {
            const auto m = co_await sub.next(10s);
            if (!m || m->text() != "message " + std::to_string(i))
                throw std::runtime_error("lost");
        }
        co_await nc.close();
    };
    for (int i = 0; i != 8; ++i)
        all.push_back(work(i % 2 == 0));
    CHECK_NOTHROW(run_on_threads(2, std::move(all)));
}
