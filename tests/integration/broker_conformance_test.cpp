// SPDX-License-Identifier: Apache-2.0

// conats::testing's broker and a real nats-server are told the same and have to say the same, byte
// for byte; of INFO the fields that a client acts upon.

#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/sockets.hpp"
#include "support/timing.hpp"

#include <conats/testing/broker_core.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
namespace json = boost::json;
namespace testing = conats::testing;

namespace {

/// One client says something. Both sides then have to give every client the same.
struct step {
    char client;
    std::string says;
};

const std::string hello =
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,\"no_responders\":true,"
    "\"protocol\":1}\r\nPING\r\n";
const std::string old_hello = "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nPING\r\n";

const std::string closed_mark = "<closed>";

/// INFO reduced to what does not differ from server to server.
std::string normalised(const std::string& received) {
    std::string out;
    std::size_t at = 0;
    while (at < received.size()) {
        const std::size_t end = received.find("\r\n", at);
        if (received.compare(at, 5, "INFO ") != 0 || end == std::string::npos) {
            const std::size_t next = end == std::string::npos ? received.size() : end + 2;
            out += received.substr(at, next - at);
            at = next;
            continue;
        }
        const auto info = json::parse(received.substr(at + 5, end - at - 5)).as_object();
        out += "INFO";
        for (const auto& field : info)
            for (const std::string_view kept :
                 {"proto", "headers", "auth_required", "max_payload", "client_ip", "ldm",
                  "connect_info", "remote_account", "connect_urls"})
                if (field.key() == json::string_view(kept.data(), kept.size()))
                    out += " " + std::string(kept) + "=" + json::serialize(field.value());
        out += "\r\n";
        at = end + 2;
    }
    return out;
}

/// The broker as such a transcript's other side.
class broker_side {
public:
    explicit broker_side(testing::broker_options options) : core_(std::move(options)) {}

    void say(const step& s) {
        if (!ids_.contains(s.client))
            ids_[s.client] = core_.open(now_);
        core_.receive(ids_[s.client], s.says, now_);
    }
    std::string heard_by(char client) {
        const auto id = ids_[client];
        std::string out(core_.output(id));
        core_.consume(id, out.size());
        out = normalised(out);
        if (core_.end(id) == testing::broker_end::after_output)
            out += closed_mark;
        return out;
    }
    [[nodiscard]] bool is_open(char client) {
        return core_.end(ids_[client]) == testing::broker_end::open;
    }

private:
    testing::broker_core core_;
    testing::broker_core::time_point now_{};
    std::map<char, testing::connection_id> ids_;
};

class server_side {
public:
    explicit server_side(const nats_server& server) : server_(server) {}

    void say(const step& s) {
        if (!sockets_.contains(s.client))
            sockets_[s.client] = connect_tcp(server_.host(), server_.port(), deadline(5s));
        std::string_view rest = s.says;
        const deadline end(5s);
        while (!rest.empty() && !end.passed()) {
            const auto n = ::send(sockets_[s.client].get(), rest.data(), rest.size(), MSG_NOSIGNAL);
            if (n < 0 && errno != EAGAIN)
                return; // it has closed, which is what the test compares
            rest.remove_prefix(n < 0 ? 0 : static_cast<std::size_t>(n));
        }
    }
    /// What it has got, when it is what is expected or when nothing else came in time.
    std::string heard_by(char client, const std::string& expected) {
        const deadline end(2s);
        std::string received;
        const stop_event never;
        while (normalised(received) != expected && !end.passed()) {
            if (wait_for(sockets_[client], POLLIN, never, end.milliseconds_left()) !=
                poll_result::ready)
                break;
            char buffer[65536];
            const auto n = ::recv(sockets_[client].get(), buffer, sizeof buffer, 0);
            if (n < 0 && (errno == EAGAIN || errno == EINTR))
                continue;
            if (n <= 0) {
                received += closed_mark;
                break;
            }
            received.append(buffer, static_cast<std::size_t>(n));
        }
        return normalised(received);
    }

private:
    const nats_server& server_;
    std::map<char, unique_fd> sockets_;
};

/// Tells both the same. At the end each client that is left has to get a PONG and nothing else,
/// which shows what one side had said too much.
void compare(const nats_server& server, testing::broker_options options,
             std::vector<step> transcript) {
    broker_side broker(options.version(server.version().to_string()));
    server_side real(server);
    std::string clients;
    for (const step& s : transcript)
        if (clients.find(s.client) == std::string::npos)
            clients += s.client;
    std::string present;
    const auto play = [&](const step& s) {
        if (present.find(s.client) == std::string::npos)
            present += s.client;
        broker.say(s);
        real.say(s);
        for (const char client : present) {
            const std::string expected = broker.heard_by(client);
            INFO("client " << client << " after " << s.client << " said: " << s.says);
            CHECK(real.heard_by(client, expected) == expected);
        }
        for (const char client : std::string(present))
            if (!broker.is_open(client))
                std::erase(present, client);
    };
    for (const step& s : transcript)
        play(s);
    for (const char client : std::string(present))
        play({client, "PING\r\n"});
}

} // namespace

