// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "transport/http_connect.hpp"
#include "transport/http_head.hpp"
#include "transport/proxy_address.hpp"
#include "transport/socks5.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace conats;
using namespace std::string_literals;
using namespace std::string_view_literals;
using impl::parse_proxy_address;
using impl::proxy_address;
using impl::proxy_handshake;
using impl::proxy_kind;

/// What was sent, each piece in angle brackets, and how it ended.
struct outcome {
    std::string sent;
    std::string end; // "done", "open" or the failure's text
    std::size_t left = 0;
};

/// Gives `input` in pieces of at most `step` bytes, never more than is wanted.
outcome play(proxy_handshake& h, std::string_view input, std::size_t step) {
    outcome o;
    while (!h.is_over()) {
        const secret output = h.take_output();
        if (!output.empty())
            o.sent += '<' + std::string(output.reveal()) + '>';
        REQUIRE(h.wanted() > 0);
        if (input.empty())
            break;
        const auto n = std::min({step, h.wanted(), input.size()});
        h.take_input(input.substr(0, n));
        input.remove_prefix(n);
    }
    o.end = h.failure() ? h.failure().text() : h.is_done() ? "done" : "open";
    if (h.failure())
        CHECK(h.failure().code() == errc::proxy_failed);
    o.left = input.size();
    return o;
}

/// The same outcome whatever the pieces; the bytes of the server behind are left alone.
outcome play_socks5(std::string_view host, std::string_view user, std::string_view password,
                    const std::string& input) {
    outcome first;
    for (const std::size_t step : {100U, 1U, 2U, 3U, 5U}) {
        impl::socks5_handshake h(host, 4222, user, password);
        const auto o = play(h, input, step);
        if (step == 100U)
            first = o;
        CHECK(o.sent == first.sent);
        CHECK(o.end == first.end);
        if (o.end == "done") // after a failure nobody reads on
            CHECK(o.left == first.left);
    }
    return first;
}

outcome play_http(std::string_view host, std::string_view user, std::string_view password,
                  const std::string& input) {
    outcome first;
    for (const std::size_t step : {1000U, 1U, 2U, 3U, 7U, 16U}) {
        impl::http_connect_handshake h(host, 4222, user, password);
        const auto o = play(h, input, step);
        if (step == 1000U)
            first = o;
        CHECK(o.sent == first.sent);
        CHECK(o.end == first.end);
        if (o.end == "done") // after a failure nobody reads on
            CHECK(o.left == first.left);
    }
    return first;
}

const std::string chosen_none = "\x05\x00"s;
const std::string chosen_password = "\x05\x02"s;
const std::string login_ok = "\x01\x00"s;
const std::string bound_v4 = "\x05\x00\x00\x01\x7f\x00\x00\x01\x12\x34"s;

} // namespace

TEST_CASE("G09 SOCKS5 sends a name, an IPv4 and an IPv6 address as what they are") {
    auto o = play_socks5("example.org", "", "", chosen_none + bound_v4 + "INFO");
    CHECK(o.sent == "<\x05\x01\x00><\x05\x01\x00\x03\x0b"s + "example.org\x10\x7e>"s);
    CHECK(o.end == "done");
    CHECK(o.left == 4);

    o = play_socks5("127.0.0.1", "", "", chosen_none + bound_v4);
    CHECK(o.sent == "<\x05\x01\x00><\x05\x01\x00\x01\x7f\x00\x00\x01\x10\x7e>"s);

    o = play_socks5("::1", "", "", chosen_none + bound_v4);
    CHECK(o.sent == "<\x05\x01\x00><\x05\x01\x00\x04"s + std::string(15, '\0') + "\x01\x10\x7e>"s);
}

TEST_CASE("G09 SOCKS5 takes each type of bound address") {
    const auto v6 = "\x05\x00\x00\x04"s + std::string(18, 'x');
    const auto name = "\x05\x00\x00\x03\x03"s + "abc12"s;
    const auto no_name = "\x05\x00\x00\x03\x00\x01\x02"s;
    for (const auto& reply : {bound_v4, v6, name, no_name}) {
        const auto o = play_socks5("h", "", "", chosen_none + reply + "+");
        CHECK(o.end == "done");
        CHECK(o.left == 1);
        // Cut anywhere, it waits for the rest.
        for (std::size_t cut = 0; cut != reply.size(); ++cut) {
            const auto part = play_socks5("h", "", "", chosen_none + reply.substr(0, cut));
            CHECK(part.end == "open");
        }
    }
}

