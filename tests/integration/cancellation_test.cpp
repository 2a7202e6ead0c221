// SPDX-License-Identifier: Apache-2.0
// Any awaitable may be cancelled at any moment: no message is lost, nothing else is hurt, nothing
// leaks.
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <conats/conats.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using conats::errc;

namespace {

asio::awaitable<void> hops(int n) {
    auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i != n; ++i)
        co_await asio::post(executor, asio::use_awaitable);
}

/// How a cancelled operation ended.
struct cancelled_outcome {
    cancelled_outcome() {} // not an aggregate, for g++ 12
    bool ended = false;
    bool cancelled = false;
    conats::error_code code;
};

/// Starts `work`, cancels it after `n` turns of the executor and waits for its end.
asio::awaitable<cancelled_outcome> cancel_after(int n, asio::awaitable<void> work) {
    auto executor = co_await asio::this_coro::executor;
    cancelled_outcome result;
    asio::cancellation_signal signal;
    const auto on_end = [&result](const std::exception_ptr& failure) {
        result.ended = true;
        try {
            if (failure)
                std::rethrow_exception(failure);
        } catch (const boost::system::system_error& e) {
            result.code = e.code();
            result.cancelled = e.code() == asio::error::operation_aborted;
        }
    };
    asio::co_spawn(executor, std::move(work), asio::bind_cancellation_slot(signal.slot(), on_end));
    co_await hops(n);
    if (!result.ended)
        signal.emit(asio::cancellation_type::terminal);
    const bool ended = co_await async_eventually([&] { return result.ended; }, 10s);
    if (!ended)
        throw timed_out("a cancelled operation has not ended");
    co_return result;
}

using operation = std::function<asio::awaitable<void>(conats::client, conats::subscription&)>;

template <class T>
asio::awaitable<void> ignore(asio::awaitable<T> a) {
    (void)co_await std::move(a);
}

/// The operations that leave the client usable.
constexpr std::size_t first_request = 6; // in operations()
constexpr std::size_t requests = 3;
std::vector<operation> operations() {
    using client = conats::client;
    using subscription = conats::subscription;
    std::vector<operation> all;
    all.push_back([](client, subscription& s) { return ignore(s.next()); });
    all.push_back([](client, subscription& s) { return ignore(s.next(1h)); });
    all.push_back([](client, subscription& s) { return s.wait(); });
    all.push_back([](client, subscription& s) { return s.ready(); });
    all.push_back([](client c, subscription&) { return c.flush(); });
    all.push_back([](client c, subscription&) { return ignore(c.rtt()); });
    all.push_back([](client c, subscription&) { return ignore(c.request("silent", "", 1h)); });
    all.push_back([](client c, subscription&) { return ignore(c.request("echo", "", 1h)); });
    all.push_back([](client c, subscription&) { return ignore(c.request("nobody", "", 1h)); });
    all.push_back([](client c, subscription&) { return ignore(c.subscribe("other")); });
    all.push_back([](client c, subscription&) {
        conats::subscribe_options confirmed;
        confirmed.confirm(true);
        return ignore(c.subscribe("other", confirmed));
    });
    all.push_back([](client c, subscription&) -> asio::awaitable<void> {
        auto sub = co_await c.subscribe("drained");
        co_await sub.drain();
    });
    all.push_back([](client, subscription& s) -> asio::awaitable<void> {
        std::vector<conats::message> batch;
        (void)co_await s.next_batch(batch, 10);
    });
    all.push_back([](client c, subscription&) { return c.barrier(1h); });
    all.push_back([](client c, subscription&) -> asio::awaitable<void> {
        auto events = c.events();
        while (auto e = co_await events.next()) {}
    });
    return all;
}

} // namespace

TEST_CASE("Every operation is cancelled after any number of turns and hurts nothing") {
    nats_server server;
    run(
        [&]() -> asio::awaitable<void> {
            auto nc = co_await conats::connect(server.url());
            auto sub = co_await nc.subscribe("quiet");
            auto silent = co_await nc.subscribe("silent");
            const auto echo = [](const conats::message& m) { m.try_respond(m.text()); };
            auto service = nc.on("echo", echo);
            const auto all = operations();
            for (std::size_t i = 0; i != all.size(); ++i) {
                for (int n = 0; n != 12; ++n) {
                    auto r = co_await cancel_after(n, all[i](nc, sub));
                    INFO("operation " << i << ", turns " << n << ": " << r.code);
                    CHECK((r.cancelled || !r.code || r.code == errc::no_responders));
                }
            }
            co_await nc.flush();
            CHECK(nc.status() == conats::status::connected);
            CHECK(nc.statistics().pending_requests == 0);
            // quiet, silent, echo and the inbox of requests
            CHECK(nc.statistics().subscriptions == 4);
            auto reply = co_await nc.request("echo", "still");
            CHECK(reply.text() == "still");
        },
        60s);
}

