// SPDX-License-Identifier: Apache-2.0
// What waits while a connection is lost and made again, and what ends a client meanwhile.
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::status;
using test_clock = std::chrono::steady_clock;

namespace {

/// Runs beside the caller; tells how it ended.
struct beside {
    bool over = false;
    conats::error_code code;

    void start(const asio::any_io_executor& executor, asio::awaitable<void> work,
               asio::cancellation_slot slot = {}) {
        const auto done = [this](const std::exception_ptr& thrown) {
            over = true;
            try {
                if (thrown)
                    std::rethrow_exception(thrown);
            } catch (const boost::system::system_error& e) {
                code = e.code();
            }
        };
        asio::co_spawn(executor, std::move(work), asio::bind_cancellation_slot(slot, done));
    }
};

/// A client whose server is gone, and that does not come to look for another.
asio::awaitable<conats::client> stranded(nats_server& server, conats::connect_options o) {
    o.reconnect_wait(1h);
    auto nc = co_await conats::connect(o);
    server.stop();
    const bool lost = co_await reaches(nc, status::reconnecting);
    CHECK(lost);
    co_return nc;
}

} // namespace

TEST_CASE("F01 consumers do not notice that the connection was made anew") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(fast(server.url()));
        int handled = 0;
        auto service = nc.on("a", [&](conats::message) { ++handled; });
        auto sub = co_await nc.subscribe("a");
        auto watched = co_await nc.subscribe("a");
        std::string text;
        const auto read = [&]() -> asio::awaitable<void> {
            auto m = co_await sub.next();
            text = m->text();
        };
        beside reading;
        beside watching;
        reading.start(executor, read());
        watching.start(executor, watched.wait());
        co_await nc.flush();
        server.restart();
        const bool back = co_await reconnects(nc, 1);
        REQUIRE(back);
        CHECK_FALSE(reading.over);
        CHECK_FALSE(watching.over);
        co_await nc.publish("a", "x");
        const bool all = co_await async_eventually(
            [&] { return reading.over && watching.over && handled == 1; });
        CHECK(all);
        CHECK(text == "x");
    });
}

TEST_CASE("D11 what asks the server ends with `disconnected` when the connection is lost") {
    std::vector<peer_script> scripts;
    scripts.emplace_back([](peer_session& s) {
        s.handshake();
        s.expect_subscribe();
        for (int i = 0; i != 3; ++i)
            s.expect("PING");
        s.wait_for_test();
    });
    scripts.emplace_back([](peer_session& s) {
        s.handshake();
        s.serve();
    });
    scripted_peer peer(scripts);
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(fast(peer.url()));
        conats::subscribe_options confirmed;
        confirmed.confirm(true);
        const auto subscribe = [&]() -> asio::awaitable<void> {
            auto sub = co_await nc.subscribe("a", confirmed);
        };
        const auto measure = [&]() -> asio::awaitable<void> { (void)co_await nc.rtt(); };
        beside subscribing;
        beside measuring;
        beside flushing;
        subscribing.start(executor, subscribe());
        measuring.start(executor, measure());
        flushing.start(executor, nc.flush(1h));
        const bool sent = co_await async_eventually(
            [&] { return peer.received(0).ends_with("PING\r\nPING\r\nPING\r\n"); });
        CHECK(sent);
        peer.proceed();
        const bool back = co_await reconnects(nc, 1);
        REQUIRE(back);
        co_await turns(10);
        for (const beside* each : {&subscribing, &measuring, &flushing}) {
            CHECK(each->over);
            CHECK(each->code == errc::disconnected);
        }
        CHECK(nc.statistics().subscriptions == 0);
        co_await nc.flush();
    });
}