TEST_CASE("M06 the broker shakes hands as nats-server does") {
    const nats_server server;
    compare(server, {}, {{'a', ""}, {'a', hello}, {'a', "PING\r\n"}, {'b', old_hello}});
    compare(server, {}, {{'a', "PING\r\n"}, {'a', "CONNECT {}\r\n"}, {'a', "ping\r\nPoNg\r\n"}});
    compare(server, {}, {{'a', "SUB early 1\r\nPUB early 1\r\nx\r\n"}});
    // Older servers keep the subscriptions at a second CONNECT.
    if (server.version() >= server_version(2, 15))
        compare(server, {},
                {{'a', hello}, {'a', "SUB x 1\r\n"}, {'a', hello}, {'a', "PUB x 0\r\n\r\n"}});
    compare(server, {}, {{'a', "CONNECT {\"protocol\":2}\r\n"}});
    compare(server, {}, {{'a', "CONNECT {\"protocol\":-1}\r\n"}});
    compare(server, {}, {{'a', "CONNECT {\"no_responders\":true}\r\n"}});
    compare(server, {}, {{'a', "CONNECT {\"verbose\":1}\r\n"}});
    compare(server, {}, {{'a', "CONNECT nothing\r\n"}});
    compare(server, {}, {{'a', "CONNECT{\"verbose\":false}\nPING anything\n"}});
    compare(server, {}, {{'a', "CONNECT {\"account\":\"x\"}\r\n"}});
}

TEST_CASE("M06 the broker routes as nats-server does") {
    const nats_server server;
    compare(server, {},
            {{'a', hello + "SUB a.* 1\r\nPING\r\n"},
             {'b', hello + "SUB a.> queue 2\r\nSUB > 3\r\nPING\r\n"},
             {'c', hello},
             {'c', "PUB a.b 2\r\nhi\r\n"},
             {'c', "PUB a.b.c reply 005\r\nhello\r\n"},
             {'c', "PUB a 0\r\n\r\n"},
             {'c', "PUB a..b 1\r\nx\r\nPUB .a 1\r\nx\r\nPUB a. 1\r\nx\r\n"},
             {'c', "PUB a.* 1\r\nx\r\nPUB a.> 1\r\nx\r\n"},
             {'c', "pub\ta.b \t  1 \r\nx\r\n"},
             {'b', "UNSUB 3\r\nPING\r\n"},
             {'c', "PUB a.b 1\r\ny\r\n"},
             {'a', "UNSUB 1 5\r\nPING\r\n"},
             {'c', "PUB a.b 1\r\n1\r\nPUB a.b 1\r\n2\r\nPUB a.b 1\r\n3\r\n"}});
    // A number that has been reached ends it at once; one that has not lets it go on.
    compare(server, {},
            // Of two clients: in which order one's subscriptions get a message is left to chance.
            {{'a', hello + "SUB n 1\r\nUNSUB 1 2\r\nPING\r\n"},
             {'b', hello + "SUB n 2\r\nPING\r\n"},
             {'a', "PUB n 1\r\n1\r\nUNSUB 1 1\r\nPUB n 1\r\n2\r\n"},
             {'b', "UNSUB 2 x\r\nPING\r\n"},
             {'a', "PUB n 1\r\n3\r\n"},
             {'a', "SUB n 1\r\nSUB other 1\r\nPUB n 1\r\n4\r\nPUB other 1\r\n5\r\n"}});
}