TEST_CASE("A cancelled drain or close goes on") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        for (int n = 0; n != 12; ++n) {
            for (const bool drain : {true, false}) {
                auto nc = co_await conats::connect(server.url());
                int handled = 0;
                const auto count = [&](const conats::message&) { ++handled; };
                auto sub = nc.on("x", count);
                for (int i = 0; i != 100; ++i)
                    co_await nc.publish("x", "");
                auto work = drain ? nc.drain() : nc.close();
                (void)co_await cancel_after(n, std::move(work));
                // Cancelled before its first step it has not begun.
                if (n == 0)
                    co_await nc.close();
                const bool closed = co_await async_eventually(
                    [&] { return nc.status() == conats::status::closed; });
                CHECK(closed);
                CHECK((n == 0 || !drain || handled == 100));
            }
        }
    });
}

TEST_CASE("Cancelling connect after any number of turns leaves nothing behind") {
    nats_server server;
    scripted_peer silent([](peer_session& s) { s.wait_closed(); });
    for (const std::string& url : std::vector<std::string>{server.url(), silent.url()}) {
        for (int n = 0; n != 40; ++n) {
            // run() fails when something still works in the context afterwards
            run([&]() -> asio::awaitable<void> {
                auto r = co_await cancel_after(n, ignore(conats::connect(url)));
                CHECK((r.cancelled || !r.code));
            });
        }
    }
}

TEST_CASE("next, cancelled at random, loses no message and keeps the order") {
    nats_server server;
    run(
        [&]() -> asio::awaitable<void> {
            auto executor = co_await asio::this_coro::executor;
            auto nc = co_await conats::connect(server.url());
            auto sub = co_await nc.subscribe("n");
            constexpr int count = 2000;
            const auto produce = [](conats::client c) -> asio::awaitable<void> {
                for (int i = 0; i != count; ++i) {
                    co_await c.publish("n", std::to_string(i));
                    co_await hops(i % 5);
                }
            };
            asio::co_spawn(executor, produce(nc), asio::detached);
            std::mt19937 random(7);
            int next = 0;
            bool in_order = true;
            int cancelled = 0;
            const auto take = [&](bool timed) -> asio::awaitable<void> {
                std::optional<conats::message> m;
                if (timed)
                    m = co_await sub.next(1h);
                else
                    m = co_await sub.next();
                in_order = in_order && m->text() == std::to_string(next);
                ++next;
            };
            while (next != count) {
                const auto turns = static_cast<int>(random() % 6);
                auto r = co_await cancel_after(turns, take(random() % 2 == 0));
                cancelled += r.cancelled;
            }
            CHECK(in_order);
            CHECK(cancelled > 0);
            CHECK(sub.statistics().delivered == count);
        },
        60s);
}

TEST_CASE("wait as an operand of || loses nothing; next throws the slower result away") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto a = co_await nc.subscribe("a");
        auto b = co_await nc.subscribe("b");
        constexpr int count = 1000;
        int taken = 0;
        for (int i = 0; i != count; ++i) {
            co_await nc.publish("a", "x");
            co_await nc.publish("b", "x");
        }
        while (taken != 2 * count) {
            co_await (a.wait() || b.wait());
            while (auto m = a.try_next())
                ++taken;
            while (auto m = b.try_next())
                ++taken;
        }
        CHECK(taken == 2 * count);

        for (int i = 0; i != count; ++i) {
            co_await nc.publish("a", "x");
            co_await nc.publish("b", "x");
        }
        co_await nc.flush();
        int chosen = 0;
        while (a.statistics().pending_messages + b.statistics().pending_messages != 0) {
            auto either = co_await (a.next() || b.next());
            chosen += either.index() < 2;
        }
        CHECK(chosen == count); // of 2 000: why the documents say wait()
    });
}

