// SPDX-License-Identifier: Apache-2.0
#include "integration/outcome.hpp"
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

std::uint16_t websocket_port(const nats_server& server) {
    const auto url = server.listening("websocket").front();
    return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

server_options websocket_server(std::string block = "", std::string rest = "") {
    return server_options("websocket { host: \"127.0.0.1\", port: -1, no_tls: true\n" + block +
                          "}\n" + rest);
}

conats::connect_options to(std::uint16_t port,
                           conats::websocket_options o = conats::websocket_options()) {
    conats::connect_options options("ws://127.0.0.1:" + std::to_string(port));
    options.transport(conats::websocket(std::move(o)));
    return options;
}

conats::websocket_options with_compression() {
    return conats::websocket_options().compression(true);
}

/// What clients do most: each step fails by throwing.
asio::awaitable<void> core_suite(conats::client nc) {
    auto a = co_await nc.subscribe("a");
    auto q1 = co_await nc.subscribe("q", conats::subscribe_options().queue_group("workers"));
    auto q2 = co_await nc.subscribe("q", conats::subscribe_options().queue_group("workers"));
    conats::headers h;
    h.add("Name", "value");
    co_await nc.publish("a", "with headers", conats::publish_options().headers(h));
    auto m = co_await a.next(5s);
    CHECK(m->text() == "with headers");
    CHECK(m->headers().get("Name") == "value");

    // More than a frame, and more than the server writes at once.
    std::string big(1'000'000, '\0');
    for (std::size_t i = 0; i != big.size(); ++i)
        big[i] = static_cast<char>('a' + i * i % 23);
    co_await nc.publish("a", big);
    m = co_await a.next(5s);
    CHECK(m->text() == big);

    constexpr int count = 2000;
    for (int i = 0; i != count; ++i) {
        co_await nc.publish("a", std::to_string(i));
        co_await nc.publish("q", "work");
    }
    bool in_order = true;
    for (int i = 0; i != count; ++i) {
        m = co_await a.next(5s);
        in_order = in_order && m->text() == std::to_string(i);
    }
    CHECK(in_order);
    co_await nc.flush();
    int shared = 0;
    for (conats::subscription* q : {&q1, &q2})
        while (q->try_next())
            ++shared;
    CHECK(shared == count);

    const auto echo = [](conats::message request) -> asio::awaitable<void> {
        co_await request.respond("got " + std::string(request.text()));
    };
    auto service = nc.on("echo", echo);
    const auto reply = co_await nc.request("echo", "this", 5s);
    CHECK(reply.text() == "got this");
    conats::error none;
    (void)co_await nc.request("nobody", "", 5s, none);
    CHECK(none.code() == errc::no_responders);
    co_await nc.rtt();
    co_await nc.drain();
}

constexpr std::string_view operator_jwt =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJqdGkiOiJFUldCMk9YS0xVVDMyTldBS"
    "1Q1RFBES0U1Wk9QUlY1MlNKUU9IVk5JU1hDQkw2TEdTWE5RIiwiaWF0IjoxNzk1NTQwMTA0LCJpc3MiO"
    "iJPQ0NUTlpDM1RSUDQySUc1TEhGTFRQQUFLQ0RMVUdLTlhYQlRJS0U3VjRKQVYyQkxZR1VXQkI0MiIsI"
    "m5hbWUiOiJ0ZXN0cyIsInN1YiI6Ik9DQ1ROWkMzVFJQNDJJRzVMSEZMVFBBQUtDRExVR0tOWFhCVElLR"
    "TdWNEpBVjJCTFlHVVdCQjQyIiwibmF0cyI6eyJ0eXBlIjoib3BlcmF0b3IiLCJ2ZXJzaW9uIjoyfX0.5"
    "ouuLmHwOWdVvSbDcZflVRxQ8SElg_Fh1zOtW4wh5dS0bWVyHEUM6z09Z7167EGDFm3IE1Ndixc7IYuMU"
    "f4JAQ";
constexpr std::string_view account_key = "AD6IEEY3WD4RZYPLPJWNKP5EYWCADSVBB2YR7LV5BHNDZP234W72U34N";
constexpr std::string_view account_jwt =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJqdGkiOiJHRExYR0pMSFFFNzI2TEpJT"
    "VFRTjRRU0UzVEFHTDRXNjJNMkRNSE9BQ1JFWE8zR0xLQTZRIiwiaWF0IjoxNzk1NTQwMTA0LCJpc3MiO"
    "iJPQ0NUTlpDM1RSUDQySUc1TEhGTFRQQUFLQ0RMVUdLTlhYQlRJS0U3VjRKQVYyQkxZR1VXQkI0MiIsI"
    "m5hbWUiOiJBIiwic3ViIjoiQUQ2SUVFWTNXRDRSWllQTFBKV05LUDVFWVdDQURTVkJCMllSN0xWNUJIT"
    "kRaUDIzNFc3MlUzNE4iLCJuYXRzIjp7ImxpbWl0cyI6eyJzdWJzIjotMSwiZGF0YSI6LTEsInBheWxvY"
    "WQiOi0xLCJpbXBvcnRzIjotMSwiZXhwb3J0cyI6LTEsIndpbGRjYXJkcyI6dHJ1ZSwiY29ubiI6LTEsI"
    "mxlYWYiOi0xfSwiZGVmYXVsdF9wZXJtaXNzaW9ucyI6eyJwdWIiOnt9LCJzdWIiOnt9fSwiYXV0aG9ya"
    "XphdGlvbiI6e30sInR5cGUiOiJhY2NvdW50IiwidmVyc2lvbiI6Mn19.UcqgFiz9vkrcQm06637FPeLe"
    "SOCb4HWfinTKBjmunZV3cjh2pkYZuD7f1NttBpB5YYWXp74ESv90-thWuSlQAg";
constexpr std::string_view bearer_jwt =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJlZDI1NTE5LW5rZXkifQ.eyJqdGkiOiJISFdUTEdWMzRKRFlQU1VGQ"
    "jZWSVVXNDJaQ0xYTUNLQlVCQ01JVkVPTFoyNlhKT0FHVkxRIiwiaWF0IjoxNzk1NTQwMTA0LCJpc3MiO"
    "iJBRDZJRUVZM1dENFJaWVBMUEpXTktQNUVZV0NBRFNWQkIyWVI3TFY1QkhORFpQMjM0VzcyVTM0TiIsI"
    "m5hbWUiOiJiZWFyZXIiLCJzdWIiOiJVQkZGT1dGWTRJUEhUR1g1QlFSSEo0U1pURVhSS0o1Q0w0VlZKW"
    "VVENlBPQ1JYNlNZV1A2NEdMRyIsIm5hdHMiOnsicHViIjp7fSwic3ViIjp7fSwic3VicyI6LTEsImRhd"
    "GEiOi0xLCJwYXlsb2FkIjotMSwiYmVhcmVyX3Rva2VuIjp0cnVlLCJ0eXBlIjoidXNlciIsInZlcnNpb"
    "24iOjJ9fQ.ResnZStpizsPiB1GsZ0qlHFRz_L0rZcQDrMwiek_x8aZViIAFa7l3vKBsSR446sn5qS4ZJ"
    "huY6F73WZgsKTVAQ";

} // namespace

