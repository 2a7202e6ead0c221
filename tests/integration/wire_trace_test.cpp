// SPDX-License-Identifier: Apache-2.0
// The trace of operations, beside the bytes that a proxy has seen.
#include "integration/reconnect_fixture.hpp"
#include "protocol/parser.hpp"
#include "support/catch.hpp"
#include "support/sniffing_proxy.hpp"

#include <conats/observability.hpp>

#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::wire_direction;
using conats::wire_kind;
using conats::wire_operation;

namespace {

/// The operations as bytes again, as far as they tell.
class tape {
public:
    void keep(const wire_operation& o) {
        std::string& to = o.direction() == wire_direction::in ? in : out;
        to.append(o.line()).append("\r\n");
        if (o.kind() == wire_kind::pub || o.kind() == wire_kind::hpub ||
            o.kind() == wire_kind::msg || o.kind() == wire_kind::hmsg)
            to.append(o.headers()).append(o.payload()).append("\r\n");
        std::ostringstream line;
        line << o << '\n';
        text += line.str();
    }
    conats::wire_trace_function hook() {
        return [this](const wire_operation& o) { keep(o); };
    }

    std::string in;
    std::string out;
    std::string text;
};

/// What is sent, but for the line of each CONNECT.
std::string without_connect(std::string bytes) {
    for (auto at = bytes.find("CONNECT "); at != std::string::npos; at = bytes.find("CONNECT "))
        bytes.erase(at, bytes.find("\r\n", at) + 2 - at);
    return bytes;
}

/// How many operations the library's own parser finds; -1 if it does not take them.
int count_parsed(const std::string& in) {
    const std::string padded = in + std::string(conats::impl::parser::padding, '\0');
    conats::impl::parser p;
    int n = 0;
    for (const char* at = padded.data(); at != padded.data() + in.size(); at += p.size(), ++n)
        if (p.parse(at, padded.data() + in.size()) != conats::impl::parse_status::complete)
            return -1;
    return n;
}

} // namespace

TEST_CASE("L06 the trace is what a proxy has seen, over a reconnect, and parses back") {
    nats_server server("authorization { token: s3cr3t }");
    sniffing_proxy proxy(server.host(), server.port());
    tape t;
    run([&]() -> asio::awaitable<void> {
        auto o = fast(proxy.url("s3cr3t"));
        // With a trace nothing goes past the writer.
        auto nc = co_await conats::connect(o.send_now(true).wire_trace(t.hook()));
        auto sub = co_await nc.subscribe("a.>");
        auto service = nc.on("service", [](const conats::message& m) { m.try_respond(m.text()); });
        conats::publish_options with_headers;
        with_headers.headers(conats::headers().add("Name", "value")).reply("answers");
        for (int i = 0; i != 20; ++i) {
            co_await nc.publish("a.plain", std::string(static_cast<std::size_t>(i), '\n'));
            co_await nc.publish("a.headers", "PUB x 3\r\n", with_headers);
            co_await nc.publish("a.large", conats::owned_payload(std::string(40'000, 'x')));
            auto reply = co_await nc.request("service", "hello");
        }
        proxy.cut();
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        co_await nc.flush();
        sub.unsubscribe();
        co_await nc.drain();
    });
    CHECK(t.in == proxy.from_server());
    CHECK(t.out.size() < proxy.from_client().size() + 100);
    CHECK(without_connect(t.out) == without_connect(proxy.from_client()));
    CHECK(count_parsed(t.in) > 100);
    CHECK(count_parsed("MSG a 1 5\r\nno\r\n") == -1); // the check can fail
    CHECK(t.text.find(R"(-> CONNECT {)") != std::string::npos);
    CHECK(t.text.find(R"("auth_token":"***")") != std::string::npos);
    CHECK(t.text.find("<- INFO {") == 0);
    CHECK(t.text.find("-> HPUB a.headers answers ") != std::string::npos);
    CHECK(t.text.find("-> PUB a.large 40000 [40000 bytes]") != std::string::npos);
    CHECK(t.text.find("s3cr3t") == std::string::npos);
    CHECK(t.out.find("s3cr3t") == std::string::npos);
    CHECK(proxy.from_client().find("s3cr3t") != std::string::npos); // this one, too
}

TEST_CASE("L06 what a refused attempt says is traced, and a hook that throws harms nobody") {
    nats_server server("authorization { user: u, password: other }");
    tape t;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.user("s3cr3t").password("s3cr3t").wire_trace([&](const wire_operation& op) {
            t.keep(op);
            throw std::runtime_error("full");
        });
        conats::error e;
        auto none = co_await conats::connect(o, e);
        CHECK(e.code() == conats::errc::authorization_violation);
    });
    INFO(t.text);
    CHECK(t.text.find("<- -ERR 'Authorization Violation'") != std::string::npos);
    CHECK(t.text.find(R"("user":"***","pass":"***")") != std::string::npos);
    CHECK(t.text.find("s3cr3t") == std::string::npos);
}