TEST_CASE("G09 SOCKS5 offers and uses a user and password") {
    auto o = play_socks5("h", "joe", "s3cr3t", chosen_password + login_ok + bound_v4);
    CHECK(o.sent == "<\x05\x02\x00\x02><\x01\x03joe\x06s3cr3t><\x05\x01\x00\x03\x01h\x10\x7e>"s);
    CHECK(o.end == "done");
    // A proxy that needs none may say so.
    o = play_socks5("h", "joe", "s3cr3t", chosen_none + bound_v4);
    CHECK(o.sent == "<\x05\x02\x00\x02><\x05\x01\x00\x03\x01h\x10\x7e>"s);
    CHECK(o.end == "done");
}

TEST_CASE("G09 SOCKS5 tells why a proxy refuses, without credentials") {
    const auto fails = [](const std::string& input) {
        const auto o = play_socks5("h", "joe", "s3cr3t", input);
        CHECK(o.end.find("s3cr3t") == std::string::npos);
        CHECK(o.end.find("joe") == std::string::npos);
        return o.end;
    };
    CHECK(fails("\x05\xff"s) == "the proxy takes neither a user and password nor none");
    CHECK(fails("\x05\x01"s) == "the proxy chose a way of authentication that was not offered");
    CHECK(fails("\x04\x00"s) == "the proxy does not speak SOCKS5");
    CHECK(fails("HTTP/1.1 400 Bad Request\r\n") == "the proxy does not speak SOCKS5");
    CHECK(fails(chosen_password + "\x01\x01"s) == "the proxy refused the user and password");
    CHECK(fails(chosen_password + "\x05\x00"s) == "the proxy does not speak SOCKS5");
    CHECK(play_socks5("h", "", "", "\x05\xff"s).end == "the proxy demands a user and password");
    CHECK(play_socks5("h", "", "", chosen_password).end ==
          "the proxy chose a way of authentication that was not offered");

    const std::vector<std::string> replies{
        "has failed (general failure)",
        "does not allow this connection",
        "finds the server's network unreachable",
        "finds the server's host unreachable",
        "was refused by the server (connection refused)",
        "gave up on the way to the server (TTL expired)",
        "does not know the command CONNECT",
        "does not know this type of address",
        "answered with the unknown code 9",
    };
    for (std::size_t i = 0; i != replies.size(); ++i) {
        std::string reply = "\x05?\x00\x01"s;
        reply[1] = static_cast<char>(i + 1);
        CHECK(fails(chosen_none + reply) == "the proxy " + replies[i]);
    }
    CHECK(fails(chosen_none + "\x05\x00\x00\x09"s) ==
          "the proxy answered with an unknown type of address");
    CHECK(fails(chosen_none + "\x04\x00\x00\x01"s) == "the proxy does not speak SOCKS5");
}

TEST_CASE("G09 HTTP CONNECT asks for the server by name and leaves its bytes alone") {
    auto o = play_http("example.org", "", "", "HTTP/1.1 200 OK\r\n\r\nINFO {}");
    CHECK(o.sent == "<CONNECT example.org:4222 HTTP/1.1\r\nHost: example.org:4222\r\n\r\n>");
    CHECK(o.end == "done");
    CHECK(o.left == 7);
    o = play_http("::1", "", "", "HTTP/1.0 299\r\nX: y\r\nServer:\t me \r\n\r\nINFO");
    CHECK(o.sent == "<CONNECT [::1]:4222 HTTP/1.1\r\nHost: [::1]:4222\r\n\r\n>");
    CHECK(o.end == "done");
    CHECK(o.left == 4);
}

