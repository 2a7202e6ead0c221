// SPDX-License-Identifier: Apache-2.0
// Servers that do not come to a handshake: a typed error within the deadline, in bounded memory.
#include "integration/outcome.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/process.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"
#include "support/sockets.hpp"

#include <conats/conats.hpp>
#include <conats/connect_attempt.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::condition;
using conats::errc;
using test_clock = std::chrono::steady_clock;

namespace {

sockaddr_in address_of(const std::string& host, std::uint16_t port) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    ::inet_pton(AF_INET, host.c_str(), &a.sin_addr);
    return a;
}

/// A listener with a full queue: who connects gets neither an answer nor a refusal.
class deaf_address {
public:
    deaf_address(const std::string& host, std::uint16_t port)
        : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const auto a = address_of(host, port);
        if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&a), sizeof a) != 0 ||
            ::listen(listener_.get(), 0) != 0)
            throw std::system_error(errno, std::generic_category(), host);
        const auto own = address_of(host, local_port(listener_));
        const stop_event never;
        do {
            fillers_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            ::connect(fillers_.back().get(), reinterpret_cast<const sockaddr*>(&own), sizeof own);
        } while (wait_for(fillers_.back(), POLLOUT, never, 20) == poll_result::ready);
    }

    [[nodiscard]] std::uint16_t port() const { return local_port(listener_); }

private:
    unique_fd listener_;
    std::vector<unique_fd> fillers_;
};

class attempt {
public:
    conats::error outcome;
    std::uint64_t number = 0; ///< of the server that answered, in the order of trying
    test_clock::duration took{};
    bool done = false;

    attempt() {} // not an aggregate, for g++ 12
};

asio::awaitable<void> try_to_connect(conats::connect_options o, attempt& a) {
    const auto begin = test_clock::now();
    auto nc = co_await conats::connect(o, a.outcome);
    a.took = test_clock::now() - begin;
    a.number = nc.last_attempt().number();
    a.done = true;
}

/// All at once.
std::vector<attempt> attempts(const std::vector<conats::connect_options>& options) {
    std::vector<attempt> all(options.size());
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        for (std::size_t i = 0; i != options.size(); ++i)
            asio::co_spawn(executor, try_to_connect(options[i], all[i]), asio::detached);
        const auto done = [&] { return std::ranges::all_of(all, &attempt::done); };
        co_await async_eventually(done, 15s);
    });
    return all;
}

asio::awaitable<void> wait_forever() {
    auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, test_clock::time_point::max());
    co_await timer.async_wait(asio::use_awaitable);
}

/// Sends again and again until the client has gone.
void flood(peer_session& s, std::string_view bytes) {
    std::string many;
    while (many.size() < 65536)
        many += bytes;
    try {
        for (;;)
            s.send(many);
    } catch (const std::runtime_error&) {
        return; // "cannot send, the client has gone"
    }
}

conats::error outcome_of_peer(const peer_script& script) {
    scripted_peer peer(peer_options().step_deadline(10s), script);
    conats::connect_options o(peer.url());
    return outcome_of(o.connect_timeout(scaled(5s)));
}

} // namespace

