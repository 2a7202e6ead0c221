// SPDX-License-Identifier: Apache-2.0
// Where limits, ends and threads meet.
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <conats/conats.hpp>

#include <boost/asio/detached.hpp>

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

TEST_CASE("B24 a request's reply subject counts toward the control line") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        conats::error e;
        for (std::size_t size = 3900; size != 4100; ++size) {
            auto m = co_await nc.request(std::string(size, 's'), "", 5s, e);
            CHECK((e == errc::no_responders || e == errc::control_line_too_long));
        }
        CHECK(e == errc::control_line_too_long);
        co_await nc.flush();
    });
    run([&]() -> asio::awaitable<void> {
        conats::error e;
        conats::connect_options o(server.url());
        o.inbox_prefix(std::string(4080, 'p'));
        auto nc = co_await conats::connect(o, e);
        CHECK(e == errc::invalid_options);
        o.inbox_prefix(std::string(4000, 'p'));
        nc = co_await conats::connect(o);
        auto m = co_await nc.request("nobody", "", 5s, e);
        CHECK(e == errc::no_responders);
    });
}

TEST_CASE("A drain of a handler waits for its last message, however its subscription ended") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        int started = 0;
        int handled = 0;
        const auto slow = [&](conats::message) -> asio::awaitable<void> {
            ++started;
            asio::steady_timer timer(co_await asio::this_coro::executor, 10ms);
            co_await timer.async_wait(asio::use_awaitable);
            ++handled;
        };
        // By its maximum, before the drain and meanwhile.
        for (const bool before : {true, false}) {
            started = handled = 0;
            conats::subscribe_options three;
            three.max_messages(3);
            auto sub = nc.on("a", slow, three);
            for (int i = 0; i != 3; ++i)
                co_await nc.publish("a", "x");
            if (before) {
                const bool begun = co_await async_eventually([&] { return started != 0; });
                CHECK(begun);
            }
            co_await sub.drain();
            CHECK(handled == 3);
        }
        // By another drain.
        handled = 0;
        auto sub = nc.on("b", slow);
        for (int i = 0; i != 3; ++i)
            co_await nc.publish("b", "x");
        auto executor = co_await asio::this_coro::executor;
        asio::co_spawn(executor, sub.drain(), asio::detached);
        co_await nc.flush();
        co_await sub.drain();
        CHECK(handled == 3);
        // By the client's.
        handled = 0;
        auto other = nc.on("c", slow);
        for (int i = 0; i != 3; ++i)
            co_await nc.publish("c", "x");
        asio::co_spawn(executor, nc.drain(), asio::detached);
        co_await other.drain();
        CHECK(handled == 3);
    });
}

TEST_CASE("A context that never ran is destroyed while another waits for its connect") {
    nats_server server;
    asio::io_context waiting;
    conats::error_code code;
    std::optional<asio::io_context> context;
    context.emplace();
    asio::co_spawn(waiting, conats::connect(context->get_executor(), server.url()),
                   [&](const std::exception_ptr& thrown, const conats::client&) {
                       try {
                           std::rethrow_exception(thrown);
                       } catch (const boost::system::system_error& e) {
                           code = e.code();
                       }
                   });
    waiting.poll();
    context.reset();
    waiting.restart();
    waiting.run_for(scaled(5s));
    CHECK(code == errc::closed);
}

TEST_CASE("A provider or resolver that throws what is no exception fails the attempt") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        const auto provider = [](conats::auth_request) -> asio::awaitable<conats::secret> {
            throw 42;
            co_return conats::secret();
        };
        const auto resolver = [](std::string) -> asio::awaitable<std::vector<std::string>> {
            throw 42;
            co_return std::vector<std::string>();
        };
        conats::error e;
        conats::connect_options o(server.url());
        o.token_provider(provider);
        auto nc = co_await conats::connect(o, e);
        CHECK(e == errc::provider_failed);
        conats::connect_options named("somewhere.example");
        named.resolver(resolver);
        nc = co_await conats::connect(named, e);
        CHECK(e == errc::host_not_found);
    });
}