TEST_CASE("M06 the broker passes headers on as nats-server does") {
    const nats_server server;
    const std::string block = "NATS/1.0\r\nA: b\r\n\r\n";
    compare(server, {},
            {{'a', hello + "SUB h 1\r\nPING\r\n"},
             {'b', old_hello + "SUB h 2\r\nPING\r\n"},
             {'a', "HPUB h 18 020\r\n" + block + "hi\r\n"},
             {'a', "HPUB h r 018 18\r\n" + block + "\r\n"},
             {'a', "HPUB h 0 2\r\nhi\r\n"},
             {'a', "HPUB h 3 5\r\nabcde\r\n"}});
    compare(server, {}, {{'a', old_hello}, {'a', "HPUB h 18 20\r\n" + block + "hi\r\n"}});
    for (const std::string arguments : {"h 5 4", "h x 4", "h 4", "h a b 1 2", "h -1 4"})
        compare(server, {}, {{'a', hello}, {'a', "HPUB " + arguments + "\r\n"}});
}

TEST_CASE("M06 the broker tells of no responders as nats-server does") {
    const nats_server server;
    compare(server, {},
            {{'a', hello + "SUB inbox.* 1\r\nSUB inbox.* queue 7\r\nPING\r\n"},
             {'a', "PUB nobody inbox.1 2\r\nhi\r\n"},
             {'a', "PUB nobody elsewhere 2\r\nhi\r\n"},
             {'b', old_hello + "SUB inbox.* 2\r\nPUB nobody inbox.2 0\r\n\r\nPING\r\n"}});
    // An own subscription that does not hear itself is nobody.
    compare(server, {},
            {{'a', "CONNECT {\"verbose\":false,\"echo\":false,\"headers\":true,"
                   "\"no_responders\":true}\r\nSUB inbox 1\r\nSUB s 2\r\nPING\r\n"},
             {'a', "PUB s inbox 2\r\nhi\r\n"},
             {'b', hello},
             {'b', "PUB s 2\r\nho\r\n"}});
}

TEST_CASE("M06 the broker is verbose and pedantic as nats-server is") {
    const nats_server server;
    compare(server, {},
            {{'a', "CONNECT {\"verbose\":true,\"pedantic\":true}\r\n"},
             {'a', "SUB a 1\r\n"},
             {'a', "SUB a 1\r\n"},
             {'a', "PUB a 1\r\nx\r\n"},
             {'a', "PUB a.* 1\r\nx\r\n"},
             {'a', "PUB a..b 1\r\nx\r\n"},
             {'a', "SUB a..b 2\r\n"},
             {'a', "UNSUB 1\r\n"},
             {'a', "UNSUB 9\r\n"},
             {'a', "PING\r\n"}});
}

TEST_CASE("M06 the broker refuses what is no protocol as nats-server does") {
    const nats_server server;
    for (const std::string wrong :
         {"NOPE\r\n", "\r\n", "PUBx a 1\r\n", "PU\r\n", "HMSG a 1 2 3\r\n", "MSG a 1 2\r\n",
          "PUB a 2\r\nhim\r\n", "PUB a 2\r\nhi\rx", "SUBSCRIBE a 1\r\n", "+NO\r\n"}) {
        compare(server, {}, {{'a', hello}, {'a', wrong}});
    }
    // Refused without a word.
    for (const std::string wrong :
         {"PUB a\r\n", "PUB a b c 1\r\n", "PUB a x\r\n", "PUB a -1\r\n", "PUB a 1234567890\r\n",
          "SUB a\r\n", "SUB a b c d\r\n", "SUB \r\n", "UNSUB 1 2 3\r\n", "UNSUB \r\n",
          "-ERR 'x'\r\n", "INFO nothing\r\n"}) {
        compare(server, {}, {{'a', hello}, {'a', wrong}});
    }
    compare(server, {}, {{'a', hello}, {'a', "+OK\r\nINFO {}\r\nPING\r\n"}});
    for (const std::string subject : {"a..b", ".a", "a.", "a.>.b", ">.a"})
        compare(server, {}, {{'a', hello}, {'a', "SUB " + subject + " 1\r\n"}});
    compare(server, {}, {{'a', hello}, {'a', "SUB a*b.c> 1\r\nPUB a*b.c> 1\r\nx\r\n"}});
}

