// SPDX-License-Identifier: Apache-2.0
#include "engine/run_machine.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace conats::impl {
namespace {

using namespace std::chrono_literals;

std::vector<server_address> addresses(std::string_view list) {
    std::vector<server_address> out;
    REQUIRE_FALSE(parse_server_list(list, out));
    return out;
}

run_options options(std::uint32_t max_reconnects) {
    run_options o;
    o.max_reconnects = max_reconnects;
    return o;
}

const error refused = error(errc::connection_refused, "no");
const error denied = error(errc::authorization_violation, "Authorization Violation");

/// A machine with its pool and a clock of its own; `step` writes what it does as a word.
class fixture {
public:
    explicit fixture(std::string_view list, run_options o = run_options())
        : pool(addresses(list), pool_order::as_given, [] { return std::uint64_t{0}; }),
          machine(pool, std::move(o), [this] { return random; }) {}

    std::string step() {
        const run_step s = machine.next(now, server_info());
        chooser_fault = s.chooser_fault;
        switch (s.action) {
        case run_action::dial: return "dial " + s.server->host();
        case run_action::wait:
            until = s.until;
            return "wait " + std::to_string((s.until - now) / 1ms);
        case run_action::give_up: failure = s.failure; return "give up";
        }
        return "?";
    }
    /// The next step, and then what becomes of it: a pause passes, an attempt fails.
    std::string step_and_fail(const error& e = refused) {
        std::string s = step();
        if (s.starts_with("wait"))
            now = until;
        else if (s.starts_with("dial"))
            machine.on_failed(e);
        return s;
    }
    void connect() {
        REQUIRE(step().starts_with("dial"));
        machine.on_connected(now, is_tls);
    }
    bool lose(std::chrono::nanoseconds after = 1h) {
        now += after;
        return machine.on_lost(now);
    }

    server_pool pool;
    run_machine machine;
    std::uint64_t random = 0;
    std::chrono::steady_clock::time_point now{1h};
    std::chrono::steady_clock::time_point until;
    error failure;
    std::string chooser_fault;
    bool is_tls = false;
};

} // namespace

TEST_CASE("B05 the first connect tries each server once and tells the most telling failure") {
    fixture f("a,b");
    CHECK(f.step_and_fail(refused) == "dial a");
    CHECK(f.step_and_fail(denied) == "dial b");
    CHECK(f.step() == "give up");
    CHECK(f.failure == errc::authorization_violation);
    CHECK(f.failure.text() == "Authorization Violation; 2 servers tried");
}

TEST_CASE("F04 after a loss the other servers are tried at once, the lost one after a pause") {
    fixture f("a,b,c");
    f.connect();
    REQUIRE(f.lose());
    CHECK(f.step_and_fail() == "dial b");
    CHECK(f.step_and_fail() == "dial c");
    CHECK(f.step_and_fail() == "wait 2000");
    CHECK(f.step_and_fail() == "dial a");
    CHECK(f.step_and_fail() == "dial b");
    CHECK(f.step_and_fail() == "dial c");
    CHECK(f.step_and_fail() == "wait 2000");
}

TEST_CASE("F03, P2.43 a pause follows each round, with jitter, longer with TLS") {
    fixture f("a");
    f.connect();
    REQUIRE(f.lose());
    f.random = 70'000'000;
    CHECK(f.step_and_fail() == "wait 2070");
    CHECK(f.step_and_fail() == "dial a");
    f.random = 100'000'000;
    CHECK(f.step_and_fail() == "wait 2100");
    fixture tls("tls://a");
    tls.connect();
    REQUIRE(tls.lose());
    tls.random = 900'000'000;
    CHECK(tls.step() == "wait 2900");
    // Asked again in the meantime it is the same pause.
    tls.now += 900ms;
    tls.random = 0;
    CHECK(tls.step() == "wait 2000");
    // The server demanded it, or an option does.
    fixture demanded("a");
    demanded.is_tls = true;
    demanded.connect();
    REQUIRE(demanded.lose());
    demanded.random = 900'000'000;
    CHECK(demanded.step() == "wait 2900");
    run_options o;
    o.is_tls = true;
    fixture asked("a", o);
    asked.connect();
    REQUIRE(asked.lose());
    asked.random = 900'000'000;
    CHECK(asked.step() == "wait 2900");
}

TEST_CASE("F03 a pause without end has no jitter") {
    run_options o;
    o.wait = std::chrono::nanoseconds::max();
    fixture f("a", o);
    f.random = 70'000'000;
    f.connect();
    REQUIRE(f.lose());
    REQUIRE(f.step().starts_with("wait"));
    CHECK(f.until > f.now + 24h * 365 * 200);
}

