// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "testing/broker_text.hpp"

#include <conats/testing/broker_core.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::testing;
using namespace std::chrono_literals;

namespace {

const std::string hello = "CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true,"
                          "\"no_responders\":true,\"protocol\":1,\"name\":\"n\"}\r\nPING\r\n";

/// A broker and what its clients hear.
class table {
public:
    explicit table(broker_options options = broker_options(),
                   broker_core::random_source random = {})
        : core(std::move(options), std::move(random)) {}

    connection_id join(const std::string& says = hello) {
        const connection_id id = core.open(now);
        core.receive(id, says, now);
        hear(id);
        return id;
    }
    std::string say(connection_id id, const std::string& bytes) {
        core.receive(id, bytes, now);
        return hear(id);
    }
    std::string hear(connection_id id) {
        std::string out(core.output(id));
        core.consume(id, out.size());
        return out;
    }
    void pass(std::chrono::nanoseconds d) {
        now += d;
        core.advance(now);
    }

    broker_core::time_point now{1h};
    broker_core core;
};

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

} // namespace

TEST_CASE("M06 a broker names the connections that have something to send") {
    table t;
    CHECK(t.core.take_changed() == 0);
    const connection_id a = t.core.open(t.now);
    const connection_id b = t.core.open(t.now);
    CHECK(t.core.take_changed() == a);
    CHECK(t.core.take_changed() == b);
    CHECK(t.core.take_changed() == 0);
    t.core.receive(a, hello + "SUB x 1\r\nPING\r\n", t.now);
    CHECK(t.core.take_changed() == a);
    CHECK(t.core.take_changed() == 0);
    t.core.receive(b, "PUB x 1\r\ny\r\n", t.now);
    // It has +OK to send, since it has not said that it wants none.
    CHECK(t.core.take_changed() == b);
    CHECK(t.core.take_changed() == a);
    t.core.closed(a);
    CHECK(t.core.take_changed() == 0);
    CHECK(t.core.end(a) == broker_end::gone);
    CHECK(t.core.statistics().subscriptions == 0);
}

TEST_CASE("M06 a broker's INFO says what its options say") {
    table t(broker_options()
                .server_name("name \"x\"")
                .version("2.10.1")
                .host("h")
                .port(1234)
                .max_payload(99)
                .headers(false)
                .token("t")
                .connect_urls({"a:1", "b:2"})
                .info("nonce", "\"abc\"")
                .info("proto", "0"));
    const std::string info = t.hear(t.core.open(t.now, "10.1.2.3"));
    CHECK(info == "INFO {\"server_id\":\"name \\\"x\\\"\",\"server_name\":\"name \\\"x\\\"\","
                  "\"version\":\"2.10.1\",\"go\":\"go1.26\",\"host\":\"h\",\"port\":1234,"
                  "\"headers\":false,\"auth_required\":true,\"max_payload\":99,\"client_id\":1,"
                  "\"client_ip\":\"10.1.2.3\",\"connect_urls\":[\"a:1\",\"b:2\"],"
                  "\"nonce\":\"abc\",\"proto\":0} \r\n");
}

TEST_CASE("M06 a broker's bytes may be sent in parts") {
    table t;
    const connection_id a = t.core.open(t.now);
    const std::string info(t.core.output(a));
    std::string got;
    while (!t.core.output(a).empty()) {
        got += t.core.output(a).substr(0, 3);
        t.core.consume(a, 3);
    }
    CHECK(got == info);
    t.core.consume(a, 100);
    CHECK(t.core.output(a).empty());
    CHECK(t.core.output(99).empty());
    t.core.consume(99, 1);
    t.core.receive(99, "PING\r\n", t.now);
    t.core.closed(99);
}

TEST_CASE("M06 a queue group's message goes to one member, by the random source") {
    std::uint64_t next = 0;
    table t(broker_options(), [&next] { return next; });
    const connection_id a = t.join();
    const connection_id b = t.join();
    const connection_id c = t.join();
    t.say(a, "SUB q g 1\r\nSUB q g 2\r\n");
    t.say(b, "SUB q g 1\r\nSUB q h 2\r\n");
    next = 2;
    t.say(c, "PUB q 1\r\nx\r\n");
    CHECK(t.hear(a).empty());
    CHECK(t.hear(b) == "MSG q 1 1\r\nx\r\nMSG q 2 1\r\nx\r\n");
    next = 3;
    t.say(c, "PUB q 1\r\nx\r\n");
    CHECK(t.hear(a) == "MSG q 1 1\r\nx\r\n");
    CHECK(t.hear(b) == "MSG q 2 1\r\nx\r\n");
}