TEST_CASE("G09 HTTP CONNECT sends Basic credentials") {
    const auto field = [](std::string_view user, std::string_view password) {
        const auto sent = play_http("h", user, password, "HTTP/1.1 200\r\n\r\n").sent;
        const auto begin = sent.find("Proxy-Authorization: ") + 21;
        return sent.substr(begin, sent.find("\r\n", begin) - begin);
    };
    // From RFC 7617.
    CHECK(field("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    CHECK(field("a", "bc") == "Basic YTpiYw==");
    CHECK(field("a", "b") == "Basic YTpi");
    CHECK(field("a", "") == "Basic YTo=");
    CHECK(field("t\xc3\xa9", "\xff\xfe") == "Basic dMOpOv/+");
}

TEST_CASE("G09 HTTP CONNECT tells what the proxy says, without credentials") {
    const auto fails = [](const std::string& input, std::string_view user = "joe") {
        const auto o = play_http("h", user, "s3cr3t", input);
        CHECK(o.end.find("s3cr3t") == std::string::npos);
        return o.end;
    };
    CHECK(fails("HTTP/1.1 403 Forbidden by rule 7\r\nContent-Length: 3\r\n\r\nno!") ==
          "the proxy refused: 403 Forbidden by rule 7");
    CHECK(fails("HTTP/1.1 407 Who\r\n\r\n") == "the proxy refused the user and password: 407 Who");
    CHECK(fails("HTTP/1.1 407 Who\r\n\r\n", "") ==
          "the proxy demands a user and password: 407 Who");
    CHECK(fails("HTTP/1.1 302\r\n\r\n") == "the proxy refused: 302");
    CHECK(fails("HTTP/1.1 407 's3cr3t' is wrong\r\n\r\n") ==
          "the proxy refused the user and password: 407");
    CHECK(fails("HTTP/1.1 400 Basic am9lOnMzY3IzdA==?\r\n\r\n") == "the proxy refused: 400");
    CHECK(fails("HTTP/1.1 500 a\x01z\r\n\r\n") == "the proxy refused: 500 a\\x01z");
    CHECK(fails("INFO {\"server_id\":\"X\"}\r\n") ==
          "the proxy gave an answer that is not HTTP/1.1");
    CHECK(fails("\x05\x00"s) == "the proxy gave an answer that is not HTTP/1.1");
    CHECK(fails("HTTP/2 200\r\n\r\n") == "the proxy gave an answer that is not HTTP/1.1");
    for (const std::string_view bad :
         {"HTTP/1.x 200\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2000\r\n\r\n",
          "HTTP/1.1 099\r\n\r\n", "HTTP/1.1  200\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
          "HTTP/1.1 200 OK\r\n: no name\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
          "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\x01\r\n\r\n",
          "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n"}) {
        CAPTURE(bad);
        CHECK(fails(std::string(bad)) == "the proxy gave an answer that is malformed HTTP");
    }
    const std::string endless = "HTTP/1.1 200 OK\r\nA: " + std::string(20'000, 'x');
    CHECK(fails(endless) == "the proxy gave an answer that exceeds 16 KiB");
}

TEST_CASE("A head of HTTP is cut anywhere, and its fields are found") {
    const auto text = "HTTP/1.1 101 Switching\r\nUpgrade: WebSocket\r\nconnection: keep-alive\r\n"
                      "X-Empty:\r\nConnection:  Upgrade ;q=1\r\n\r\n"s;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        impl::http_head head;
        head.feed(text.substr(0, cut));
        CHECK(head.is_complete() == (cut == text.size()));
        CHECK((head.wanted() == 0) == (cut == text.size()));
        CHECK(head.wanted() <= text.size() - cut);
        head.feed(text.substr(cut));
        CHECK(head.is_complete());
        CHECK(head.fault().empty());
        CHECK(head.status() == 101);
        CHECK(head.field("UPGRADE") == "WebSocket");
        CHECK(head.field("Connection") == "keep-alive, Upgrade ;q=1");
        CHECK(head.field("x-empty").empty());
        CHECK(head.field("absent").empty());
        CHECK(impl::has_token(head.field("connection"), "upgrade"));
        CHECK_FALSE(impl::has_token(head.field("connection"), "close"));
    }
}

TEST_CASE("G09 the address of a proxy is read, and shown without its credentials") {
    struct row {
        std::string_view text;
        std::string_view redacted;
        std::string_view user = "";
        std::string_view password = "";
    };
    for (const row& r :
         {row{"socks5://h", "socks5://h:1080"}, row{" socks5h://h:9 ", "socks5://h:9"},
          row{"SOCKS5://u:p@127.0.0.1:1", "socks5://127.0.0.1:1", "u", "p"},
          row{"http://h", "http://h:3128"}, row{"http://h:4222/", "http://h:4222"},
          row{"http://u:p%40%3A@[::1]", "http://[::1]:3128", "u", "p@:"},
          row{"http://u:@h", "http://h:3128", "u", ""}}) {
        CAPTURE(r.text);
        proxy_address p;
        const auto e = parse_proxy_address(r.text, p);
        REQUIRE_FALSE(e);
        CHECK(p.redacted() == r.redacted);
        CHECK(p.user.reveal() == r.user);
        CHECK(p.password.reveal() == r.password);
    }
    const auto long_text = std::string(256, 's');
    for (const auto& text :
         {"h:1080"s, "https://h"s, "socks4://s3cr3t@h"s, "socks5://"s, "socks5://:1080"s,
          "http://1080"s, "http://h:0"s, "http://h:s3cr3t"s, "socks5://s3cr3t@h"s, "socks5://u:@h"s,
          "http://h/s3cr3t"s, "http://u%3A:s3cr3t@h"s, "socks5://u:s3cr3t@"s, "http://ws://h"s,
          "socks5://u:s3cr3t/x@h"s, "socks5://u:" + long_text + "@h",
          "socks5://" + long_text + ":s3cr3t@h", ""s}) {
        CAPTURE(text);
        proxy_address p;
        const auto e = parse_proxy_address(text, p);
        CHECK(e.code() == errc::invalid_options);
        CHECK(e.text().starts_with("proxy: "));
        CHECK(e.text().find("s3cr3t") == std::string::npos);
        CHECK(e.text().find(long_text) == std::string::npos);
        CHECK(p.host.empty());
    }
}
