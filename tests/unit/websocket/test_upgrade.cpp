// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "websocket/upgrade.hpp"

#include <string>
#include <string_view>

namespace {

using namespace conats;
using impl::http_head;
using impl::upgrade_reply;
using impl::upgrade_request;

const std::string key = "dGhlIHNhbXBsZSBub25jZQ=="; // of RFC 6455, with its answer
const std::string good = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\n"
                         "Connection: keep-alive, Upgrade\r\n"
                         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

std::string text_of(const upgrade_request& r) {
    std::string all;
    for (const auto piece : r.pieces())
        all += piece;
    return all;
}

transport_target target(std::string scheme, std::string host, std::uint16_t port) {
    transport_target t;
    t.scheme(std::move(scheme)).host(std::move(host)).port(port).path("/nats");
    return t;
}

upgrade_reply reply(const std::string& head_text, bool offered = false) {
    http_head head;
    head.feed(head_text);
    REQUIRE(head.wanted() == 0);
    return upgrade_reply(head, key, offered);
}

} // namespace

TEST_CASE("G01 G05 the request names path and host, and what WebSocket wants") {
    upgrade_request r(target("ws", "example.org", 8080), key, false);
    CHECK(text_of(r) == "GET /nats HTTP/1.1\r\n"
                        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Host: example.org:8080\r\n\r\n");
    const auto host_of = [](const transport_target& t) {
        const auto text = text_of(upgrade_request(t, key, false));
        const auto at = text.find("Host: ") + 6;
        return text.substr(at, text.find("\r\n", at) - at);
    };
    CHECK(host_of(target("ws", "h", 80)) == "h");
    CHECK(host_of(target("ws", "h", 443)) == "h:443");
    CHECK(host_of(target("wss", "h", 443)) == "h");
    CHECK(host_of(target("wss", "::1", 80)) == "[::1]:80");
    const auto packed = text_of(upgrade_request(target("ws", "h", 80), key, true));
    CHECK(packed.find("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                      "client_no_context_takeover\r\n") != std::string::npos);
}

TEST_CASE("G04 the user's fields are in the request, uncopied, and a Host replaces ours") {
    websocket_headers fields;
    fields.add("Authorization", "Bearer s3cr3t").add("X-Empty", "").add("x-twice", "1");
    fields.add("X-Twice", "2");
    upgrade_request r(target("ws", "h", 80), key, false);
    r.add(fields);
    auto text = text_of(r);
    CHECK(text.find("\r\nAuthorization: Bearer s3cr3t\r\nX-Empty: \r\nx-twice: 1\r\nX-Twice: 2\r\n"
                    "\r\n") != std::string::npos);
    CHECK(text.find("Host: h\r\n") != std::string::npos);
    bool is_view = false;
    for (const auto piece : r.pieces())
        is_view = is_view || piece.data() == fields.fields()[0].second.reveal().data();
    CHECK(is_view);

    websocket_headers host;
    host.add("host", "virtual.example");
    r.add(host);
    text = text_of(r);
    CHECK(text.find("Host: h") == std::string::npos);
    CHECK(text.find("host: virtual.example\r\n") != std::string::npos);
}

TEST_CASE("G04 fields that HTTP or the handshake do not take are refused without their values") {
    for (const auto* name :
         {"", "a b", "a:b", "a\r\nb", "Upgrade", "CONNECTION", "Sec-WebSocket-Key",
          "sec-websocket-protocol", "Content-Length", "Transfer-Encoding"}) {
        websocket_options o;
        o.header(name, "s3cr3t");
        CAPTURE(name);
        CHECK(o.validate().code() == errc::invalid_options);
        CHECK(o.validate().text().find("s3cr3t") == std::string::npos);
    }
    websocket_options o;
    o.header("X", "s3cr3t\r\nInjected: yes");
    CHECK(o.validate().code() == errc::invalid_options);
    CHECK(o.validate().text().find("s3cr3t") == std::string::npos);
    CHECK_FALSE(websocket_options().header("X-Y", "a\tb \xc3\xa9").validate());
    CHECK(websocket_options().max_frame_size(1023).validate().code() == errc::invalid_options);
}

TEST_CASE("G01 the answer is that of a WebSocket server to this request") {
    CHECK(impl::accept_of(key) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    CHECK(impl::make_websocket_key({}) == "AAAAAAAAAAAAAAAAAAAAAA==");
    CHECK_FALSE(reply(good + "\r\n").failure());
    CHECK_FALSE(reply(good + "\r\n").has_compression());

    const auto without = [](std::string_view line) {
        auto text = good;
        const auto at = text.find(line);
        REQUIRE(at != std::string::npos);
        return text.erase(at, text.find("\r\n", at) + 2 - at) + "\r\n";
    };
    for (const auto& bad : {without("upgrade"), without("Connection"), without("Sec-WebSocket"),
                            good + "Sec-WebSocket-Protocol: chat\r\n\r\n",
                            good + "Sec-WebSocket-Accept: x\r\n\r\n", std::string("INFO {}")}) {
        CAPTURE(bad);
        CHECK(reply(bad).failure().code() == errc::protocol_error);
    }
    CHECK(reply("INFO {}").failure().text() ==
          "what answered the WebSocket handshake is not understood: it is not HTTP/1.1");
}

TEST_CASE("G04 a gateway's refusal has its words, and 401 and 403 are of authorization") {
    for (const auto* status : {"401 Unauthorized", "403 Forbidden"}) {
        const auto r = reply("HTTP/1.1 " + std::string(status) + "\r\n\r\n");
        CHECK(r.failure().code() == errc::authorization_violation);
        CHECK(r.failure().text() == "the WebSocket handshake was refused: " + std::string(status));
    }
    for (const auto* status : {"404 Not Found", "200 OK", "302 Found", "503"})
        CHECK(reply("HTTP/1.1 " + std::string(status) + "\r\n\r\n").failure().code() ==
              errc::connection_failed);
}

TEST_CASE("G03 compression is on only where both agree, with parameters that were offered") {
    const auto with = [](std::string_view value, bool offered = true) {
        return reply(good + "Sec-WebSocket-Extensions: " + std::string(value) + "\r\n\r\n",
                     offered);
    };
    auto r = with("permessage-deflate; server_no_context_takeover; client_no_context_takeover");
    CHECK_FALSE(r.failure());
    CHECK(r.has_compression());
    CHECK_FALSE(r.server_keeps_context());
    r = with("Permessage-Deflate;server_max_window_bits=10");
    CHECK_FALSE(r.failure());
    CHECK(r.has_compression());
    CHECK(r.server_keeps_context());
    CHECK_FALSE(reply(good + "\r\n", true).has_compression());
    for (const auto* bad :
         {"permessage-deflate; client_max_window_bits=10", "permessage-deflate; x=1", "x-other",
          "permessage-deflate, permessage-deflate", "permessage-deflate, x-other"})
        CHECK(with(bad).failure().code() == errc::protocol_error);
    CHECK(with("permessage-deflate", false).failure().code() == errc::protocol_error);
}
