// SPDX-License-Identifier: Apache-2.0
#include "chat/hub.hpp"
#include "chat/web.hpp"
#include "fixture.hpp"
#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/timing.hpp"

#include <conats/conats.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <functional>
#include <memory>
#include <string>

using namespace conats::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::redirect_error;
using asio::use_awaitable;

namespace {

/// A chat server on a broker in memory.
class bench : public web_bench<chat::web_server> {
public:
    using web_bench::web_bench;

    asio::awaitable<void> start() {
        nc = co_await conats::connect(broker.connect_options());
        hub = std::make_unique<chat::hub>(nc);
        co_await hub->start();
        serve(std::make_shared<chat::web_server>(*hub, free_port()));
    }
    asio::awaitable<void> stop() {
        co_await stop_serving();
        hub.reset();
        co_await nc.close();
    }
    /// The response to a request without a body; status 0 where there was none.
    asio::awaitable<http::response<http::string_body>> ask(std::string head) {
        beast::tcp_stream stream(context);
        stream.expires_after(scaled(10s));
        co_await stream.async_connect(endpoint, use_awaitable);
        const std::string bytes = head + "\r\n\r\n";
        co_await asio::async_write(stream, asio::buffer(bytes), use_awaitable);
        beast::flat_buffer buffer;
        http::response<http::string_body> r;
        conats::error_code ec;
        co_await http::async_read(stream, buffer, r, redirect_error(use_awaitable, ec));
        if (ec)
            r.result(0);
        co_return r;
    }

    conats::client nc;
    std::unique_ptr<chat::hub> hub;
};

void with_chat(const std::function<asio::awaitable<void>(bench&)>& test) {
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        bench b(context);
        co_await b.start();
        co_await test(b);
        if (b.server)
            co_await b.stop();
    });
}

/// A browser's WebSocket.
class page {
public:
    explicit page(bench& b) : bench_(b), ws_(b.context) {
        beast::get_lowest_layer(ws_).expires_after(scaled(15s));
    }
    asio::awaitable<void> open() {
        co_await beast::get_lowest_layer(ws_).async_connect(bench_.endpoint, use_awaitable);
        co_await ws_.async_handshake("h", "/chat", use_awaitable);
    }
    asio::awaitable<void> send(std::string frame) {
        co_await ws_.async_write(asio::buffer(frame), use_awaitable);
    }
    /// The next frame of a type; "closed <code>" where the connection ends.
    asio::awaitable<std::string> next(std::string type) {
        for (;;) {
            beast::flat_buffer buffer;
            conats::error_code ec;
            co_await ws_.async_read(buffer, redirect_error(use_awaitable, ec));
            if (ec)
                co_return "closed " + std::to_string(ws_.reason().code);
            std::string text = beast::buffers_to_string(buffer.data());
            if (text.find("{\"type\":\"" + type + "\"") == 0)
                co_return text;
        }
    }
    void vanish() { beast::get_lowest_layer(ws_).close(); }

private:
    bench& bench_;
    websocket::stream<beast::tcp_stream> ws_;
};

} // namespace

TEST_CASE("App chat: the page is served, with a policy, and nothing else") {
    with_chat([](bench& b) -> asio::awaitable<void> {
        auto r = co_await b.ask("GET / HTTP/1.1");
        CHECK(r.result_int() == 200);
        CHECK(r["Content-Type"] == "text/html; charset=utf-8");
        CHECK_THAT(std::string(r["Content-Security-Policy"]),
                   Contains("default-src 'none'; script-src 'self'"));
        CHECK_THAT(r.body(), Contains("<!DOCTYPE html>") && Contains("</html>"));
        CHECK_THAT(r.body(), !Contains("http")); // nothing from elsewhere
        r = co_await b.ask("GET /chat.js HTTP/1.1");
        CHECK(r["Content-Type"] == "text/javascript; charset=utf-8");
        CHECK_THAT(r.body(), !Contains("innerHTML"));
        r = co_await b.ask("GET /chat.css HTTP/1.1");
        CHECK(r["Content-Type"] == "text/css; charset=utf-8");
        r = co_await b.ask("GET /../etc/passwd HTTP/1.1");
        CHECK(r.result_int() == 404);
        r = co_await b.ask("GET /chat HTTP/1.1"); // no WebSocket
        CHECK(r.result_int() == 404);
        r = co_await b.ask("POST / HTTP/1.1\r\nContent-Length: 0");
        CHECK(r.result_int() == 405);
        r = co_await b.ask("nonsense");
        CHECK(r.result_int() == 0);
    });
}

