// SPDX-License-Identifier: Apache-2.0
// How long things take where nobody says: the documented times, to the nanosecond.
#include "support/catch.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>
#include <conats/testing/broker.hpp>
#include <conats/testing/manual_clock.hpp>
#include <conats/testing/scripted_peer.hpp>

#include <boost/asio/detached.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <string>

using namespace conats::testing;
using namespace std::chrono_literals;
using conats::errc;
namespace asio = boost::asio;

namespace {

using body_function = std::function<asio::awaitable<void>(manual_clock&)>;

/// Runs a coroutine by a clock of its own, for a day at most.
void run_by_clock(const body_function& body) {
    asio::io_context context;
    manual_clock clock(context);
    bool done = false;
    asio::co_spawn(context, body(clock), [&done](const std::exception_ptr& thrown) {
        done = true;
        if (thrown)
            std::rethrow_exception(thrown);
    });
    CHECK(clock.run_until([&done] { return done; }, 24h));
    clock.run_for(1h);
}

} // namespace

TEST_CASE("B02, C20, D05, D10 default timeouts: connect 2 s, flush and rtt 10 s, requests 5 s") {
    run_by_clock([](manual_clock& clock) -> asio::awaitable<void> {
        conats::error e;
        scripted_peer silent(script().info().stall());
        auto begin = clock.now();
        co_await conats::connect(silent.connect_options(), e);
        CHECK(e.code() == errc::timeout);
        CHECK(clock.now() - begin == 2s);

        scripted_peer greets(script().handshake().stall());
        auto nc = co_await conats::connect(greets.connect_options());
        begin = clock.now();
        auto m = co_await nc.request("ask", "", conats::request_options(), e);
        CHECK(e.code() == errc::timeout);
        CHECK(clock.now() - begin == 5s);
        begin = clock.now();
        auto replies = nc.request_many("ask", "");
        auto reply = co_await replies.next();
        CHECK_FALSE(reply);
        CHECK(clock.now() - begin == 5s);
        for (const bool rtt : {false, true}) {
            begin = clock.now();
            try {
                if (rtt)
                    (void)co_await nc.rtt();
                else
                    co_await nc.flush();
                FAIL("somebody has answered");
            } catch (const conats::system_error& failure) {
                CHECK(failure.code() == errc::timeout);
            }
            CHECK(clock.now() - begin == 10s);
        }
    });
}

TEST_CASE("C19, C32 default timeouts: 30 s for draining and for barriers") {
    run_by_clock([](manual_clock& clock) -> asio::awaitable<void> {
        broker b;
        auto nc = co_await conats::connect(b.connect_options());
        auto other = co_await conats::connect(b.connect_options());
        const auto never = [](const conats::message&) -> asio::awaitable<void> {
            co_await manual_clock::sleep_for(1h);
        };
        auto sub = nc.on("a", never);
        auto second = nc.on("a", never);
        co_await nc.flush();
        co_await other.publish("a", "");
        co_await other.flush();
        co_await nc.flush();
        conats::error e;
        auto begin = clock.now();
        try {
            co_await nc.barrier();
        } catch (const conats::system_error& failure) {
            e = failure.details();
        }
        CHECK(e.code() == errc::timeout);
        CHECK(clock.now() - begin == 30s);
        begin = clock.now();
        co_await sub.drain(e);
        CHECK(e.code() == errc::timeout);
        CHECK(clock.now() - begin == 30s);
        begin = clock.now();
        co_await nc.drain(e);
        CHECK(e.code() == errc::timeout);
        CHECK(clock.now() - begin == 30s);
    });
}

TEST_CASE("F03, F15, F16 default times: PINGs every 2 min, lost after 2, tried again in 2 s") {
    run_by_clock([](manual_clock& clock) -> asio::awaitable<void> {
        scripted_peer peer({script().handshake().expect_line("PING").expect_line("PING").stall(),
                            script().handshake().serve()});
        auto nc = co_await conats::connect(peer.connect_options());
        auto events = nc.events();
        const auto begin = clock.now();
        auto lost = begin;
        auto back = begin;
        while (back == begin) {
            auto e = co_await events.next();
            if (e->status() == conats::status::disconnected && lost == begin)
                lost = clock.now();
            if (e->status() == conats::status::connected && lost != begin)
                back = clock.now();
        }
        CHECK(lost - begin == 6min); // two PINGs, and the time of the third
        CHECK(back - lost >= 2s);
        CHECK(back - lost <= 2s + 100ms);
        CHECK(peer.connections() == 2);
    });
}
