// SPDX-License-Identifier: Apache-2.0
// The command line tool against a real server: every subcommand.
#include "apps/command_lines.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/scripted_peer.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace json = boost::json;

namespace {

/// The tool, connected to the server.
program on(const nats_server& server, std::vector<std::string> arguments) {
    return conats_tool(std::move(arguments)).set("NATS_URL", server.url());
}

running_program subscriber(const nats_server& server, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "sub");
    auto running = on(server, std::move(arguments)).start();
    REQUIRE(running.says("Subscribing on"));
    return running;
}

running_program service(const nats_server& server, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "reply");
    auto running = on(server, std::move(arguments)).start();
    REQUIRE(running.says("Listening on"));
    return running;
}

/// Whether there is so much in the pipe that nothing more fits.
bool is_full(int read_end) {
    int size = 0;
    ::ioctl(read_end, FIONREAD, &size);
    return size >= ::fcntl(read_end, F_GETPIPE_SZ) - 4096;
}

} // namespace

TEST_CASE("M01 tool: sub prints what pub sends: subject, reply, headers, payload") {
    const nats_server server;
    auto sub = subscriber(server, {"orders.*", "bills", "--count", "3"});
    const auto pub = on(server, {"pub", "orders.new", "nr {{Count}} of {{Two}}", "--count", "2",
                                 "-H", "Lang: en", "-H", "Number:{{Count}}", "--reply", "answers"})
                         .run();
    CHECK(pub.code == 0);
    CHECK(pub.out.empty());
    CHECK_THAT(pub.err, Contains("Published 2 messages, 30 bytes, to \"orders.new\""));
    CHECK(on(server, {"pub", "bills", "{{Count}}", "--no-templates", "-q"}).run().err.empty());
    const auto got = sub.wait();
    CHECK(got.code == 0);
    CHECK(got.out == "[#1] Received on \"orders.new\" with reply \"answers\"\n"
                     "Lang: en\nNumber: 1\n\nnr 1 of {{Two}}\n\n"
                     "[#2] Received on \"orders.new\" with reply \"answers\"\n"
                     "Lang: en\nNumber: 2\n\nnr 2 of {{Two}}\n\n"
                     "[#3] Received on \"bills\"\n{{Count}}\n\n");
}

TEST_CASE("M01 tool: payloads come from stdin and go to stdout byte by byte") {
    const nats_server server;
    std::string bytes("a\0b\r\n\x1b[31m\xff\n{{ID}}", 19);
    auto sub = subscriber(server, {"bin", "--raw", "--delimiter", "none", "--count", "2"});
    CHECK(on(server, {"pub", "bin", "--no-templates"}).input(bytes).run().code == 0);
    CHECK(on(server, {"pub", "bin"}).run().code == 0); // nothing to read: an empty payload
    const auto got = sub.wait();
    CHECK(got.code == 0);
    CHECK(got.out == bytes);
}

TEST_CASE("M01 tool: each line of stdin is a message; raw payloads are told apart") {
    const nats_server server;
    auto lines = subscriber(server, {"log", "--raw", "--count", "3"});
    auto nulls = subscriber(server, {"log", "-r", "--delimiter", "null", "--count", "3"});
    const auto pub = on(server, {"pub", "log", "--send-on", "newline"}).input("one\n\nthree").run();
    CHECK(pub.code == 0);
    CHECK_THAT(pub.err, Contains("Published 3 messages"));
    CHECK(lines.wait().out == "one\n\nthree\n");
    CHECK(nulls.wait().out == std::string("one\0\0three\0", 11));
}

TEST_CASE("M01 tool: sub ends after a time without messages") {
    const nats_server server;
    const auto idle = on(server, {"sub", "quiet", "--wait", "100ms"}).run();
    CHECK(idle.code == 0);
    CHECK(idle.out.empty());
    const auto missing = on(server, {"sub", "quiet", "--wait", "100ms", "--count", "1"}).run();
    CHECK(missing.code == 4);
}