TEST_CASE("F03 servers that all take clients only to lose them soon are not asked in turn without "
          "a pause") {
    fixture f("a,b");
    for (int round = 0; round != 3; ++round) {
        f.connect(); // a
        REQUIRE(f.lose(10ms));
        f.connect(); // b, at once: it may be well
        REQUIRE(f.lose(10ms));
        CHECK(f.step_and_fail() == "wait 2000");
    }
    f.connect();
    REQUIRE(f.lose(10ms));
    f.connect();
    REQUIRE(f.lose(3s));
    CHECK(f.step() == "dial a"); // this one was well
}

TEST_CASE(
    "F06 a chooser without a delay of its own does not ask one that has just failed at once") {
    run_options o;
    o.max_reconnects = 3;
    o.chooser = [](const std::vector<server_state>& servers, const server_info&) {
        for (std::size_t i = 0; i != servers.size(); ++i)
            if (servers[i].url() == "nats://c:4222")
                return server_choice(i);
        return server_choice();
    };
    fixture f("a,b,c", o);
    f.connect();
    REQUIRE(f.lose());
    CHECK(f.step_and_fail() == "dial c");
    CHECK(f.step_and_fail() == "wait 2000");
    CHECK(f.step_and_fail() == "dial c");
    CHECK(f.step_and_fail() == "wait 2000");
    CHECK(f.step_and_fail() == "dial c");
}

TEST_CASE(
    "F05, F06 the delay that a chooser's server has after a failure is that of the first round") {
    run_options o;
    std::vector<std::uint64_t> rounds;
    o.delay = [&](std::uint64_t round) {
        rounds.push_back(round);
        return 50ms;
    };
    o.chooser = [](const std::vector<server_state>&, const server_info&) {
        return server_choice(0);
    };
    fixture f("a", o);
    f.connect();
    REQUIRE(f.lose(10ms)); // as good as a failure
    CHECK(f.step_and_fail() == "wait 50");
    CHECK(f.step_and_fail() == "dial a");
    CHECK(f.step_and_fail() == "wait 50");
    CHECK(rounds.front() == 1);
}

TEST_CASE("F06 the first connect is one round without a pause, with a chooser as well") {
    run_options o;
    o.chooser = [](const std::vector<server_state>& servers, const server_info&) {
        for (std::size_t i = 0; i != servers.size(); ++i)
            if (servers[i].url() == "nats://b:4222")
                return server_choice(i);
        return server_choice();
    };
    fixture f("a,b", o);
    CHECK(f.step_and_fail() == "dial b");
    CHECK(f.step_and_fail() == "dial b");
    CHECK(f.step() == "give up");
}

TEST_CASE("F11 after a move a loss is one of the new server") {
    fixture f("a,b");
    f.connect(); // a
    REQUIRE(f.lose(10ms));
    f.connect(); // b
    f.now += 1h;
    f.machine.on_moving(f.now);
    f.connect(); // a
    REQUIRE(f.lose(10ms));
    CHECK(f.step() == "dial b"); // not a pause
}

TEST_CASE("A21 credentials that came too late were not refused") {
    fixture f("a");
    f.connect();
    REQUIRE(f.lose());
    const error late(errc::authentication_timeout, "Authentication Timeout");
    for (int i = 0; i != 4; ++i) {
        CHECK(f.step_and_fail() == "wait 2000");
        CHECK(f.step_and_fail(late) == "dial a");
    }
}

TEST_CASE("F02, S51 each server is given up after its last failure, then the client") {
    fixture f("a,b", options(3));
    f.connect();
    REQUIRE(f.lose());
    int dials = 0;
    for (std::string s = f.step_and_fail(); s != "give up"; s = f.step_and_fail())
        dials += s.starts_with("dial") ? 1 : 0;
    CHECK(dials == 6);
    CHECK(f.failure == errc::no_servers);
    CHECK(f.failure.text().find("connection_refused") != std::string::npos);
}

TEST_CASE("F01 without reconnects a loss is the end") {
    fixture f("a,b", options(0));
    f.connect();
    CHECK_FALSE(f.lose());
}

TEST_CASE("A21, P2.10 the same server refusing twice in a row ends it") {
    fixture f("a");
    f.connect();
    REQUIRE(f.lose());
    CHECK(f.step_and_fail() == "wait 2000");
    CHECK(f.step_and_fail(denied) == "dial a");
    CHECK(f.step_and_fail() == "wait 2000");
    CHECK(f.step_and_fail(denied) == "dial a");
    CHECK(f.step() == "give up");
    CHECK(f.failure == errc::authorization_violation);
}

TEST_CASE("A21 another failure between two refusals starts the count anew") {
    fixture f("a");
    f.connect();
    REQUIRE(f.lose());
    const error expired(errc::authentication_expired, "User Authentication Expired");
    for (const error& e : {denied, refused, denied, expired, denied}) {
        CHECK(f.step_and_fail() == "wait 2000");
        CHECK(f.step_and_fail(e) == "dial a");
    }
    CHECK(f.step() == "wait 2000");
}

