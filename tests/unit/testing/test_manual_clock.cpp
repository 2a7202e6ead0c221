// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>
#include <conats/testing/broker.hpp>
#include <conats/testing/manual_clock.hpp>
#include <conats/testing/scripted_peer.hpp>

#include <boost/asio/cancellation_signal.hpp>

#include <chrono>
#include <exception>
#include <string>
#include <vector>

using namespace conats::testing;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

/// A context whose time is set by the test.
class timed {
public:
    timed() : clock(context), begin_(clock.now()) {}

    void spawn(asio::awaitable<void> work) {
        asio::co_spawn(context, std::move(work), [](const std::exception_ptr& thrown) {
            if (thrown)
                std::rethrow_exception(thrown);
        });
    }
    /// Since the start, by the clock.
    [[nodiscard]] std::chrono::nanoseconds passed() const { return clock.now() - begin_; }

    asio::io_context context;
    manual_clock clock;

private:
    manual_clock::time_point begin_;
};

/// Wall-clock time that no test here may take, however slow the machine: each of them spans more.
class takes_no_time {
public:
    ~takes_no_time() { CHECK(std::chrono::steady_clock::now() - begin_ < 25s); }

private:
    std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

} // namespace

TEST_CASE("M06 a request's timeout of 30 s takes no time") {
    const takes_no_time guard;
    timed t;
    broker b;
    conats::error e;
    std::chrono::nanoseconds after{};
    auto body = [&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(b.connect_options());
        auto silent = nc.on("ask", [](const conats::message&) {});
        co_await nc.request("ask", "", 30s, e);
        after = t.passed();
    };
    t.spawn(body());
    t.clock.run_for(29s);
    CHECK_FALSE(e);
    CHECK(t.passed() == 29s);
    t.clock.run_for(2s);
    CHECK(e == conats::errc::timeout);
    CHECK(after == 30s);
}

TEST_CASE("M06 a stalled server is given up after the connect timeout") {
    const takes_no_time guard;
    timed t;
    scripted_peer peer(script().info().stall());
    conats::error e;
    std::chrono::nanoseconds after{};
    auto body = [&]() -> asio::awaitable<void> {
        const auto options = peer.connect_options().connect_timeout(40s);
        co_await conats::connect(options, e);
        after = t.passed();
    };
    t.spawn(body());
    CHECK(t.clock.run_until([&e] { return static_cast<bool>(e); }, 1h));
    CHECK(e == conats::errc::timeout);
    CHECK(after == 40s);
}

TEST_CASE("M06 a broker pings its clients by the clock, and they it") {
    const takes_no_time guard;
    timed t;
    broker b;
    std::vector<std::chrono::nanoseconds> ends;
    auto body = [&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(b.connect_options());
        auto sub = co_await nc.subscribe("x");
        while (co_await sub.next())
            ;
        ends.push_back(t.passed());
    };
    t.spawn(body());
    t.clock.run_for(30min);
    CHECK(ends.empty());
    CHECK(b.statistics().connections == 1);
    CHECK(b.statistics().total_connections == 1);
    // A broker that does not hear it any more gives it up, and so does the client.
    b.use([](broker_core& core) { core.deafen(core.connections().front()); });
    t.clock.run_for(10min);
    CHECK(b.statistics().total_connections == 2);
    CHECK(b.statistics().connections == 1);
    b.stop();
    t.clock.run_for(24h);
    CHECK(ends.size() == 1);
}

TEST_CASE("M06 a client's reconnect waits pass by the clock") {
    const takes_no_time guard;
    timed t;
    broker b;
    bool back = false;
    std::string got;
    auto body = [&]() -> asio::awaitable<void> {
        const auto options = b.connect_options().max_reconnects(-1).reconnect_wait(10s);
        auto nc = co_await conats::connect(options);
        auto sub = co_await nc.subscribe("x");
        back = true;
        const auto m = co_await sub.next();
        got = m->text();
    };
    t.spawn(body());
    t.clock.run_ready();
    REQUIRE(back);
    b.stop();
    t.clock.run_for(5min);
    CHECK(b.statistics().connections == 0);
    b.start();
    CHECK(t.clock.run_until([&b] { return b.subscriptions().size() == 1; }, 1min));
    b.publish("x", "again");
    t.clock.run_ready();
    CHECK(got == "again");
}