TEST_CASE("M01 tool: a status is shown as a header") {
    const nats_server server;
    auto sub = subscriber(server, {"a", "--count", "1"});
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket raw(context);
    raw.connect({boost::asio::ip::make_address(server.host()), server.port()});
    const std::string line = "CONNECT {\"headers\":true,\"verbose\":false}\r\n"
                             "HPUB a 21 21\r\nNATS/1.0 503 Gone\r\n\r\n\r\n";
    boost::asio::write(raw, boost::asio::buffer(line));
    CHECK(sub.wait().out == "[#1] Received on \"a\"\nStatus: 503\nDescription: Gone\n\n\n\n");
}

TEST_CASE("M01 tool: headers alone, and members of a queue group") {
    const nats_server server;
    auto one = subscriber(server, {"work", "--queue", "w", "--count", "1", "--headers-only"});
    auto two = subscriber(server, {"work", "--queue", "w", "--count", "1", "--headers-only"});
    CHECK(on(server, {"pub", "work", "x", "--count", "2", "-H", "A: b"}).run().code == 0);
    CHECK(one.wait().out == "[#1] Received on \"work\"\nA: b\n\n");
    CHECK(two.wait().out == "[#1] Received on \"work\"\nA: b\n\n");
}

TEST_CASE("M01 tool: reply answers req, with templates, headers or an echo") {
    const nats_server server;
    auto words = service(
        server, {"greet", "hello {{Request}}, {{Count}}", "-H", "From: me", "--count", "2"});
    auto echo = service(server, {"echo", "--echo", "--quiet", "--count", "1"});
    const auto first = on(server, {"req", "greet", "joe", "-H", "To: you"}).run();
    CHECK(first.code == 0);
    CHECK(first.out == "From: me\n\nhello joe, 1\n\n");
    CHECK_THAT(first.err, Contains("Sending request on \"greet\"") && Contains("with rtt"));
    CHECK(on(server, {"req", "greet", "--raw"}).input("jim").run().out == "hello jim, 2\n");
    const auto echoed = on(server, {"req", "echo", "x", "-H", "A: 1", "-H", "A: 2"}).run();
    CHECK(echoed.out == "A: 1\nA: 2\n\nx\n\n");
    const auto served = words.wait();
    CHECK(served.code == 0);
    CHECK_THAT(served.out, Contains("[#1] Received on \"greet\" with reply \"_INBOX.") &&
                               Contains("To: you\n\njoe\n\n"));
    CHECK(echo.wait().out.empty());
}

TEST_CASE("M01 tool: reply goes on when a request makes its answer impossible") {
    const nats_server server;
    auto echo = service(server, {"echo", "hi", "-H", "Echo: {{Request}}", "--count", "2"});
    CHECK(on(server, {"pub", "echo", "one\ntwo", "--reply", "a"}).run().code == 0);
    CHECK(echo.says("no answer to \"echo\": a header cannot be sent: "));
    CHECK(on(server, {"req", "echo", "one"}).run().out == "Echo: one\n\nhi\n\n");
    const auto served = echo.wait();
    CHECK(served.code == 0);
    CHECK_THAT(served.out, Contains("[#2]"));
}

TEST_CASE("M01 tool: req gathers many replies and tells what is missing") {
    const nats_server server;
    auto one = service(server, {"who", "one", "--queue", "a"});
    auto two = service(server, {"who", "two", "--queue", "b"});
    const std::string time = scaled_text(500ms);
    const auto ask = [&](const char* replies) {
        return on(server, {"req", "who", "", "--raw", "--replies", replies, "--reply-timeout", time,
                           "--timeout", time})
            .run();
    };
    const auto both = ask("2");
    CHECK(both.code == 0);
    CHECK_THAT(both.out, Contains("one\n") && Contains("two\n"));
    const auto three = ask("3");
    CHECK(three.code == 4);
    CHECK_THAT(three.err, Contains("2 of 3 replies"));
    const auto all = ask("0");
    CHECK(all.code == 0);
    CHECK(all.out.size() == 8);
    one.signal(SIGTERM);
    CHECK(one.wait().code == 0);
}