namespace {

using beginning = std::function<asio::awaitable<void>()>;

/// Awaits what `start` begins, in a coroutine that was cancelled while it could not notice. One
/// that `never_looks` lets nothing be thrown to it, so that the operation itself has to notice.
asio::awaitable<void> begin_late(beginning start, bool never_looks) {
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await hops(3);
    co_await asio::this_coro::throw_if_cancelled(!never_looks);
    auto work = start();
    co_await std::move(work);
}

/// How that ends.
asio::awaitable<cancelled_outcome> begin_cancelled(const beginning& start,
                                                   bool never_looks = false) {
    auto work = begin_late(start, never_looks);
    cancelled_outcome r = co_await cancel_after(1, std::move(work));
    co_return r;
}

std::size_t occurrences(std::string_view text, std::string_view part) {
    std::size_t n = 0;
    for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
        ++n;
    return n;
}

void greet_and_serve(peer_session& s) {
    s.handshake();
    s.serve();
}

} // namespace

TEST_CASE("S74 nothing is on the wire for an operation that is cancelled already") {
    scripted_peer peer(greet_and_serve);
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto sub = co_await nc.subscribe("a");
        co_await nc.flush();
        const std::string before = peer.received();
        auto all = operations();
        all.push_back([](conats::client, conats::subscription& s) { return s.drain(); });
        all.push_back([](conats::client c, conats::subscription&) { return c.drain(); });
        all.push_back([](conats::client c, conats::subscription&) { return c.close(); });
        for (std::size_t i = 0; i != all.size(); ++i) {
            if (i >= first_request && i < first_request + requests)
                continue; // sent by the call, as documented
            const beginning start = [&] { return all[i](nc, sub); };
            auto r = co_await begin_cancelled(start);
            INFO("operation " << i);
            CHECK(r.cancelled);
        }
        co_await hops(10);
        CHECK(peer.received() == before);
        CHECK(nc.status() == conats::status::connected);
    });
}

TEST_CASE("S74 a request, cancelled already, ends at once; what the call has sent is sent once") {
    const bool unique_inboxes = GENERATE(false, true);
    CAPTURE(unique_inboxes);
    scripted_peer peer(greet_and_serve);
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(peer.url());
        auto nc = co_await conats::connect(o.unique_inboxes(unique_inboxes));
        const beginning request = [&] { return ignore(nc.request("early", "x", 1h)); };
        const beginning timed_by_client = [&] { return ignore(nc.request("early", "x")); };
        const beginning request_many = [&]() -> asio::awaitable<void> {
            auto replies = nc.request_many("many", "x", 1h);
            (void)co_await replies.next();
        };
        conats::reply_stream stream = nc.request_many("stream", "x", 1h);
        const beginning next_reply = [&] { return ignore(stream.next()); };
        const std::vector<beginning> all({request, timed_by_client, request_many, next_reply});
        for (const beginning& start : all) {
            auto r = co_await begin_cancelled(start);
            CHECK(r.cancelled);
        }
        CHECK(nc.statistics().pending_requests == 0);
        CHECK(stream.end_reason() == conats::end_of_replies::none); // it goes on
        stream = conats::reply_stream();
        co_await nc.flush();
        CHECK(nc.statistics().subscriptions == (unique_inboxes ? 0 : 1));
        const std::string sent = peer.received();
        CHECK(occurrences(sent, "PUB early ") == 2);
        CHECK(occurrences(sent, "PUB many ") == 0); // which the cancelled coroutine never began
        CHECK(occurrences(sent, "PUB stream ") == 1);
    });
}

TEST_CASE("S74 connect, cancelled already, reaches no server") {
    scripted_peer peer(greet_and_serve);
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        conats::error e;
        conats::connect_options again(peer.url());
        again.retry_on_failed_connect(true);
        std::vector<beginning> all;
        all.emplace_back([&] { return ignore(conats::connect(peer.url())); });
        all.emplace_back([&] { return ignore(conats::connect(peer.url(), e)); });
        all.emplace_back([&] { return ignore(conats::connect(executor, peer.url())); });
        all.emplace_back([&] { return ignore(conats::connect(again)); });
        for (std::size_t i = 0; i != all.size(); ++i) {
            INFO("connect " << i);
            for (const bool never_looks : {false, true}) {
                auto r = co_await begin_cancelled(all[i], never_looks);
                CHECK(r.cancelled);
            }
        }
        CHECK_FALSE(e);
        // Had one of them got through, it would be the first.
        auto nc = co_await conats::connect(peer.url());
        co_await nc.flush();
        CHECK(peer.connections() == 1);
    });
}