TEST_CASE("B02 each server's whole attempt is bounded, by 2 s unless told") {
    scripted_peer silent([](peer_session& s) { s.stop_reading(); });
    scripted_peer drips([](peer_session& s) {
        const std::string line = s.info().set("padding", std::string(100'000, 'p')).line();
        try {
            for (const char c : line) {
                s.send({&c, 1});
                s.stall(5ms);
            }
        } catch (const std::runtime_error&) {
            return; // the client has gone
        }
    });
    scripted_peer no_pong([](peer_session& s) {
        s.send_info();
        s.expect_connect();
        s.wait_closed();
    });
    const deaf_address deaf("127.0.0.2", 0);
    const deaf_address deaf_too("127.0.0.3", deaf.port());
    const auto two_deaf = [](std::string) -> asio::awaitable<std::vector<std::string>> {
        std::vector<std::string> addresses;
        addresses.emplace_back("127.0.0.2");
        addresses.emplace_back("127.0.0.3");
        co_return addresses;
    };
    const auto no_answer = [](std::string) -> asio::awaitable<std::vector<std::string>> {
        co_await wait_forever();
        co_return std::vector<std::string>();
    };
    const auto no_token = [](conats::auth_request) -> asio::awaitable<conats::secret> {
        co_await wait_forever();
        co_return conats::secret();
    };
    const std::string deaf_host = "deaf.test:" + std::to_string(deaf.port());
    std::vector<conats::connect_options> options;
    options.emplace_back(silent.url());
    options.emplace_back(drips.url());
    options.emplace_back(no_pong.url());
    options.emplace_back("127.0.0.2:" + std::to_string(deaf.port()));
    options.emplace_back(deaf_host).resolver(two_deaf);
    options.emplace_back(deaf_host).resolver(no_answer);
    options.emplace_back(no_pong.url()).token_provider(no_token);
    const std::size_t short_ones = options.size();
    for (std::size_t i = 0; i != short_ones; ++i)
        options.push_back(conats::connect_options(options[i]).connect_timeout(1s));
    // The walk has as much for each server.
    options.emplace_back(silent.url() + "," + drips.url()).connect_timeout(1s);

    const auto all = attempts(options);
    for (std::size_t i = 0; i != all.size(); ++i) {
        CAPTURE(i, all[i].outcome);
        CHECK(all[i].outcome.code() == errc::timeout);
        CHECK(all[i].outcome.code() == condition::timeout);
        const bool takes_one = i >= short_ones && i + 1 != all.size();
        const test_clock::duration limit = takes_one ? 1s : 2s;
        CHECK(all[i].took >= limit);
        CHECK(all[i].took <= limit + scaled(limit / 10));
    }
}

TEST_CASE("B02 an address that does not answer leaves time for the next") {
    nats_server server;
    const deaf_address deaf("127.0.0.2", server.port());
    const auto deaf_first = [](std::string) -> asio::awaitable<std::vector<std::string>> {
        std::vector<std::string> addresses;
        addresses.emplace_back("127.0.0.2");
        addresses.emplace_back("127.0.0.1");
        co_return addresses;
    };
    conats::connect_options o("half.test:" + std::to_string(server.port()));
    o.resolver(deaf_first).retain_order(true).connect_timeout(scaled(500ms));
    CHECK_FALSE(outcome_of(o));
    // And a deaf server for the next server.
    o.servers({"127.0.0.2:" + std::to_string(server.port()), server.url()});
    CHECK_FALSE(outcome_of(o.connect_timeout(scaled(200ms))));
}

TEST_CASE("S15 two of three servers are dead: the third is used within the time of all") {
    nats_server server;
    const deaf_address deaf("127.0.0.2", 0);
    const deaf_address deaf_too("127.0.0.3", 0);
    const auto each = scaled(500ms);
    conats::connect_options o;
    o.servers({"127.0.0.2:" + std::to_string(deaf.port()),
               "127.0.0.3:" + std::to_string(deaf_too.port()), server.url()});
    o.connect_timeout(each);
    const auto in_order = attempts({conats::connect_options(o).retain_order(true)});
    CAPTURE(in_order[0].outcome);
    CHECK_FALSE(in_order[0].outcome);
    CHECK(in_order[0].number == 3);
    CHECK(in_order[0].took >= 2 * each);
    CHECK(in_order[0].took <= 3 * each);
    // Of 60 fair shuffles each puts it first, second and third but once in 10^10 runs.
    const auto shuffled = attempts(std::vector<conats::connect_options>(60, o));
    std::vector<int> place(3);
    for (const attempt& a : shuffled) {
        CHECK_FALSE(a.outcome);
        REQUIRE(a.number >= 1);
        REQUIRE(a.number <= 3);
        ++place[a.number - 1];
        CHECK(a.took >= static_cast<int>(a.number - 1) * each);
        CHECK(a.took <= 3 * each);
    }
    CHECK(std::ranges::count(place, 0) == 0);
    CHECK(server.monitor().total_connections() == 61);
}

TEST_CASE("Handshake: a line that does not end is a protocol error in bounded memory") {
    const std::string begin = GENERATE("INFO {\"a\":\"", "", "PING", "-ERR '", "\r\n \t");
    CAPTURE(begin);
    const std::size_t before = resident_bytes();
    scripted_peer peer([&](peer_session& s) {
        s.send(begin);
        flood(s, "aaaaaaaa");
    });
    conats::connect_options o(peer.url());
    CHECK(outcome_of(o.connect_timeout(scaled(5s))).code() == errc::protocol_error);
    CHECK(resident_bytes() < before + (std::size_t{32} << 20U));
}

TEST_CASE("Handshake: floods before PONG end at the deadline in bounded memory") {
    const std::string line = GENERATE("PING\r\n", "+OK\r\n", "INFO {}\r\n", "-ERR 'odd'\r\n");
    const bool reads = GENERATE(true, false);
    CAPTURE(line, reads);
    const std::size_t before = resident_bytes();
    scripted_peer peer([&](peer_session& s) {
        s.send_info();
        s.expect_connect();
        s.expect("PING");
        if (!reads) {
            flood(s, line);
            return;
        }
        try {
            for (;;) {
                s.send(line);
                if (line == "PING\r\n")
                    s.expect("PONG");
            }
        } catch (const std::runtime_error&) {
            return; // the client has gone
        }
    });
    std::vector<conats::connect_options> options(1, conats::connect_options(peer.url()));
    options[0].connect_timeout(300ms);
    const auto all = attempts(options);
    // The server's own words tell more than "timeout".
    CHECK(all[0].outcome.code() == (line[0] == '-' ? errc::server_error : errc::timeout));
    CHECK(all[0].took <= 300ms + scaled(1s));
    CHECK(resident_bytes() < before + (std::size_t{32} << 20U));
}

TEST_CASE("Handshake: a close before or in the middle of INFO") {
    const std::string sent =
        GENERATE("", "I", "INFO ", "INFO {\"server_id\":\"x", "INFO {}", "INFO {}\r");
    const bool reset = GENERATE(false, true);
    CAPTURE(sent, reset);
    const auto e = outcome_of_peer([&](peer_session& s) {
        s.send_in_pieces(sent, 100);
        if (reset)
            s.reset();
    });
    CHECK(e.code() == errc::disconnected);
    CHECK(e.text().find("before INFO") != std::string::npos);
}

TEST_CASE("Handshake: a close before PONG") {
    const auto e = outcome_of_peer([](peer_session& s) {
        s.send_info();
        s.expect_connect();
    });
    CHECK(e.code() == errc::disconnected);
    CHECK(e.text().find("before the server's answer to CONNECT") != std::string::npos);
}

TEST_CASE("Handshake: what is no INFO is a protocol error") {
    const std::string sent =
        GENERATE("HTTP/1.1 400 Bad Request\r\n\r\n", "SSH-2.0-OpenSSH_9.2p1\r\n", "PING\r\n",
                 "PONG\r\n", "+OK\r\n", "MSG a 1 1\r\nx\r\n", "INFO\r\n", "INFO hello\r\n",
                 "INFO []\r\n", "INFO {\r\n", "INFO {}}\r\n", "INFO {} {}\r\n",
                 "INFO {\"max_payload\":\"a\"}\r\n", "INFO {}\n", "\xff\xfe\xfd\r\n", "\r\n\r\n");
    const auto bytewise = GENERATE(false, true);
    CAPTURE(sent, bytewise);
    const auto e = outcome_of_peer([&](peer_session& s) {
        s.send_in_pieces(sent, bytewise ? 1 : 1000);
        s.wait_closed();
    });
    CHECK(e.code() == errc::protocol_error);
    CHECK(e.code() == condition::protocol);
}

TEST_CASE("Handshake: binary garbage is a protocol error") {
    // A TLS record, and zeros.
    const std::string sent = GENERATE(std::string("\x15\x03\x03\x00\x02\x02\x28", 7),
                                      std::string(100, '\0'), std::string(100'000, '\x80'));
    const auto e = outcome_of_peer([&](peer_session& s) {
        s.send(sent);
        s.wait_closed();
    });
    CHECK(e.code() == errc::protocol_error);
}

TEST_CASE("Handshake: a message before PONG is a protocol error") {
    const auto e = outcome_of_peer([](peer_session& s) {
        s.send_info();
        s.expect_connect();
        s.send("MSG a 1 1\r\nx\r\n");
        s.wait_closed();
    });
    CHECK(e.code() == errc::protocol_error);
}

TEST_CASE("Handshake: an -ERR before INFO is what the server says") {
    using refusal = std::pair<const char*, errc>;
    const auto [text, code] =
        GENERATE(refusal("maximum connections exceeded", errc::maximum_connections_exceeded),
                 refusal("Authorization Violation", errc::authorization_violation),
                 refusal("no room today", errc::server_error));
    const bool closes = GENERATE(true, false);
    CAPTURE(text, closes);
    scripted_peer peer([&](peer_session& s) {
        s.send("-ERR '" + std::string(text) + "'\r\n");
        if (!closes)
            s.wait_closed();
    });
    conats::connect_options o(peer.url());
    const auto e = outcome_of(o.connect_timeout(200ms));
    CHECK(e.code() == code);
    CHECK(e.text() == text);
    CHECK(peer.received().empty());
}