TEST_CASE(
    "M01 tool: exit codes tell a timeout, nobody there, no connection and wrong usage apart") {
    const nats_server server;
    auto silent = subscriber(server, {"silent"});
    const std::string time = scaled_text(500ms);
    const auto late = on(server, {"req", "silent", "x", "--timeout", time}).run();
    CHECK(late.code == 4);
    CHECK_THAT(late.err, Contains("conats: timeout"));
    CHECK(on(server, {"req", "silent", "x", "--replies", "0", "--timeout", time}).run().code == 4);
    CHECK(on(server, {"req", "nobody", "x"}).run().code == 5);
    CHECK(on(server, {"req", "nobody", "x", "--replies", "2"}).run().code == 5);
    const auto unreachable = conats_tool({"pub", "a", "b", "-s", "nats://127.0.0.1:1"}).run();
    CHECK(unreachable.code == 3);
    CHECK_THAT(unreachable.err, Contains("connection_refused") && Contains("--server or NATS_URL"));
    for (const auto& wrong : {std::vector<std::string>{},
                              {"pub"},
                              {"pub", "a", "b", "c"},
                              {"pub", "a b", ""},
                              {"pub", "a", "", "--reply", "b.*"},
                              {"req", "a.>", ""},
                              {"reply", "a.", ""},
                              {"bench", "pub", "a*b.", "--msgs", "1"},
                              {"sub", "a..b"},
                              {"sub", "a", "--queue", "x y"},
                              {"sub", "a", "b..c", "-s", "nats://127.0.0.1:1"},
                              {"publich", "a"},
                              {"pub", "a", "--sleep", "long"},
                              {"sub", "a", "--count", "-1"},
                              {"pub", "a", "", "-H", "nothing"},
                              {"sub", "a", "--delimiter", "x"},
                              {"pub", "a", "", "-s", "nats://h:x"},
                              {"pub", "a", "", "--nonsense"},
                              {"bench", "pub", "a", "--msgs", "0"}}) {
        const auto e = on(server, wrong).run();
        CAPTURE(wrong, e.err);
        CHECK(e.code == 2);
        CHECK(e.out.empty());
        CHECK_THAT(e.err, Catch::Matchers::StartsWith("conats: "));
        CHECK(std::count(e.err.begin(), e.err.end(), '\n') == 1);
    }
}

TEST_CASE("M01 tool: what the server refuses is an error") {
    const nats_server server(
        "authorization { users: [ { user: joe, password: s3cr3t, permissions: {"
        " publish: { deny: secret }, subscribe: { deny: secret } } } ] }");
    const std::vector<std::string> login{"--user", "joe", "--password", "s3cr3t"};
    const auto pub = on(server, {"pub", "secret", "x"}).arguments(login).run();
    CHECK(pub.code == 1);
    CHECK_THAT(pub.err, Contains("permission_denied") && !Contains("Published"));
    CHECK(on(server, {"sub", "secret"}).arguments(login).run().code == 1);
    CHECK(on(server, {"req", "secret", "x"}).arguments(login).run().code == 1);
}

TEST_CASE("M01 tool: rtt and info tell about server and connection") {
    const nats_server server(server_options("max_payload: 65536").token("s3cr3t"));
    const auto at = [&](std::vector<std::string> arguments) {
        return conats_tool(std::move(arguments))
            .set("NATS_URL", server.url())
            .set("NATS_TOKEN", "s3cr3t");
    };
    const auto rtt = at({"rtt", "--count", "3"}).run();
    CHECK(rtt.code == 0);
    CHECK_THAT(rtt.out, Contains(server.url() + ":") && Contains("3 round trips"));
    const auto parsed = json::parse(at({"rtt", "7", "--json"}).run().out);
    CHECK(parsed.at(0).at("count").as_int64() == 7);
    CHECK(parsed.at(0).at("min_ns").to_number<double>() > 0);
    const auto some = at({"rtt", "-s", "nats://127.0.0.1:1," + server.url()}).run();
    CHECK(some.code == 3);
    CHECK_THAT(some.out, Contains(server.url()));
    CHECK_THAT(some.err, Contains("connection_refused"));

    const auto info = at({"info"}).run();
    CHECK(info.code == 0);
    CHECK_THAT(info.out, Contains("Version: " + server.version().to_string()) &&
                             Contains("Authentication: a token") && Contains("65,536 bytes") &&
                             Contains("URL: " + server.url()));
    const auto facts = json::parse(at({"info", "--json"}).run().out);
    CHECK(facts.at("limits").at("max_payload").as_int64() == 65536);
    CHECK(facts.at("server").at("auth_required").as_bool());
    CHECK(facts.at("connection").at("authentication").as_string() == "a token");
}