TEST_CASE("S74 publish, cancelled already, ends at once; what the call has accepted is sent once") {
    scripted_peer peer(greet_and_serve);
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        const beginning publish = [&] { return nc.publish("early", "x"); };
        auto r = co_await begin_cancelled(publish);
        CHECK(r.cancelled);
        co_await nc.flush();
        CHECK(occurrences(peer.received(), "PUB early 1\r\nx\r\n") == 1);
        CHECK(nc.statistics().out_messages == 1);
    });
}

TEST_CASE("S74 publish and subscribe without a connection, cancelled already, wait for none") {
    std::vector<peer_script> scripts;
    scripts.emplace_back([](peer_session& s) {
        s.handshake();
        s.wait_for_test();
    });
    scripts.emplace_back(greet_and_serve);
    scripted_peer peer(scripts);
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(peer.url());
        o.when_offline(conats::offline_policy::wait).offline_timeout(1h).reconnect_wait(1h);
        auto nc = co_await conats::connect(o);
        peer.proceed();
        const bool lost =
            co_await async_eventually([&] { return nc.status() == conats::status::reconnecting; });
        REQUIRE(lost);
        const beginning publish = [&] { return nc.publish("kept", "x"); };
        const beginning subscribe = [&] { return ignore(nc.subscribe("never")); };
        conats::subscribe_options confirmed;
        confirmed.confirm(true);
        const beginning confirm = [&] { return ignore(nc.subscribe("never", confirmed)); };
        auto r = co_await begin_cancelled(publish);
        CHECK(r.cancelled);
        r = co_await begin_cancelled(subscribe);
        CHECK(r.cancelled);
        r = co_await begin_cancelled(confirm);
        CHECK(r.cancelled);
        CHECK(nc.statistics().subscriptions == 0);
        CHECK(peer.connections() == 1);
        REQUIRE_FALSE(nc.force_reconnect());
        const bool back =
            co_await async_eventually([&] { return nc.status() == conats::status::connected; });
        REQUIRE(back);
        co_await nc.flush();
        const std::string all = peer.received();
        CHECK(occurrences(all, "PUB kept 1\r\nx\r\n") == 1); // accepted in the call, as documented
        CHECK(occurrences(all, "never") == 0);
    });
}

TEST_CASE("A publish cancelled above the high-water mark is sent all the same") {
    std::string all;
    scripted_peer peer(peer_options().receive_buffer(4096), [](peer_session& s) {
        s.handshake();
        s.wait_for_test();
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(peer.url());
        o.high_water_mark(32 << 10);
        auto nc = co_await conats::connect(o);
        const std::string large(20'000, 'x');
        int cancelled = 0;
        int published = 0;
        while (cancelled != 3 && published != 2000) {
            auto r = co_await cancel_after(3, nc.publish("p", large));
            ++published;
            cancelled += r.cancelled;
        }
        CHECK(cancelled == 3);
        peer.proceed();
        co_await nc.flush();
        CHECK(occurrences(peer.received(), "PUB p ") == static_cast<std::size_t>(published));
    });
}

TEST_CASE("A consumer that waits already refuses a second one") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(server.url());
        auto sub = co_await nc.subscribe("a");
        bool got = false;
        const auto first = [&]() -> asio::awaitable<void> {
            auto m = co_await sub.next();
            got = m.has_value();
        };
        asio::co_spawn(executor, first, asio::detached);
        co_await hops(2);
        bool refused = false;
        try {
            (void)co_await sub.next();
        } catch (const conats::system_error& e) {
            refused = e.code() == errc::already_waiting;
        }
        CHECK(refused);
        co_await nc.publish("a", "x");
        const bool arrived = co_await async_eventually([&] { return got; });
        CHECK(arrived);
    });
}

TEST_CASE("The messages of a subscription with a handler are the handler's alone") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        int handled = 0;
        const auto count = [&](const conats::message&) { ++handled; };
        auto sub = nc.on("a", count);
        conats::error e;
        auto m = co_await sub.next(1s, e);
        CHECK(e == errc::already_waiting);
        auto r = co_await cancel_after(100, sub.wait());
        CHECK(r.code == errc::already_waiting);
        std::vector<conats::message> batch;
        r = co_await cancel_after(100, ignore(sub.next_batch(batch, 1)));
        CHECK(r.code == errc::already_waiting);
        co_await nc.publish("a", "x");
        CHECK_FALSE(sub.try_next());
        co_await sub.drain();
        CHECK(handled == 1);
    });
}