TEST_CASE("G01 the core works over WebSocket") {
    nats_server server(websocket_server());
    run([&]() -> asio::awaitable<void> {
        auto options = to(websocket_port(server));
        options.name("over ws");
        auto nc = co_await conats::connect(options);
        const auto seen = server.monitor().connection("over ws");
        REQUIRE(seen);
        CHECK(seen->at("type").as_string() == "websocket");
        CHECK(nc.connected_url() == "ws://127.0.0.1:" + std::to_string(websocket_port(server)));
        co_await core_suite(std::move(nc));
    });
}

TEST_CASE("G03 the core works over WebSocket with compression, and the wire carries less") {
    nats_server server(websocket_server("compression: true"));
    sniffing_proxy proxy("127.0.0.1", websocket_port(server));
    run([&]() -> asio::awaitable<void> {
        auto options = to(proxy.port(), with_compression());
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
            auto options = to(proxy.port(), o);
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
    auto options = to(proxy.port());
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
    auto options = to(1);
    options.add_server("tls://h");
    CHECK(outcome_of(options).code() == errc::invalid_options);
    CHECK(outcome_of("ws://127.0.0.1:1").code() == errc::transport_unavailable);
    options = to(1, conats::websocket_options().header("Upgrade", "x"));
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
    auto options = to(peer.port(), o);
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
        auto options =
            to(websocket_port(server), conats::websocket_options().header_provider(std::move(f)));
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
    auto options = to(proxy.port());
    const auto host = "127.0.0.1:" + std::to_string(proxy.port());
    options.servers("ws://" + host + "/gate/nats");
    CHECK_FALSE(outcome_of(options));
    CHECK(proxy.from_client().starts_with("GET /gate/nats HTTP/1.1\r\n"));
    CHECK(proxy.from_client().find("\r\nHost: " + host + "\r\n") != std::string::npos);
}

TEST_CASE("G08 a cookie is a JWT to the server") {
    nats_server server(websocket_server(
        "jwt_cookie: creds",
        "operator: " + std::string(operator_jwt) + "\nresolver: MEMORY\nresolver_preload: { " +
            std::string(account_key) + ": " + std::string(account_jwt) + " }"));
    CHECK(outcome_of(to(websocket_port(server))).code() == errc::authorization_violation);
    conats::websocket_options o;
    o.header("Cookie", "creds=" + std::string(bearer_jwt));
    CHECK_FALSE(outcome_of(to(websocket_port(server), o)));
}

TEST_CASE("G08 cookies are a token, or a user and password, to servers from 2.11 on") {
    require_server({2, 11});
    nats_server by_token(websocket_server("token_cookie: tok", "authorization { token: s3cr3t }"));
    conats::websocket_options o;
    o.header_provider([](conats::transport_target) -> asio::awaitable<conats::websocket_headers> {
        conats::websocket_headers h;
        h.add("Cookie", "tok=s3cr3t; other=1");
        co_return h;
    });
    CHECK_FALSE(outcome_of(to(websocket_port(by_token), o)));
    CHECK(outcome_of(to(websocket_port(by_token))).code() == errc::authorization_violation);
    nats_server by_user(websocket_server("user_cookie: u, pass_cookie: p",
                                         "authorization { user: joe, password: s3cr3t }"));
    conats::websocket_options both;
    both.header("Cookie", "u=joe; p=s3cr3t");
    CHECK_FALSE(outcome_of(to(websocket_port(by_user), both)));
    conats::websocket_options wrong;
    wrong.header("Cookie", "u=joe; p=other");
    CHECK(outcome_of(to(websocket_port(by_user), wrong)).code() == errc::authorization_violation);
}

TEST_CASE("G01 what is no WebSocket server is told as such") {
    nats_server server; // greets with INFO
    auto e = outcome_of(to(server.port()));
    CHECK(e.code() == errc::protocol_error);
    CHECK(e.text().find("not HTTP") != std::string::npos);

    nats_server by_websocket(websocket_server());
    conats::connect_options plain("nats://127.0.0.1:" +
                                  std::to_string(websocket_port(by_websocket)));
    plain.connect_timeout(200ms);
    CHECK(outcome_of(plain));

    scripted_peer closes([](peer_session& s) { const gateway_request request(s); });
    e = outcome_of(to(closes.port()));
    CHECK(e.code() == errc::connection_failed);
    CHECK(e.text() == "the server closed the connection in the WebSocket handshake");

    scripted_peer silent([](peer_session& s) { s.stop_reading(); });
    auto options = to(silent.port());
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
    CHECK_FALSE(outcome_of(to(peer.port())));
}

TEST_CASE("G06 a frame above the limit ends the connection as a protocol error") {
    scripted_peer in_handshake([](peer_session& s) {
        accept_websocket(s, server_frame(0x82, std::string(1025, 'x')));
        s.wait_closed();
    });
    conats::websocket_options small;
    small.max_frame_size(1024);
    const auto e = outcome_of(to(in_handshake.port(), small));
    CHECK(e.code() == errc::protocol_error);
    CHECK(e.text().find("the server sent a frame larger than max_frame_size") != std::string::npos);

    nats_server server(websocket_server());
    run([&]() -> asio::awaitable<void> {
        auto options = to(websocket_port(server), small);
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
    const auto e = outcome_of(to(peer.port()));
    CHECK(e.text() == "the connection was closed before the server's answer to CONNECT (the server "
                      "closed the WebSocket with status 1001 (going away))");

    nats_server server(websocket_server());
    run([&]() -> asio::awaitable<void> {
        auto options = to(websocket_port(server));
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
        auto options = to(websocket_port(server), o);
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