TEST_CASE("M01 tool: rtt measures the others when one server fails") {
    const nats_server server;
    const scripted_peer mute([](peer_session& s) {
        s.handshake();
        s.stop_reading();
    });
    const scripted_peer closing([](peer_session& s) {
        s.handshake();
        s.expect("PING");
        s.close();
    });
    const auto rtt = [&](const scripted_peer& peer) {
        const std::string servers = peer.url() + ',' + server.url();
        return conats_tool({"rtt", "-s", servers, "--json", "--timeout", scaled_text(500ms)}).run();
    };
    for (const auto& [peer, code] : {std::pair(&mute, 4), {&closing, 3}}) {
        const auto end = rtt(*peer);
        CHECK(end.code == code);
        const auto measured = json::parse(end.out).as_array();
        REQUIRE(measured.size() == 1);
        CHECK(measured.at(0).at("url").as_string() == server.url());
    }
}

TEST_CASE("M01 tool: --timeout is how long the server's answer may take") {
    const scripted_peer mute([](peer_session& s) {
        s.handshake();
        s.stop_reading();
    });
    for (const auto& line : std::vector<std::vector<std::string>>{
             {"rtt"}, {"info"}, {"pub", "a", "x"}, {"sub", "a"}, {"reply", "a"}}) {
        const auto end =
            conats_tool(line).arguments({"-s", mute.url(), "--timeout", "500ms"}).run();
        CAPTURE(line);
        CHECK(end.code == 4);
        CHECK_THAT(end.err, Contains("no PONG within 500 ms"));
    }
}

TEST_CASE("M01 tool: Ctrl-C drains, ends pub early and req at once") {
    const nats_server server("write_deadline: \"1h\""); // for who reads nothing meanwhile
    auto sub = subscriber(server, {"a", "--raw"});
    // It wakes up with the signal and 20 000 messages that the server has sent meanwhile.
    sub.signal(SIGSTOP);
    CHECK(on(server, {"pub", "a", "{{Count}}", "--count", "20000", "-q"}).run().code == 0);
    sub.signal(SIGINT);
    sub.signal(SIGCONT);
    const auto got = sub.wait();
    CHECK(got.code == 0);
    CHECK(std::count(got.out.begin(), got.out.end(), '\n') == 20000);
    CHECK(got.out.ends_with("\n20000\n"));

    auto counting = subscriber(server, {"a", "--count", "5"});
    counting.signal(SIGINT);
    CHECK(counting.wait().code == 130);
    auto pub = on(server, {"pub", "a", "x", "--count", "1000", "--sleep", "1h"}).start();
    auto watcher = subscriber(server, {"b"});
    CHECK(eventually([&] { return server.monitor().in_msgs() == 20001; }));
    pub.signal(SIGTERM);
    const auto published = pub.wait();
    CHECK(published.code == 143);
    CHECK_THAT(published.err, Contains("Published 1 message, 1 byte, to \"a\""));
    auto req = on(server, {"req", "b", "x", "--timeout", "1h"}).start();
    CHECK(watcher.says("[#1]"));
    req.signal(SIGINT);
    CHECK(req.wait().code == 130);
}

TEST_CASE("M01 tool: a second Ctrl-C ends it at once, also while its output is stuck") {
    const nats_server server;
    std::array<int, 2> pipe{};
    REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
    auto sub = on(server, {"sub", "a"}).output_to(pipe[1]).start();
    REQUIRE(sub.says("Subscribing on"));
    // More than a pipe holds, and nobody reads it.
    CHECK(on(server, {"pub", "a", "{{Random 9000 9000}}", "--count", "100"}).run().code == 0);
    CHECK(eventually([&] { return is_full(pipe[0]); }));
    // Signals that come together may count as one.
    CHECK(eventually([&] {
        sub.signal(SIGINT);
        return sub.ended();
    }));
    CHECK(sub.wait().code == 130);
    ::close(pipe[0]);
}