TEST_CASE("D11 a request that was not written when the connection is lost says so") {
    nats_server first;
    nats_server second;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto reader = co_await conats::connect(second.url());
        auto unheard = co_await reader.subscribe("unheard");
        co_await reader.flush();
        conats::connect_options o = fast(first.url() + "," + second.url());
        o.retain_order(true).send_buffer_size(64 << 10).write_timeout(1h);
        auto nc = co_await conats::connect(o);
        first.pause();
        // Until the kernel takes no more.
        std::uint64_t waiting = 0;
        while (waiting < 1'000'000) {
            CHECK_FALSE(nc.try_publish("n", std::string(50'000, 'x')));
            co_await pause(1ms);
            waiting = nc.statistics().outbox_bytes;
        }
        conats::error e;
        const auto ask = [&]() -> asio::awaitable<void> {
            auto m = co_await nc.request("unheard", "", 1h, e);
        };
        beside asking;
        asking.start(executor, ask());
        co_await turns(3);
        CHECK_FALSE(nc.force_reconnect());
        const bool back = co_await reconnects(nc, 1);
        REQUIRE(back);
        const bool over = co_await async_eventually([&] { return asking.over; });
        CHECK(over);
        CHECK(e.code() == errc::disconnected);
        CHECK_FALSE(e.was_written());
        // It does not reach the next server.
        CHECK(nc.connected_url() == second.url());
        co_await nc.flush(scaled(10s));
        co_await reader.flush(scaled(10s));
        CHECK_FALSE(unheard.try_next());
        first.resume();
    });
}

TEST_CASE("D11 a request ends within 50 ms of its server's death") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        const auto most = scaled(50ms);
        auto best = test_clock::duration::max(); // the machine may be busy with something else
        for (int time = 0; time != 5 && best >= most; ++time) {
            auto nc = co_await conats::connect(fast(server.url()));
            auto silent = co_await nc.subscribe("silent");
            auto pending = nc.request("silent", "", 60s);
            co_await nc.flush();
            server.kill(); // returns when it is gone, and its sockets are closed
            const auto begin = test_clock::now();
            conats::error_code code;
            try {
                auto reply = co_await std::move(pending);
            } catch (const conats::system_error& error) {
                code = error.code();
            }
            best = std::min(best, test_clock::now() - begin);
            CHECK(code == errc::disconnected);
            co_await nc.close();
            server.start();
        }
        CHECK(best < most);
    });
}

TEST_CASE("F01 closing ends the pause between attempts, and what waits") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        conats::connect_options o = fast(server.url());
        o.when_offline(conats::offline_policy::wait).offline_timeout(1h);
        auto nc = co_await stranded(server, o);
        auto sub = co_await nc.subscribe("a");
        const auto read = [&]() -> asio::awaitable<void> {
            auto m = co_await sub.next();
            CHECK_FALSE(m);
        };
        beside reading;
        beside publishing;
        reading.start(executor, read());
        publishing.start(executor, nc.publish("a", "x"));
        co_await turns(3);
        CHECK_FALSE(publishing.over);
        co_await with_timeout(nc.close(), 5s);
        const bool over =
            co_await async_eventually([&] { return reading.over && publishing.over; });
        CHECK(over);
        CHECK(publishing.code == errc::closed);
        CHECK(sub.end_reason().code() == errc::closed);
        CHECK(nc.close_reason().code() == errc::closed);
    });
}

TEST_CASE("F01 a client that nobody holds any more stops reconnecting") {
    nats_server server;
    const auto begin = test_clock::now();
    // run() fails if anything stays in the context.
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await stranded(server, fast(server.url()));
        CHECK_FALSE(nc.try_publish("a", "never sent"));
    });
    CHECK(test_clock::now() - begin < scaled(15s));
}

TEST_CASE("F01 closing ends an attempt under way") {
    std::vector<peer_script> scripts;
    scripts.emplace_back([](peer_session& s) {
        s.handshake();
        s.wait_for_test();
    });
    scripts.emplace_back([](peer_session& s) { s.wait_closed(); });
    scripted_peer peer(peer_options().step_deadline(30s), scripts);
    const bool drop = GENERATE(false, true);
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(peer.url());
        auto nc = co_await conats::connect(o.connect_timeout(1h));
        peer.proceed();
        const bool dialling = co_await async_eventually([&] { return peer.connections() == 2; });
        REQUIRE(dialling);
        co_await turns(5);
        CHECK(nc.status() == status::reconnecting);
        if (drop)
            nc = conats::client();
        else
            co_await with_timeout(nc.close(), 5s);
    });
    CHECK(peer.result(2) == "ok");
}