TEST_CASE("M06 a queue group's message goes on to a member that may have it") {
    table t(broker_options(), [] { return std::uint64_t{0}; });
    const connection_id a = t.join("CONNECT {\"verbose\":false,\"echo\":false}\r\n");
    t.say(a, "SUB q g 1\r\n");
    const connection_id b = t.join();
    t.say(b, "SUB q g 7\r\n");
    CHECK(t.say(a, "PUB q 1\r\nx\r\n").empty());
    CHECK(t.hear(b) == "MSG q 7 1\r\nx\r\n");
}

TEST_CASE("M06 the same random source gives the same broker") {
    const auto run = [] {
        table t;
        const connection_id a = t.join();
        std::string subscribe;
        for (int i = 0; i != 10; ++i)
            subscribe += "SUB q g " + std::to_string(i) + "\r\n";
        t.say(a, subscribe);
        std::string out;
        for (int i = 0; i != 50; ++i)
            out += t.say(a, "PUB q 0\r\n\r\n");
        return out;
    };
    const std::string first = run();
    CHECK(first == run());
    std::set<std::string> members;
    for (std::size_t at = 0; (at = first.find("MSG q ", at)) != std::string::npos; at += 6)
        members.insert(first.substr(at + 6, 1));
    CHECK(members.size() > 5);
}

TEST_CASE("M06 a broker knows its subscriptions and counts messages") {
    table t;
    const connection_id a = t.join();
    const connection_id b = t.join();
    t.say(b, "SUB x.* q 7\r\n");
    t.say(a, "SUB x.y 1\r\nUNSUB 1 5\r\nPUB x.y 3\r\nabc\r\n");
    const auto all = t.core.subscriptions();
    REQUIRE(all.size() == 2);
    CHECK(all[0].connection == b);
    CHECK(all[0].subject == "x.*");
    CHECK(all[0].queue == "q");
    CHECK(all[0].sid == "7");
    CHECK(all[0].delivered == 1);
    CHECK(all[1].connection == a);
    CHECK(all[1].max == 5);
    REQUIRE(t.core.subscriptions(a).size() == 1);
    CHECK(t.core.subscriptions(a)[0].sid == "1");
    CHECK(t.core.subscriptions(77).empty());
    CHECK(t.core.interest("x.y") == 2);
    CHECK(t.core.interest("x.z") == 1);
    CHECK(t.core.interest("x..z") == 0);
    const auto s = t.core.statistics();
    CHECK(s.in_messages == 1);
    CHECK(s.in_bytes == 3);
    CHECK(s.out_messages == 2);
    CHECK(s.out_bytes == 6);
    CHECK(s.connections == 2);
    CHECK(s.subscriptions == 2);
    CHECK(s.total_connections == 2);
    CHECK(s.no_responders == 0);
    t.say(a, "SUB inbox 2\r\nPUB nobody inbox 0\r\n\r\n");
    CHECK(t.core.statistics().no_responders == 1);
    const auto clients = t.core.clients();
    REQUIRE(clients.size() == 2);
    CHECK(clients[0].id == a);
    CHECK(clients[0].connected);
    CHECK(clients[0].name == "n");
    CHECK(clients[0].in_messages == 2);
    CHECK(clients[1].out_messages == 1);
    CHECK(clients[1].subscriptions == 1);
    CHECK(t.core.connections() == std::vector<connection_id>{a, b});
}

TEST_CASE("M06 a broker pings, and ends who does not answer") {
    table t(broker_options().ping_interval(10s), [] { return std::uint64_t{0}; });
    const connection_id a = t.join();
    CHECK(t.core.next_deadline() == t.now + 2s);
    t.pass(2s);
    CHECK(t.hear(a) == "PING\r\n");
    t.say(a, "PONG\r\n");
    t.pass(8s);
    CHECK(t.hear(a).empty());
    CHECK(t.core.next_deadline() == t.now + 2s);
    t.say(a, "SUB x 1\r\n");
    t.pass(2s); // 2 s after the last word: not idle
    CHECK(t.hear(a).empty());
    t.pass(10s);
    CHECK(t.hear(a) == "PING\r\n");
    t.pass(10s);
    CHECK(t.hear(a) == "PING\r\n");
    CHECK(t.core.end(a) == broker_end::open);
    t.pass(10s);
    CHECK(t.hear(a) == "-ERR 'Stale Connection'\r\n");
    CHECK(t.core.end(a) == broker_end::after_output);
    t.core.closed(a);
    CHECK(t.core.next_deadline() == broker_core::time_point::max());
}