TEST_CASE("M06 the broker keeps the limits that nats-server keeps") {
    const nats_server server("max_payload: 10\nmax_subscriptions: 2\nmax_control_line: 128\n");
    testing::broker_options options;
    options.max_payload(10).max_subscriptions(2).max_control_line(128);
    compare(server, options, {{'a', hello}, {'a', "SUB a 1\r\nPUB a 10\r\n0123456789\r\n"}});
    compare(server, options, {{'a', hello}, {'a', "PUB a 11\r\n"}});
    compare(server, options, {{'a', hello}, {'a', "HPUB a 1 11\r\n"}});
    compare(server, options,
            {{'a', hello}, {'a', "SUB a 1\r\nSUB b 2\r\nSUB c 3\r\nUNSUB 1\r\nSUB c 3\r\n"}});
    const std::string longest(126, 'x');
    compare(server, options, {{'a', hello}, {'a', "SUB " + longest + " 1\r\nPING\r\n"}});
    compare(server, options, {{'a', hello}, {'a', "SUB " + longest + "x 1\r\nPING\r\n"}});
    compare(server, options, {{'a', hello}, {'a', "SUB " + longest + longest}});
}

TEST_CASE("M06 the broker lets in whom nats-server lets in: token") {
    const nats_server server(server_options().token("s3cr3t"));
    testing::broker_options options;
    options.token("s3cr3t");
    const auto with = [](const std::string& field) {
        return "CONNECT {\"verbose\":true,\"protocol\":1" + field + "}\r\n";
    };
    compare(server, options, {{'a', with(R"(,"auth_token":"s3cr3t")")}, {'a', "PING\r\n"}});
    compare(server, options, {{'a', with(R"(,"auth_token":"wrong")")}});
    compare(server, options, {{'a', with(R"(,"user":"s3cr3t")")}});
    compare(server, options, {{'a', with("")}});
    compare(server, options, {{'a', "PING\r\n"}});
    compare(server, options, {{'a', "nonsense\r\n"}});
    compare(server, options, {{'a', "cOpy\r\n"}});
}

TEST_CASE("M06 the broker lets in whom nats-server lets in: users") {
    const nats_server server("authorization { users = [ {user: u, password: p}, "
                             "{user: v, password: q} ] }");
    testing::broker_options options;
    options.user("u", "p").user("v", "q");
    const auto with = [](const std::string& user, const std::string& password) {
        return "CONNECT {\"user\":\"" + user + "\",\"pass\":\"" + password + "\"}\r\n";
    };
    compare(server, options, {{'a', with("u", "p")}, {'b', with("v", "q")}});
    compare(server, options, {{'a', with("u", "q")}});
    compare(server, options, {{'a', with("w", "q")}});
    compare(server, options, {{'a', "CONNECT {\"auth_token\":\"p\"}\r\n"}});
}

