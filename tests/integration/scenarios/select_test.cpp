// SPDX-License-Identifier: Apache-2.0
// Each operation as an operand of ||, against a timer that expires about when the operation ends.
// That both are ready at once is what window_test.cpp brings about; here it is chance.
#include "integration/helpers.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;

namespace {

/// What came of an operation in all rounds.
class tally {
public:
    tally() {} // not an aggregate, for g++ 12

    int rounds = 0;
    int begun = 0;     ///< of the operation
    int ended = 0;     ///< in any way
    int succeeded = 0; ///< whether or not that came first
    int first = 0;     ///< the operation was
    int expired = 0;   ///< the timer was first
    int handlers = 0;  ///< calls of the handler of the whole
    int failed = 0;    ///< of those, with an error

    /// Ended by itself, and yet the timer was first: both were ready at once.
    [[nodiscard]] int both() const { return succeeded - first; }
};

/// Counts the beginning and the end of what it awaits.
asio::awaitable<void> counted(asio::awaitable<void> work, tally& t) {
    struct end {
        explicit end(tally& all) : counts(all) { ++counts.begun; }
        end(const end&) = delete;
        end& operator=(const end&) = delete;
        ~end() { ++counts.ended; }
        tally& counts;
    };
    const end on_end(t);
    co_await std::move(work);
    ++t.succeeded;
}

/// When a timer expires so that it is first in about half of the rounds: it goes after the
/// operation's own time, whatever that is on this machine and at this moment.
class spread {
public:
    std::chrono::nanoseconds next() {
        std::uniform_int_distribution<std::int64_t> about(0, 2 * middle_.count());
        return std::chrono::nanoseconds(about(random_));
    }
    void expired() { middle_ = std::min(middle_ + middle_ / 16 + 1us, most); }
    void was_late() { middle_ -= middle_ / 16; }

private:
    static constexpr std::chrono::nanoseconds most = 1s;
    std::chrono::nanoseconds middle_ = 1ms;
    std::mt19937 random_{72};
};

asio::awaitable<void> race(asio::awaitable<void> work, std::chrono::nanoseconds after, tally& t,
                           bool& was_first) {
    asio::steady_timer timer(co_await asio::this_coro::executor, after);
    auto operation = counted(std::move(work), t);
    auto either = std::move(operation) || timer.async_wait(asio::use_awaitable);
    const auto winner = co_await std::move(either);
    was_first = winner.index() == 0;
}

/// One round has a handler of its own, which is called once.
asio::awaitable<void> round(asio::awaitable<void> work, spread& times, tally& t) {
    const auto executor = co_await asio::this_coro::executor;
    ++t.rounds;
    int calls = 0;
    bool was_first = false;
    std::exception_ptr failure;
    const auto handler = [&](const std::exception_ptr& e) {
        ++calls;
        ++t.handlers;
        failure = e;
    };
    auto both = race(std::move(work), times.next(), t, was_first);
    asio::co_spawn(executor, std::move(both), handler);
    while (calls == 0)
        co_await turns(1);
    if (failure) {
        ++t.failed;
        std::rethrow_exception(failure);
    }
    ++(was_first ? t.first : t.expired);
    was_first ? times.was_late() : times.expired();
}

void check(std::string_view what, const tally& t, int rounds) {
    std::cout << what << ": " << t.rounds << " rounds, the operation first in " << t.first
              << ", the timer in " << t.expired << ", both ready in " << t.both() << "\n";
    INFO(what);
    CHECK(t.rounds == rounds);
    CHECK(t.begun == rounds);
    CHECK(t.ended == rounds);
    CHECK(t.handlers == rounds);
    CHECK(t.failed == 0);
    CHECK(t.first + t.expired == rounds);
    CHECK(t.first > 0);
    CHECK(t.expired > 0);
    CHECK(t.succeeded <= rounds);
}

template <class T>
asio::awaitable<void> ignore(asio::awaitable<T> a) {
    (void)co_await std::move(a);
}

void echo(const conats::message& m) {
    m.try_respond(m.text());
}

// 10 000 in all.
constexpr int slower = sanitized ? 10 : 1;
constexpr int of_a_connection = 1'750 / slower; // four operations
constexpr int of_a_wait = 500 / slower;         // nine more
constexpr int of_a_life = 1'000 / slower;       // three

} // namespace