TEST_CASE("M01 tool: it ends quietly where nobody reads its output") {
    const nats_server server;
    std::array<int, 2> pipe{};
    REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
    auto sub = on(server, {"sub", "a"}).output_to(pipe[1]).start();
    REQUIRE(sub.says("Subscribing on"));
    ::close(pipe[0]);
    CHECK(on(server, {"pub", "a", "x"}).run().code == 0);
    const auto end = sub.wait();
    CHECK(end.code == 0);
    CHECK(end.err == "Subscribing on \"a\"\n");
    auto full = on(server, {"sub", "a", "--count", "1"}).output_to(::open("/dev/full", O_WRONLY));
    auto running = full.start();
    REQUIRE(running.says("Subscribing on"));
    CHECK(on(server, {"pub", "a", "x"}).run().code == 0);
    const auto failed = running.wait();
    CHECK(failed.code == 1);
    CHECK_THAT(failed.err, Contains("cannot write the output: No space left"));
}

TEST_CASE("M01 tool: it goes on when the server comes back") {
    nats_server server;
    auto sub = subscriber(server, {"a", "--raw", "--count", "1"});
    server.restart();
    CHECK(sub.says("connected again"));
    CHECK(eventually([&] { return server.monitor().subscriptions() == 1; }, 20s));
    CHECK(on(server, {"pub", "a", "x"}).run().code == 0);
    CHECK(sub.wait().out == "x\n");
}

TEST_CASE("M01 tool: --trace shows the protocol without secrets, --help the exit codes") {
    const nats_server server(server_options().token("s3cr3t"));
    const auto pub = on(server, {"pub", "a", "x", "--token", "s3cr3t", "--trace"}).run();
    CHECK_THAT(pub.err, Contains("-> PUB a 1") && Contains("<- PONG") && !Contains("s3cr3t"));
    const auto help = conats_tool({"--help"}).run();
    CHECK(help.code == 0);
    CHECK(help.err.empty());
    CHECK_THAT(help.out, Contains("Exit codes:") && Contains("--tlsfirst") && Contains("bench"));
    CHECK_THAT(conats_tool({"sub", "--help"}).run().out, Contains("--headers-only"));
    CHECK_THAT(conats_tool({"--version"}).run().out, Catch::Matchers::StartsWith("conats 0."));
}

TEST_CASE("M02 tool: bench measures pub, sub, pubsub and requests, as a table and as JSON") {
    const nats_server server;
    const auto table = on(server, {"bench", "pub", "b", "--msgs", "5000", "--clients", "2"}).run();
    CHECK(table.code == 0);
    CHECK_THAT(table.out, Contains("5,000 messages of 128 B, 2 clients") && Contains("rate"));
    CHECK(table.err.empty()); // no progress where there is no terminal
    CHECK(eventually([&] { return server.monitor().in_msgs() == 5000; }));

    const auto result = [](const std::string& out) { return json::parse(out).as_object(); };
    const auto pubsub = on(server, {"bench", "pubsub", "b", "--msgs", "3000", "--size", "1KB",
                                    "--clients", "3", "--json"})
                            .run();
    const auto r = result(pubsub.out);
    CHECK(r.at("messages") == 3000);
    CHECK(r.at("size") == 1024);
    CHECK(r.at("connections") == 3);
    CHECK(r.at("rate").to_number<double>() > 0);

    auto sub = on(server, {"bench", "sub", "b", "--msgs", "1000", "--clients", "2", "-j"}).start();
    REQUIRE(sub.says("Waiting for 1,000 messages"));
    CHECK(on(server, {"pub", "b", "12345678", "--count", "1000"}).run().code == 0);
    const auto received = result(sub.wait().out);
    CHECK(received.at("messages") == 2000);
    CHECK(received.at("size") == 8);

    auto echo = service(server, {"b", "--echo", "--quiet"});
    const auto requests = result(
        on(server, {"bench", "request", "b", "--msgs", "500", "--clients", "4", "-j"}).run().out);
    CHECK(requests.at("messages") == 500);
    CHECK(requests.at("p50_us").to_number<double>() > 0);
    CHECK(on(server, {"bench", "request", "nobody", "--msgs", "5"}).run().code == 5);

    auto waiting = on(server, {"bench", "sub", "c"}).start();
    REQUIRE(waiting.says("Waiting for"));
    waiting.signal(SIGINT);
    CHECK(waiting.wait().code == 130);
}