TEST_CASE("M06 the broker grants what nats-server grants") {
    const nats_server server(R"(authorization { users = [
        { user: u, password: p, permissions: {
            publish: { allow: ["a.>", "b.*"], deny: ["a.secret.*"] },
            subscribe: { allow: ["a.>", "q workers", "_INBOX.>"], deny: ["a.hidden"] } } },
        { user: r, password: p, permissions: {
            publish: { allow: ["only"] }, subscribe: ">", allow_responses: true } },
        { user: all, password: p } ] })");
    testing::broker_permissions limited;
    limited.allow_publish("a.>").allow_publish("b.*").deny_publish("a.secret.*");
    limited.allow_subscribe("a.>").allow_subscribe("q workers").allow_subscribe("_INBOX.>");
    limited.deny_subscribe("a.hidden");
    testing::broker_permissions responder;
    responder.allow_publish("only").allow_subscribe(">").allow_responses();
    testing::broker_options options;
    options.user("u", "p", limited).user("r", "p", responder).user("all", "p");
    const auto as = [](const std::string& user) {
        return R"(CONNECT {"verbose":false,"headers":true,"user":")" + user +
               "\",\"pass\":\"p\"}\r\nPING\r\n";
    };
    compare(server, options,
            {{'a', as("u")},
             {'a', "PUB a.x 0\r\n\r\nPUB b.x 0\r\n\r\nPUB b.x.y 0\r\n\r\n"},
             {'a', "PUB a.secret.1 0\r\n\r\nPUB c 0\r\n\r\nPUB d\"e\\f 0\r\n\r\nPUB "
                   "\xC3\xA4\x01\xFF 0\r\n\r\n"},
             {'a', "SUB a.y 1\r\nSUB c 2\r\nSUB a.hidden 3\r\nSUB > 4\r\nSUB a.* 5\r\n"},
             {'a', "SUB q 6\r\nSUB q workers 7\r\nSUB q others 8\r\nSUB a.y any 9\r\n"},
             {'a', "SUB a.z _sys_ 10\r\nPING\r\n"},
             {'b', as("all")},
             {'b', "PUB a.hidden 1\r\nx\r\nPUB a.y 1\r\nx\r\nPUB q 1\r\nx\r\n"}});
    compare(server, options,
            {{'a', as("r") + "SUB work 1\r\nPING\r\n"},
             {'b', as("all") + "SUB inbox 1\r\nPING\r\n"},
             {'a', "PUB inbox 1\r\n0\r\nPUB only 1\r\n1\r\n"},
             {'b', "PUB work inbox 1\r\nx\r\n"},
             {'a', "PUB inbox 1\r\n2\r\nPUB inbox 1\r\n3\r\n"}});
    compare(server, options,
            {{'a', as("all")},
             {'a', "PUB a _R_.x 0\r\n\r\nPUB _GR_.a 0\r\n\r\nPUB a $JS.ACK.b 0\r\n\r\n"}});
}

TEST_CASE("M06 the broker ends clients that do not authenticate as nats-server does") {
    const nats_server server("authorization { token: s3cr3t, timeout: 0.2 }");
    const auto listener = connect_tcp(server.host(), server.port(), deadline(5s));
    server_side real(server);
    real.say({'a', ""});
    testing::broker_options options;
    options.token("s3cr3t").auth_timeout(200ms).version(server.version().to_string());
    testing::broker_core core(options);
    testing::broker_core::time_point now{};
    const auto id = core.open(now);
    CHECK(core.next_deadline() == now + 200ms);
    core.advance(now + 200ms);
    const std::string expected = normalised(std::string(core.output(id))) + closed_mark;
    CHECK(core.end(id) == testing::broker_end::after_output);
    CHECK(real.heard_by('a', expected) == expected);
}

TEST_CASE("M06 the broker goes into lame duck mode as nats-server does") {
    const nats_server server("lame_duck_duration: \"30s\"\nlame_duck_grace_period: \"10s\"\n");
    server_side real(server);
    testing::broker_core core(testing::broker_options().version(server.version().to_string()));
    testing::broker_core::time_point now{};
    const auto heard = [&](testing::connection_id id) {
        const std::string out = normalised(std::string(core.output(id)));
        core.consume(id, core.output(id).size());
        return out;
    };
    const auto a = core.open(now);
    const auto b = core.open(now);
    for (const char client : {'a', 'b'}) {
        const std::string& says = client == 'a' ? hello : old_hello;
        core.receive(client == 'a' ? a : b, says, now);
        real.say({client, says});
        const std::string expected = heard(client == 'a' ? a : b);
        CHECK(real.heard_by(client, expected) == expected);
    }
    core.lame_duck(now);
    server.lame_duck();
    const std::string expected = heard(a);
    CHECK(expected.find("ldm=true") != std::string::npos);
    CHECK(real.heard_by('a', expected) == expected);
    // A client of the first protocol is told nothing.
    CHECK(heard(b).empty());
    core.receive(b, "PING\r\n", now);
    real.say({'b', "PING\r\n"});
    CHECK(real.heard_by('b', "PONG\r\n") == heard(b));
    CHECK(core.open(now) == 0);
}
