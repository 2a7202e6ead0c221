// SPDX-License-Identifier: Apache-2.0
#include "engine/handshake.hpp"
#include "engine/wire_tracer.hpp"
#include "protocol/encoder.hpp"
#include "support/catch.hpp"

#include <array>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace conats::impl {
namespace {

/// Keeps operations as text, and the bytes that they were.
class tape {
public:
    wire_trace_function hook() {
        return [this](const wire_operation& o) {
            std::ostringstream line;
            line << o;
            lines.push_back(line.str());
            bytes.append(o.line()).append("\r\n");
            if (o.kind() == wire_kind::pub || o.kind() == wire_kind::hpub ||
                o.kind() == wire_kind::msg || o.kind() == wire_kind::hmsg)
                bytes.append(o.headers()).append(o.payload()).append("\r\n");
        };
    }

    std::vector<std::string> lines;
    std::string bytes;
};

std::string line_of(const outgoing& out) {
    std::string all;
    std::array<segment, 64> pieces;
    const std::size_t n = out.pieces(pieces);
    for (std::size_t i = 0; i != n; ++i)
        all.append(pieces.at(i).data, pieces.at(i).size);
    return all;
}

std::string connect_of(const credentials& who) {
    handshake_options o;
    o.name = R"(my "auth_token":"name)";
    const handshake h(o);
    return h.redacted_connect(who);
}

} // namespace

TEST_CASE("L06 trace: each frame of a write, gathered payloads too, as the bytes that it is") {
    outbox box;
    conats::headers h;
    h.add("A", "1");
    append_subscribe(box.bytes(), "a.*", "q", 7);
    append_publish(box.bytes(), "p1", "", payload_view("PUB x 3\r\nabc\r\n"));
    append_ping(box.bytes());
    append_publish(box.bytes(), "p2", "r", payload_view(""));
    append_publish_head(box.bytes(), "p3", "", 20000);
    box.insert(owned_payload(std::string(20000, 'x')));
    box.bytes().append(payload_tail.data(), payload_tail.size());
    append_unsubscribe(box.bytes(), 7, 3);
    append_publish(box.bytes(), "p4", "r.s", h.view(), payload_view("body"));
    append_publish_head(box.bytes(), "p5", "", h.view(), 5);
    box.insert(owned_payload(std::string("owned")));
    box.bytes().append(payload_tail.data(), payload_tail.size());
    append_pong(box.bytes());
    outgoing out;
    box.take(out);

    tape t;
    const auto hook = t.hook();
    wire_tracer(hook).on_write(out);
    const std::vector<std::string> expected{"-> SUB a.* q 7",
                                            "-> PUB p1 14 [14 bytes]",
                                            "-> PING",
                                            "-> PUB p2 r 0 [0 bytes]",
                                            "-> PUB p3 20000 [20000 bytes]",
                                            "-> UNSUB 7 3",
                                            "-> HPUB p4 r.s 18 22 [18 + 4 bytes]",
                                            "-> HPUB p5 18 23 [18 + 5 bytes]",
                                            "-> PONG"};
    CHECK(t.lines == expected);
    CHECK(t.bytes == line_of(out));
}

TEST_CASE("L06 trace: each operation that is parsed, as the bytes that it was") {
    const std::string in = "INFO {\"server_id\":\"x\"} \r\n+OK\r\nPING\r\nPONG\r\n"
                           "-ERR 'Some Words'\r\nMSG a 1 5\r\nhello\r\nMSG a.b 12 r.s 0\r\n\r\n"
                           "HMSG a 1 18 20\r\nNATS/1.0\r\nA: 1\r\n\r\nxy\r\n";
    const std::string padded = in + std::string(parser::padding, '\0');
    tape t;
    const auto hook = t.hook();
    const wire_tracer tracer(hook);
    parser p;
    const char* at = padded.data();
    while (at != padded.data() + in.size()) {
        REQUIRE(p.parse(at, padded.data() + in.size()) == parse_status::complete);
        tracer.on_parsed(p, at);
        at += p.size();
    }
    const std::vector<std::string> expected{"<- INFO {\"server_id\":\"x\"} ",
                                            "<- +OK",
                                            "<- PING",
                                            "<- PONG",
                                            "<- -ERR 'Some Words'",
                                            "<- MSG a 1 5 [5 bytes]",
                                            "<- MSG a.b 12 r.s 0 [0 bytes]",
                                            "<- HMSG a 1 18 20 [18 + 2 bytes]"};
    CHECK(t.lines == expected);
    CHECK(t.bytes == in);
}

TEST_CASE("L06 trace: CONNECT without its secrets, and with the rest") {
    const std::string none = connect_of(credentials());
    CHECK(none.find("CONNECT {") == 0);
    CHECK(none.ends_with('}'));
    CHECK(none.find("***") == std::string::npos);
    CHECK(none.find(R"("name":"my \"auth_token\":\"name")") != std::string::npos);
    CHECK(none.find(R"("lang":"conats")") != std::string::npos);

    const auto token = connect_of(credentials::from_token(secret("s3cr3t")));
    CHECK(token.find(R"("auth_token":"***")") != std::string::npos);
    const auto user = connect_of(credentials::from_user(secret("s3cr3t-user"), secret("s3cr3t")));
    CHECK(user.find(R"("user":"***","pass":"***")") != std::string::npos);
    const auto jwt = connect_of(credentials::from_jwt(secret("s3cr3t.jwt"), "signed s3cr3t"));
    CHECK(jwt.find(R"("jwt":"***")") != std::string::npos);
    CHECK(jwt.find(R"("sig":"***")") != std::string::npos);
    const auto nkey = connect_of(credentials::from_nkey("UPUBLIC", "signed s3cr3t"));
    CHECK(nkey.find(R"("nkey":"UPUBLIC")") != std::string::npos); // it is public
    CHECK(nkey.find(R"("sig":"***")") != std::string::npos);
    for (const std::string& text : {token, user, jwt, nkey}) {
        CHECK(text.find("s3cr3t") == std::string::npos);
        CHECK(text.find("c2lnbmVk") == std::string::npos); // "signed" in base64
        CHECK(text.find(R"("lang":"conats")") != std::string::npos);
    }
}

TEST_CASE("L06 trace: prints what is not printable as what it is, and lets nothing be thrown") {
    std::ostringstream text;
    text << wire_operation(wire_direction::in, wire_kind::err, "-ERR '\x01\xff'");
    CHECK(text.str() == "<- -ERR '\\x01\\xff'");
    int calls = 0;
    const wire_trace_function throws = [&](const wire_operation&) {
        ++calls;
        throw std::runtime_error("full");
    };
    wire_tracer(throws).on_line("PING");
    CHECK(calls == 1);
}

} // namespace conats::impl