TEST_CASE(
    "S72 || of a timer and publish, flush, next or request: each handler once, nothing hurt") {
    nats_server server;
    run(
        [&]() -> asio::awaitable<void> {
            conats::connect_options o(server.url());
            o.high_water_mark(32 << 10);
            auto nc = co_await conats::connect(o);
            auto service = nc.on("echo", echo);
            auto sub = co_await nc.subscribe("own");
            const std::string text(1'000, 'x');
            const std::string large(40'000, 'x'); // above the mark: it waits for the socket
            const auto receive = [&] {
                while (sub.try_next()) {}
                (void)nc.try_publish("own", text);
                return ignore(sub.next());
            };
            const std::pair<std::string_view, std::function<asio::awaitable<void>()>> all[] = {
                {"publish", [&] { return nc.publish("nobody", large); }},
                {"flush", [&] { return nc.flush(); }},
                {"next", receive},
                {"request", [&] { return ignore(nc.request("echo", text, scaled(10s))); }},
            };
            for (const auto& [name, begin] : all) {
                tally t;
                spread times;
                for (int i = 0; i != of_a_connection; ++i) {
                    auto work = begin();
                    co_await round(std::move(work), times, t);
                }
                check(name, t, of_a_connection);
            }
            co_await nc.flush();
            const auto s = nc.statistics();
            CHECK(s.pending_requests == 0);
            CHECK(s.subscriptions == 3); // with the inbox of requests
            CHECK(s.reconnects == 0);
            const auto reply = co_await nc.request("echo", "still", scaled(10s));
            CHECK(reply.text() == "still");
            co_await nc.close();
        },
        60s);
}

TEST_CASE("S72 || of a timer and whatever else waits: each handler once, nothing hurt") {
    nats_server server;
    run(
        [&]() -> asio::awaitable<void> {
            auto nc = co_await conats::connect(server.url());
            auto service = nc.on("echo", echo);
            auto sub = co_await nc.subscribe("own");
            auto events = nc.events();
            const auto send = [&] {
                while (sub.try_next()) {}
                (void)nc.try_publish("own", "x");
            };
            const auto wait = [&] {
                send();
                return sub.wait();
            };
            const auto next_batch = [&]() -> asio::awaitable<void> {
                send();
                std::vector<conats::message> all;
                (void)co_await sub.next_batch(all, 10);
            };
            const auto confirm = [&] {
                conats::subscribe_options confirmed;
                confirmed.confirm(true);
                return ignore(nc.subscribe("other", confirmed));
            };
            const auto drain = [&]() -> asio::awaitable<void> {
                auto other = co_await nc.subscribe("other");
                co_await other.drain();
            };
            const auto barrier = [&]() -> asio::awaitable<void> {
                (void)nc.try_publish("echo", "x");
                co_await nc.flush();
                while (sub.try_next()) {} // else it would wait for them
                co_await nc.barrier();
            };
            const auto request_many = [&]() -> asio::awaitable<void> {
                conats::request_many_options one(scaled(10s));
                auto replies = nc.request_many("echo", "", one.max_messages(1));
                (void)co_await replies.next();
            };
            const auto next_event = [&]() -> asio::awaitable<void> {
                while (events.try_next()) {}
                auto other = nc.on("other", [](const conats::message&) {}); // which is told
                (void)co_await events.next();
                co_await nc.flush();
            };
            const std::pair<std::string_view, std::function<asio::awaitable<void>()>> all[] = {
                {"ready", [&] { return sub.ready(); }},
                {"rtt", [&] { return ignore(nc.rtt()); }},
                {"wait", wait},
                {"next_batch", next_batch},
                {"confirm", confirm},
                {"drain of a subscription", drain},
                {"barrier", barrier},
                {"request_many", request_many},
                {"events", next_event},
            };
            for (const auto& [name, begin] : all) {
                tally t;
                spread times;
                for (int i = 0; i != of_a_wait; ++i) {
                    auto work = begin();
                    co_await round(std::move(work), times, t);
                }
                check(name, t, of_a_wait);
            }
            co_await nc.flush();
            const auto s = nc.statistics();
            CHECK(s.pending_requests == 0);
            CHECK(s.pings_outstanding == 0);
            CHECK(s.subscriptions == 2);
            CHECK(s.reconnects == 0);
            const auto reply = co_await nc.request("echo", "still", scaled(10s));
            CHECK(reply.text() == "still");
            co_await nc.close();
        },
        60s);
}

TEST_CASE("S72 || of a timer and connect, drain or close: each handler once, nothing left") {
    nats_server server;
    const auto prepare = [&] { run(ignore(conats::connect(server.url()))); };
    prepare(); // what resolvers and allocators keep
    const std::size_t descriptors = open_descriptors();
    run(
        [&]() -> asio::awaitable<void> {
            {
                tally t;
                spread times;
                for (int i = 0; i != of_a_life; ++i) {
                    auto work = ignore(conats::connect(server.url()));
                    co_await round(std::move(work), times, t);
                }
                check("connect", t, of_a_life);
            }
            for (const bool drains : {true, false}) {
                tally t;
                spread times;
                int handled = 0;
                for (int i = 0; i != of_a_life; ++i) {
                    auto nc = co_await conats::connect(server.url());
                    auto sub = nc.on("a", [&](const conats::message&) { ++handled; });
                    (void)nc.try_publish("a", "x");
                    auto work = drains ? nc.drain() : nc.close();
                    co_await round(std::move(work), times, t);
                    // Cancelled it goes on. Where the timer was so fast that it never began:
                    if (nc.status() == conats::status::connected)
                        co_await nc.close();
                    const bool closed = co_await async_eventually(
                        [&] { return nc.status() == conats::status::closed; });
                    CHECK(closed);
                }
                check(drains ? "drain" : "close", t, of_a_life);
                CHECK(handled <= of_a_life);
            }
        },
        60s);
    CHECK(open_descriptors() == descriptors);
    const bool none = eventually([&] { return server.monitor().connections() == 0; });
    CHECK(none);
}