TEST_CASE("E15 refusals do not end it if they are to be ignored") {
    run_options o;
    o.ignore_auth_errors = true;
    fixture f("a", o);
    f.connect();
    REQUIRE(f.lose());
    for (int i = 0; i != 5; ++i) {
        CHECK(f.step_and_fail() == "wait 2000");
        CHECK(f.step_and_fail(denied) == "dial a");
    }
}

TEST_CASE("F19 a first connect that may be retried goes on in rounds") {
    run_options o;
    o.retry_first_connect = true;
    o.max_reconnects = 2;
    fixture f("a,b", o);
    CHECK(f.step_and_fail() == "dial a");
    CHECK_FALSE(f.machine.first_round_failed());
    CHECK(f.step_and_fail() == "dial b");
    CHECK(f.step_and_fail() == "wait 2000");
    CHECK(f.machine.first_round_failed());
    CHECK(f.step_and_fail() == "dial a");
    CHECK(f.step_and_fail() == "dial b");
    CHECK(f.step() == "give up");
    CHECK(f.failure == errc::no_servers);
}

TEST_CASE("F18 a forced reconnect makes the next attempt without a pause") {
    fixture f("a");
    f.connect();
    REQUIRE(f.lose());
    CHECK(f.step() == "wait 2000");
    f.machine.retry_now();
    CHECK(f.step_and_fail() == "dial a");
    CHECK(f.step() == "wait 2000");
    f.machine.retry_now();
    CHECK(f.step() == "dial a");
    f.machine.on_connected(f.now, false);
    REQUIRE(f.lose());
    CHECK(f.step() == "wait 2000");
}

TEST_CASE("F05 a delay function replaces wait and jitter and counts the rounds") {
    run_options o;
    o.delay = [](std::uint64_t round) { return 50ms * static_cast<int>(round); };
    fixture f("a,b", o);
    f.connect();
    f.random = 99'000'000;
    REQUIRE(f.lose());
    CHECK(f.step_and_fail() == "dial b");
    CHECK(f.step_and_fail() == "wait 50");
    CHECK(f.step_and_fail() == "dial a");
    CHECK(f.step_and_fail() == "dial b");
    CHECK(f.step_and_fail() == "wait 100");
}

TEST_CASE("F11 a move begins after a random part of the jitter, and again after the wait as well") {
    fixture f("a,b");
    CHECK(f.machine.moving_delay(false, false) == 0ns);
    f.random = 70'000'000;
    CHECK(f.machine.moving_delay(false, false) == 70ms);
    CHECK(f.machine.moving_delay(false, true) == 2070ms);
    f.random = 100'000'001; // one more than there are nanoseconds in the jitter
    CHECK(f.machine.moving_delay(false, false) == 0ns);
    CHECK(f.machine.moving_delay(true, false) == 100'000'001ns);
    run_options o;
    o.wait = 0ns;
    CHECK(fixture("a", o).machine.moving_delay(false, true) == 100ms); // or it would not rest
}

TEST_CASE("F05 a delay function that throws leaves the default") {
    run_options o;
    o.delay = [](std::uint64_t) -> std::chrono::nanoseconds { throw std::runtime_error("oops"); };
    fixture f("a", o);
    f.connect();
    REQUIRE(f.lose());
    CHECK(f.step() == "wait 2000");
}

TEST_CASE("F06 a chooser picks the server and its delay") {
    run_options o;
    std::vector<server_state> seen;
    o.chooser = [&](const std::vector<server_state>& servers, const server_info&) {
        seen = servers;
        for (std::size_t i = 0; i != servers.size(); ++i)
            if (servers[i].url() == "nats://c:4222")
                return server_choice(i, 50ms);
        return server_choice();
    };
    fixture f("a,b,c", o);
    CHECK(f.step_and_fail() == "wait 50");
    CHECK(f.step_and_fail() == "dial c");
    CHECK(f.step_and_fail() == "wait 50");
    CHECK(f.step() == "dial c");
    REQUIRE(seen.size() == 3);
    CHECK(seen.back().url() == "nats://c:4222");
    CHECK(seen.back().failures() == 1);
    CHECK(seen.back().last_error() == refused);
}

TEST_CASE("F06 a chooser that names no server of the pool leaves the default choice") {
    run_options o;
    bool throws = false;
    o.chooser = [&](const std::vector<server_state>&, const server_info&) {
        if (throws)
            throw std::runtime_error("oops");
        return server_choice(7);
    };
    fixture f("a,b", o);
    CHECK(f.step_and_fail() == "dial a");
    CHECK(f.chooser_fault == "server_chooser named server 7, and the last is 1");
    throws = true;
    CHECK(f.step_and_fail() == "dial b");
    CHECK(f.chooser_fault == "server_chooser threw: oops");
}

} // namespace conats::impl