TEST_CASE("S88 the longest timeouts are for ever") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        constexpr auto forever = std::chrono::nanoseconds::max();
        conats::connect_options o(server.url());
        o.connect_timeout(forever).write_timeout(forever).drain_timeout(forever);
        o.close_timeout(forever);
        auto nc = co_await conats::connect(o);
        const auto echo = [](const conats::message& m) { m.try_respond(m.text()); };
        auto service = nc.on("echo", echo);
        auto sub = co_await nc.subscribe("a");
        co_await nc.flush(forever);
        auto reply = co_await nc.request("echo", "1", forever);
        CHECK(reply.text() == "1");
        const auto late = [](conats::client c) -> asio::awaitable<void> {
            asio::steady_timer timer(co_await asio::this_coro::executor, 10ms);
            co_await timer.async_wait(asio::use_awaitable);
            co_await c.publish("a", "x");
        };
        auto executor = co_await asio::this_coro::executor;
        asio::co_spawn(executor, late(nc), asio::detached);
        auto m = co_await sub.next(forever);
        CHECK(m->text() == "x");
        co_await nc.drain();
    });
}

TEST_CASE("next with no time left lets others bring messages") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto sub = co_await nc.subscribe("a");
        co_await nc.publish("a", "x");
        conats::error e;
        std::optional<conats::message> m;
        const deadline end(5s);
        while (!m && !end.passed())
            m = co_await sub.next(0ns, e);
        CHECK(m.has_value());
    });
}

TEST_CASE("The shortest timeout is over at once, the highest mark never reached") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.high_water_mark(std::numeric_limits<std::size_t>::max());
        auto nc = co_await conats::connect(o);
        auto sub = co_await nc.subscribe("a");
        conats::error e;
        auto m = co_await sub.next(std::chrono::nanoseconds::min(), e);
        CHECK(e == errc::timeout);
        const std::string large(std::size_t{1} << 20U, 'x');
        for (int i = 0; i != 12; ++i)
            CHECK_FALSE(nc.try_publish("b", large)); // 8 MiB would be above a mark of nothing
        co_await nc.flush();
    });
}

TEST_CASE("Requests end at once where the server refuses their inbox") {
    nats_server server("authorization { users: [ { user: u, password: p, permissions: { "
                       "publish: \">\", subscribe: { deny: \"_INBOX.>\" } } } ] }");
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url("u:p"));
        auto silent = co_await nc.subscribe("silent");
        conats::error e;
        for (int i = 0; i != 3; ++i) {
            auto m = co_await nc.request("silent", "", 10s, e);
            CHECK(e == errc::permission_denied);
        }
        CHECK(nc.status() == conats::status::connected);
    });
}

TEST_CASE("A request with an own inbox tells whether it was sent, and its subject") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.unique_inboxes(true);
        auto nc = co_await conats::connect(o);
        auto silent = co_await nc.subscribe("silent");
        conats::error e;
        auto m = co_await nc.request("silent", "", 20ms, e);
        CHECK(e == errc::timeout);
        CHECK(e.was_written());
        CHECK(e.subject() == "silent");
        m = co_await nc.request("nobody", "", 5s, e);
        CHECK(e == errc::no_responders);
        CHECK(e.was_written());
    });
}

TEST_CASE("Stale connections are noticed after a pause of reading") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        const auto sub = s.expect_subscribe();
        for (int i = 0; i != 10; ++i)
            s.send_message("a", sub.back(), "x");
        s.wait_for_test(); // answers no PING
    });
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(peer.url());
        o.ping_interval(50ms).max_pings_outstanding(1).close_timeout(1ms).max_reconnects(0);
        auto nc = co_await conats::connect(o);
        conats::subscribe_options waits;
        waits.pending_limits(1, 0).on_overflow(conats::overflow::wait).max_pause(20ms);
        auto sub = co_await nc.subscribe("a", waits);
        auto events = nc.events();
        while (auto event = co_await events.next()) {}
        CHECK(nc.close_reason() == errc::disconnected);
    });
}