TEST_CASE("F12 a publisher that waits for a connection can be cancelled; its message is kept") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        conats::connect_options o = fast(server.url());
        o.when_offline(conats::offline_policy::wait).offline_timeout(1h);
        auto nc = co_await stranded(server, o);
        auto sub = co_await nc.subscribe("a");
        asio::cancellation_signal signal;
        beside publishing;
        publishing.start(executor, nc.publish("a", "x"), signal.slot());
        co_await turns(3);
        CHECK_FALSE(publishing.over);
        signal.emit(asio::cancellation_type::terminal);
        const bool over = co_await async_eventually([&] { return publishing.over; });
        CHECK(over);
        CHECK(publishing.code == asio::error::operation_aborted);
        server.start();
        CHECK_FALSE(nc.force_reconnect());
        auto m = co_await sub.next(scaled(5s));
        CHECK(m->text() == "x");
    });
}

TEST_CASE("F01 a context may be destroyed while its client reconnects") {
    nats_server server;
    std::optional<conats::client> nc;
    std::optional<conats::subscription> sub;
    {
        asio::io_context context;
        const auto begin = [&]() -> asio::awaitable<void> {
            nc = co_await stranded(server, fast(server.url()));
            sub = co_await nc->subscribe("a");
            (void)co_await sub->next();
        };
        asio::co_spawn(context, begin(), [](const std::exception_ptr&) {});
        const bool lost = eventually([&] {
            (void)context.poll();
            return sub.has_value();
        });
        CHECK(lost);
    }
    CHECK(nc->try_publish("a", "x").code() == errc::closed);
    CHECK(nc->force_reconnect().code() == errc::closed);
    CHECK(nc->status() == status::closed);
}

TEST_CASE("F19 a client without a first connection closes when it is refused twice") {
    nats_server server("authorization { token: \"right\" }");
    server.stop();
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(server.url());
        auto nc = co_await conats::connect(o.token("wrong").retry_on_failed_connect(true));
        CHECK(nc.status() == status::reconnecting);
        server.start();
        const bool closed = co_await reaches(nc, status::closed);
        CHECK(closed);
        CHECK(nc.close_reason().code() == errc::authorization_violation);
    });
}

TEST_CASE("F20 what happens is told in order, with the reason and the server") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(server.url()));
        auto events = nc.events();
        server.kill();
        std::string log;
        const auto note = [&](const conats::event& e) {
            if (e.kind() == conats::event_kind::connect_failed) {
                CHECK(e.what().code() == errc::connection_refused);
                CHECK(e.what().what().find(server.address()) != std::string::npos);
                CHECK(e.status() == status::reconnecting);
                if (log.ends_with("failed "))
                    return;
            }
            if (e.status() == status::disconnected &&
                e.kind() == conats::event_kind::status_changed)
                CHECK(e.what() == conats::condition::disconnected);
            log.append(e.kind() == conats::event_kind::connect_failed
                           ? "failed"
                           : conats::to_string(e.status()))
                .append(" ");
        };
        while (log.find("failed") == std::string::npos) {
            auto e = co_await events.next();
            note(*e);
        }
        server.start();
        const bool back = co_await reconnects(nc, 1);
        REQUIRE(back);
        for (const auto& e : take_events(events))
            note(e);
        CHECK(log == "connected disconnected reconnecting failed connected ");
    });
}

TEST_CASE("B20 while draining there is no reconnecting: a lost connection is the end") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        gate held(executor);
        auto nc = co_await conats::connect(fast(server.url()));
        auto events = nc.events();
        auto slow =
            nc.on("a", [&](conats::message) -> asio::awaitable<void> { co_await held.pass(); });
        co_await nc.publish("a", "x");
        const bool working = co_await async_eventually([&] { return held.waiting() == 1; });
        REQUIRE(working);
        beside draining;
        draining.start(executor, nc.drain());
        const bool began = co_await reaches(nc, status::draining_subs);
        CHECK(began);
        CHECK(nc.force_reconnect().code() == errc::closed);
        server.kill();
        const bool over = co_await async_eventually([&] { return draining.over; });
        CHECK(over);
        CHECK(draining.code == errc::disconnected);
        held.open();
        const bool closed = co_await async_eventually(
            [&] { return nc.status() == status::closed && held.waiting() == 0; });
        CHECK(closed);
        CHECK(statuses(take_events(events)) == "connected draining_subs disconnected closed");
    });
}