TEST_CASE("App chat: a page of another site may not speak for its visitors") {
    with_chat([](bench& b) -> asio::awaitable<void> {
        const std::string head =
            "GET /chat HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\nHost: chat.example:8000\r\nOrigin: ";
        auto r = co_await b.ask(head + "http://evil.example");
        CHECK(r.result_int() == 403);
        r = co_await b.ask(head + "null");
        CHECK(r.result_int() == 403);
        r = co_await b.ask(head + "http://chat.example:8000");
        CHECK(r.result_int() == 101);
    });
}

TEST_CASE("App chat: two pages talk, and what is wrong is said") {
    with_chat([](bench& b) -> asio::awaitable<void> {
        page ann(b);
        page bob(b);
        co_await ann.open();
        co_await bob.open();
        co_await ann.send(R"({"type":"say","text":"too early"})");
        std::string got = co_await ann.next("error");
        CHECK_THAT(got, Contains("could not be sent"));
        co_await ann.send(R"({"type":"enter","name":"Ann"})");
        got = co_await ann.next("history");
        CHECK(got == R"({"type":"history","messages":[]})");
        got = co_await ann.next("connection");
        CHECK(got == R"({"type":"connection","connected":true})");
        co_await bob.send(R"({"type":"enter","name":"Bob"})");
        got = co_await bob.next("people");
        CHECK(got == R"({"type":"people","names":["Ann","Bob"]})");
        co_await ann.send(R"({"type":"say","text":"<img src=x onerror=alert(1)>"})");
        got = co_await bob.next("said");
        CHECK_THAT(got, Contains(R"("from":"Ann","text":"<img src=x onerror=alert(1)>")"));

        static const std::string bad[] = {"",
                                          "[]",
                                          "{}",
                                          "{\"type\":\"x\"}",
                                          R"({"type":"enter","name":" "})",
                                          R"({"type":"say","text":""})",
                                          R"({"type":"say","text":7})",
                                          "{\"type\":\"say\",\"text\":\"a\\u0000b\"}"};
        for (const std::string& frame : bad) {
            INFO(frame);
            co_await bob.send(frame);
            got = co_await bob.next("error");
            CHECK_THAT(got, Contains("\"text\":"));
        }
        bob.vanish();
        got = co_await ann.next("people");
        while (got == R"({"type":"people","names":["Ann","Bob"]})")
            got = co_await ann.next("people");
        CHECK(got == R"({"type":"people","names":["Ann"]})");
    });
}

TEST_CASE("App chat: too much, too long, and too slow") {
    with_chat([](bench& b) -> asio::awaitable<void> {
        page hasty(b);
        co_await hasty.open();
        co_await hasty.send(R"({"type":"enter","name":"Hasty"})");
        for (int i = 0; i != 200; ++i) // 20 and 4 a second may pass
            co_await hasty.send(R"({"type":"say","text":"spam"})");
        std::string got = co_await hasty.next("error");
        CHECK_THAT(got, Contains("too fast"));

        page wordy(b);
        co_await wordy.open();
        co_await wordy.send(std::string(chat::web_server::max_frame + 1, 'x'));
        got = co_await wordy.next("nothing");
        CHECK(got == "closed " + std::to_string(websocket::close_code::too_big));

        // Nothing is kept without end for a page that does not read.
        page asleep(b);
        co_await asleep.open();
        co_await asleep.send(R"({"type":"enter","name":"Asleep"})");
        got = co_await asleep.next("people");
        chat::said s;
        s.from = "Loud";
        s.text = std::string(2000, 'x');
        bool gone = false;
        for (int i = 0; i != 20'000 && !gone; ++i) {
            s.id = std::to_string(i);
            b.broker.publish("chat.said", chat::to_json(s));
            co_await b.nc.flush();
            gone = b.hub->people().count("Asleep") == 0;
        }
        CHECK(gone);
    });
}

TEST_CASE("App chat: stopping sends pages away, which then know that they may come back") {
    with_chat([](bench& b) -> asio::awaitable<void> {
        page ann(b);
        co_await ann.open();
        co_await ann.send(R"({"type":"enter","name":"Ann"})");
        std::string got = co_await ann.next("people");
        beast::tcp_stream idle(b.context);
        co_await idle.async_connect(b.endpoint, use_awaitable);
        b.server->stop();
        got = co_await ann.next("nothing");
        CHECK(got == "closed " + std::to_string(websocket::close_code::going_away));
        co_await b.stop();
    });
}