TEST_CASE("M06 a broker's lame duck mode passes by the clock") {
    const takes_no_time guard;
    timed t;
    broker b(broker_options().ping_interval(0s));
    auto body = [&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(b.connect_options().max_reconnects(0));
        auto sub = co_await nc.subscribe("x");
        co_await sub.next();
    };
    t.spawn(body());
    t.clock.run_ready();
    b.lame_duck();
    t.clock.run_for(9s);
    CHECK(b.statistics().total_connections == 1);
    CHECK(b.statistics().connections == 1);
    t.clock.run_for(2s);
    CHECK(b.statistics().connections == 0);
}

TEST_CASE("M06 a script waits by the clock") {
    timed t;
    scripted_peer peer(script()
                           .handshake()
                           .expect_line("SUB x ")
                           .wait(1h)
                           .reply("PING\r\n")
                           .expect_line("PONG")
                           .serve());
    auto body = [&]() -> asio::awaitable<void> {
        const auto options = peer.connect_options().ping_interval(24h);
        auto nc = co_await conats::connect(options);
        auto sub = co_await nc.subscribe("x");
        co_await sub.next();
    };
    t.spawn(body());
    t.clock.run_for(59min);
    CHECK(peer.received().find("PONG") == std::string::npos);
    t.clock.run_for(1min);
    CHECK(peer.received().find("PONG") != std::string::npos);
    CHECK(peer.result() == "ok");
}

TEST_CASE("M06 a clock goes from deadline to deadline") {
    timed t;
    std::vector<std::chrono::nanoseconds> woken;
    auto sleep = [](timed& in, std::chrono::nanoseconds d,
                    std::vector<std::chrono::nanoseconds>& to) -> asio::awaitable<void> {
        co_await manual_clock::sleep_for(d);
        to.push_back(in.passed());
        co_await manual_clock::sleep_for(d);
        to.push_back(in.passed());
    };
    t.spawn(sleep(t, 3s, woken));
    t.spawn(sleep(t, 2s, woken));
    CHECK(t.clock.next_deadline() == manual_clock::time_point::max());
    t.clock.run_ready();
    CHECK(t.clock.next_deadline() == t.clock.now() + 2s);
    CHECK(t.clock.run_for(5s) > 0);
    CHECK(woken == std::vector<std::chrono::nanoseconds>{2s, 3s, 4s});
    CHECK(t.passed() == 5s);
    // All at once: who waits sees the end alone.
    woken.clear();
    t.spawn(sleep(t, 1s, woken));
    t.clock.run_ready();
    t.clock.advance(10s);
    CHECK(woken.empty());
    t.clock.run_ready();
    CHECK(woken == std::vector<std::chrono::nanoseconds>{15s, 15s});
    // Another clock of the context goes on.
    CHECK(manual_clock(t.context).now() == t.clock.now());
}

TEST_CASE("M06 a clock's runs end") {
    timed t;
    CHECK_FALSE(t.clock.run_until([] { return false; }, 1h));
    CHECK(t.passed() == 1h);
    CHECK(t.clock.run_until([] { return true; }, 0s));
    auto ticking = []() -> asio::awaitable<void> {
        for (;;)
            co_await manual_clock::sleep_for(1s);
    };
    t.spawn(ticking());
    CHECK(t.clock.run_for(1h) >= 3600);
    CHECK_FALSE(t.clock.run_until([] { return false; }, 1min));
    CHECK(t.passed() == 2h + 1min);
    int asked = 0;
    CHECK(t.clock.run_until([&asked] { return ++asked == 10; }, manual_clock::duration::max()));
}

TEST_CASE("M06 a sleep without a manual clock is one by the system's") {
    conats::test::run([]() -> asio::awaitable<void> {
        const auto begin = std::chrono::steady_clock::now();
        co_await manual_clock::sleep_for(5ms);
        CHECK(std::chrono::steady_clock::now() - begin >= 5ms);
    });
}