TEST_CASE("M06 a broker without PINGs has nothing to wait for") {
    table t(broker_options().ping_interval(0s));
    t.join();
    CHECK(t.core.next_deadline() == broker_core::time_point::max());
    t.pass(1h);
    CHECK(t.core.connections().size() == 1);
}

TEST_CASE("M06 a broker's lame duck mode ends one client after the other") {
    table t(broker_options()
                .lame_duck_grace(10s)
                .lame_duck_duration(11s)
                .ping_interval(0s)
                .connect_urls({"other:1"}));
    const connection_id a = t.join();
    const connection_id b = t.join();
    t.core.lame_duck(t.now);
    CHECK(t.core.in_lame_duck());
    CHECK_FALSE(t.core.accepting());
    const std::string told = t.hear(a);
    CHECK(contains(told, "\"ldm\":true"));
    CHECK(contains(told, "\"connect_urls\":[\"other:1\"]"));
    CHECK(contains(t.hear(b), "\"ldm\":true"));
    CHECK(t.core.open(t.now) == 0);
    CHECK(t.core.next_deadline() == t.now + 10s);
    t.core.connect_urls({"third:1"}); // says nothing of lame duck mode again
    CHECK_FALSE(contains(t.hear(a), "ldm"));
    t.pass(10s);
    CHECK(t.core.connections().size() == 1);
    CHECK(t.core.next_deadline() == t.now + 500ms);
    t.pass(500ms);
    CHECK(t.core.connections().empty());
    CHECK(t.hear(b).find("-ERR") == std::string::npos);
    t.core.start();
    CHECK(t.core.open(t.now) == 3);
}

TEST_CASE("M06 a broker without clients is shut down by lame duck mode at once") {
    table t;
    t.core.lame_duck(t.now);
    CHECK_FALSE(t.core.accepting());
    CHECK(t.core.next_deadline() == broker_core::time_point::max());
}

TEST_CASE("M06 a broker that shuts down closes everybody and starts again") {
    table t;
    const connection_id a = t.join();
    t.say(a, "SUB x 1\r\n");
    t.core.send(a, "PING\r\n");
    t.core.shut_down();
    CHECK(t.core.end(a) == broker_end::after_output);
    CHECK(t.core.output(a) == "PING\r\n");
    CHECK(t.say(a, "PUB x 0\r\n\r\n") == "PING\r\n");
    CHECK(t.core.statistics().subscriptions == 0);
    CHECK(t.core.statistics().connections == 0);
    t.core.start();
    CHECK(t.join() == a + 1);
}

TEST_CASE("M06 a broker takes so many connections and no more") {
    table t(broker_options().max_connections(1));
    t.join();
    const connection_id b = t.core.open(t.now);
    CHECK(contains(t.core.output(b), "-ERR 'maximum connections exceeded'\r\n"));
    CHECK(t.core.end(b) == broker_end::after_output);
}

TEST_CASE("M06 a broker cuts off who does not read") {
    table t(broker_options().max_pending(150));
    const connection_id a = t.join();
    const connection_id b = t.join();
    t.say(a, "SUB x 1\r\nSUB x q 2\r\nSUB x 3\r\n");
    t.say(b, "SUB x 1\r\n");
    CHECK(t.say(b, "PUB x 90\r\n" + std::string(90, 'y') + "\r\n").size() > 90);
    CHECK(t.core.end(a) == broker_end::at_once);
    CHECK(t.core.output(a).empty());
    CHECK(t.core.end(b) == broker_end::open);
    CHECK(t.core.statistics().slow_consumers == 1);
    CHECK(t.core.subscriptions().size() == 1);
}

TEST_CASE("M06 a broker's hooks drop, close and reset") {
    table t;
    const connection_id a = t.join();
    const connection_id b = t.join();
    const connection_id c = t.join();
    t.say(a, "SUB x 1\r\n");
    t.say(b, "SUB x 1\r\n");
    std::vector<std::string> seen;
    t.core.on_publish([&](const broker_message& m) {
        CHECK(m.from == c);
        CHECK(m.to == 0);
        seen.push_back(std::string(m.headers) + "/" + std::string(m.payload) + "/" +
                       std::string(m.reply));
        return m.payload == "lost" ? broker_verdict::drop : broker_verdict::pass;
    });
    t.core.on_deliver([&](const broker_message& m) {
        CHECK(m.sid == "1");
        if (m.to != a)
            return broker_verdict::pass;
        return m.payload == "close"  ? broker_verdict::close
               : m.payload == "half" ? broker_verdict::drop
                                     : broker_verdict::pass;
    });
    t.say(c, "PUB x 4\r\nlost\r\n");
    CHECK(t.hear(a).empty());
    CHECK(t.hear(b).empty());
    t.say(c, "HPUB x r 1 5\r\nhhalf\r\n");
    CHECK(t.hear(a).empty());
    CHECK(t.hear(b) == "HMSG x 1 r 1 5\r\nhhalf\r\n");
    t.say(c, "PUB x 5\r\nclose\r\n");
    CHECK(t.core.end(a) == broker_end::after_output);
    CHECK(t.hear(b) == "MSG x 1 5\r\nclose\r\n");
    CHECK(seen == std::vector<std::string>{"/lost/", "h/half/r", "/close/"});
    t.core.on_publish([](const broker_message&) { return broker_verdict::reset; });
    t.say(c, "PUB x 0\r\n\r\n");
    CHECK(t.core.end(c) == broker_end::at_once);
}

