// SPDX-License-Identifier: Apache-2.0
// First words that are none, and addresses that are none: one error, soon, and nothing else.
#include "integration/outcome.hpp"
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"

#include <conats/observability.hpp>

#include <boost/json/array.hpp>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using namespace std::string_view_literals;
using conats::errc;
using conats::event_kind;
using test_clock = std::chrono::steady_clock;

namespace {

/// What came of connecting to a peer that says this first and nothing else.
class first_words {
public:
    explicit first_words(const std::string& bytes) {
        scripted_peer peer([&](peer_session& s) {
            s.send(bytes);
            s.wait_closed();
        });
        conats::connect_options o(peer.url());
        o.log(conats::log_level::debug, [this](const conats::log_record& r) {
            std::ostringstream line;
            line << r;
            lines.push_back(line.str());
        });
        const auto begin = test_clock::now();
        outcome = outcome_of(o.connect_timeout(scaled(10s)));
        took = test_clock::now() - begin;
        sent = peer.received();
    }

    conats::error outcome;
    test_clock::duration took{};
    std::vector<std::string> lines; ///< of the log
    std::string sent;               ///< by the client
};

bool printable(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

/// A text within INFO's limits.
std::string nested(std::string_view opening, std::size_t times) {
    std::string text = "INFO {\"x\":";
    for (std::size_t i = 0; i != times; ++i)
        text += opening;
    return text + "\r\n";
}

} // namespace

TEST_CASE("S07 first words of another protocol: refused at once, and not echoed in full") {
    const std::string words =
        GENERATE(std::string("HTTP/1.1 400 Bad Request\r\nContent-Length: 100000\r\n\r\n") +
                     std::string(100'000, 'h'),
                 std::string("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), std::string(100'000, '\x80'),
                 std::string(100'000, '\0'), std::string("PING\r\n"),
                 std::string("INFO ") + std::string(100'000, '\x1b') + "\r\n");
    const first_words after(words);
    CAPTURE(words.substr(0, 20), after.outcome);
    CHECK(after.outcome == errc::protocol_error);
    CHECK(after.took < scaled(1s));
    CHECK(after.outcome.text().size() < 400);
    CHECK(printable(after.outcome.text()));
    CHECK_FALSE(after.lines.empty());
    for (const std::string& line : after.lines) {
        CHECK(line.size() < 800); // the server's address and the attempt's times beside the text
        CHECK(printable(line));
    }
    CHECK(after.sent.empty());
}

TEST_CASE("S06 an INFO that is no JSON object ends the attempt, and no stack") {
    const std::string info = GENERATE(
        std::string("INFO 1\r\n"), std::string("INFO \"a\"\r\n"), std::string("INFO null\r\n"),
        std::string("INFO [{}]\r\n"), std::string("INFO \r\n"), std::string("INFO {]\r\n"),
        std::string("INFO {\"max_payload\":[]}\r\n"), std::string("INFO {\"headers\":1}\r\n"),
        std::string("INFO {\"connect_urls\":{}}\r\n"), std::string("INFO {\"port\":\"4222\"}\r\n"),
        std::string("INFO {\"server_id\":\"a\0b\"}\r\n"sv), std::string("INFO \0{}\r\n"sv),
        std::string("INFO {}\0\r\n"sv), nested("[", 30'000), nested("{\"a\":", 10'000),
        nested("[", 100'000), nested("{\"a\":", 100'000));
    const first_words after(info);
    CAPTURE(info.substr(0, 40), after.outcome);
    CHECK(after.outcome == errc::protocol_error);
    CHECK(after.outcome.text().size() < 400);
    CHECK(after.took < scaled(2s));
    CHECK(after.sent.empty());
}

TEST_CASE("S06 odd but sound JSON in INFO is tolerated, a NUL in a text among it") {
    scripted_peer peer([](peer_session& s) {
        std::string deep;
        for (int i = 0; i != 200; ++i)
            deep += "[";
        s.send("INFO {\"server_name\":\"a\\u0000b\",\"max_payload\":1000,\"unknown\":" + deep +
               std::string(200, ']') + ",\"headers\":true}\r\n");
        (void)s.expect_connect();
        s.expect("PING");
        s.send("PONG\r\n");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        CHECK(nc.server_info().server_name == "a\0b"sv);
        CHECK(nc.server_info().max_payload == 1000);
    });
}

TEST_CASE("S02 an INFO right behind the first PONG names servers") {
    scripted_peer peer([](peer_session& s) {
        s.send_info();
        (void)s.expect_connect();
        s.expect("PING");
        boost::json::array urls;
        urls.emplace_back("10.9.9.1:4222");
        s.send("PONG\r\n" + s.info().set("connect_urls", urls).line());
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url()));
        auto events = nc.events();
        const bool told = co_await async_eventually([&] { return nc.servers().size() == 2; });
        REQUIRE(told);
        const auto known = nc.servers();
        CHECK(std::any_of(known.begin(), known.end(), [](const conats::server_state& s) {
            return s.url() == "nats://10.9.9.1:4222" && s.is_discovered();
        }));
        co_await nc.flush();
        const auto all = take_events(events);
        CHECK(statuses(all) == "connected");
        CHECK(all.size() == 1 + count_events(all, event_kind::servers_discovered));
        CHECK(nc.connected_url() == peer.url());
        CHECK(nc.statistics().failed_attempts == 0);
    });
    CHECK(peer.result() == "ok");
    CHECK(peer.connections() == 1);
}

TEST_CASE("S14 one bad address in a list keeps the good one from being tried") {
    nats_server server;
    // An empty host is the default one, so that is not among them.
    const std::vector<std::string> bad = {"http://127.0.0.1",
                                          "127.0.0.1:99999",
                                          "127.0.0.1:0",
                                          "127.0.0.1:abc",
                                          "u:p@ss@127.0.0.1",
                                          "u:%zz@127.0.0.1",
                                          "[::1",
                                          "::1",
                                          "nats://[]",
                                          "nats://127.0.0.1/x",
                                          "nats://127.0.0.1?a=b",
                                          "tls://127.0.0.1#f",
                                          "127.0.0.1\r\nx",
                                          "a host"};
    for (const std::string& address : bad) {
        CAPTURE(address);
        std::vector<std::string> list{server.address(), address};
        for (int order = 0; order != 2; ++order) {
            conats::connect_options o;
            o.servers(list).retry_on_failed_connect(true);
            const auto e = outcome_of(o);
            CHECK(e == errc::invalid_address);
            CHECK_FALSE(e.text().empty());
            CHECK(e.what().find("p@ss") == std::string::npos);
            std::swap(list[0], list[1]);
        }
    }
    CHECK(server.monitor().total_connections() == 0);
    // What looks odd and is none of them.
    for (const std::string& address : {server.url() + "/", "  " + server.address() + " ",
                                       "NATS://" + server.address(), server.url("a%40b:c%3Ad")}) {
        CAPTURE(address);
        CHECK_FALSE(outcome_of(conats::connect_options(address)));
    }
    CHECK(server.monitor().total_connections() == 4);
}