TEST_CASE("M06 a broker says what it is told to say") {
    table t;
    const connection_id a = t.join();
    t.core.send(a, "anything");
    t.core.send_error(a, "Slow Consumer");
    CHECK(t.hear(a) == "anything-ERR 'Slow Consumer'\r\n");
    t.core.send_info(a);
    CHECK(contains(t.hear(a), "INFO {"));
    t.core.deafen(a);
    CHECK(t.say(a, "PING\r\nNONSENSE").empty());
    t.core.deafen(a, false);
    CHECK(t.say(a, "PING\r\n") == "PONG\r\n");
    t.core.close(a, "Bye");
    CHECK(t.hear(a) == "-ERR 'Bye'\r\n");
    CHECK(t.core.end(a) == broker_end::after_output);
    const connection_id b = t.join();
    t.core.reset(b);
    CHECK(t.core.end(b) == broker_end::at_once);
}

TEST_CASE("M06 a broker's new options are for new clients") {
    table t;
    const connection_id a = t.join();
    t.core.reload(broker_options().token("t"));
    CHECK(t.say(a, "PING\r\n") == "PONG\r\n");
    const connection_id b = t.core.open(t.now);
    t.core.receive(b, hello, t.now);
    CHECK(contains(t.core.output(b), "-ERR 'Authorization Violation'"));
}

TEST_CASE("M06 responses are allowed for a time") {
    table t(broker_options().default_permissions(
        broker_permissions().allow_subscribe("s").allow_responses(2, 10s)));
    const connection_id a = t.join();
    t.say(a, "SUB s 1\r\n");
    t.core.reload(broker_options());
    const connection_id b = t.join();
    CHECK(contains(t.say(a, "PUB r 0\r\n\r\n"), "Permissions Violation for Publish to \"r\""));
    t.say(b, "PUB s r 0\r\n\r\n");
    t.hear(a);
    CHECK(t.say(a, "PUB r 0\r\n\r\nPUB r 0\r\n\r\n").empty());
    CHECK(contains(t.say(a, "PUB r 0\r\n\r\n"), "Permissions Violation"));
    t.say(b, "PUB s r2 0\r\n\r\n");
    t.hear(a);
    t.now += 11s;
    CHECK(contains(t.say(a, "PUB r2 0\r\n\r\n"), "Permissions Violation"));
}

TEST_CASE("M06 texts are quoted as nats-server quotes them") {
    CHECK(impl::quoted("a.b") == "\"a.b\"");
    CHECK(impl::quoted("a\"\\\t\x01\x7f") == R"("a\"\\\t\x01\x7f")");
    CHECK(impl::quoted("\xC3\xA4\xFF\xC3") == "\"\xC3\xA4\\xff\\xc3\"");
    CHECK(impl::at_least("2.12.0", 2, 12));
    CHECK(impl::at_least("3.0", 2, 12));
    CHECK_FALSE(impl::at_least("2.9.10", 2, 12));
    CHECK_FALSE(impl::at_least("", 0, 1));
}

TEST_CASE("M06 a broker holds thousands of connections") {
    table t;
    std::vector<connection_id> ids;
    for (int i = 0; i != 3000; ++i) {
        ids.push_back(t.join());
        t.say(ids.back(), "SUB all 1\r\nSUB one." + std::to_string(i) + " 2\r\n");
    }
    CHECK(t.core.statistics().subscriptions == 6000);
    t.say(ids[0], "PUB all 2\r\nhi\r\nPUB one.1234 2\r\nho\r\n");
    CHECK(t.core.statistics().out_messages == 3001);
    CHECK(t.hear(ids[1234]) == "MSG all 1 2\r\nhi\r\nMSG one.1234 2 2\r\nho\r\n");
    for (const connection_id id : ids)
        t.core.closed(id);
    CHECK(t.core.statistics().subscriptions == 0);
    CHECK(t.core.statistics().connections == 0);
    CHECK(t.core.interest("all") == 0);
}
