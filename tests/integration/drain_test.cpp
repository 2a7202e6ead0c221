// SPDX-License-Identifier: Apache-2.0
// Draining subscriptions and connections.
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>

#include <future>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

/// A number of a closed connection, as the server counted it; -1 where it knows of none.
std::int64_t closed_connection(const nats_server& server, std::string_view name,
                               std::string_view field) {
    const auto connz = server.monitor().get("/connz?state=closed");
    for (const auto& c : connz.at("connections").as_array()) {
        const auto* own = c.as_object().if_contains("name");
        if (own != nullptr && own->as_string() == name)
            return c.at(field).to_number<std::int64_t>();
    }
    return -1;
}

} // namespace

TEST_CASE("C19 drain with a slow handler and a publisher: all that was sent is handled, answered") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        conats::connect_options options(server.url());
        options.name("worker");
        auto nc = co_await conats::connect(options);
        conats::connect_options plain(server.url());
        plain.no_responders(false); // nobody is there after the drain
        auto other = co_await conats::connect(plain);
        int handled = 0;
        int refused = 0;
        int missed = 0; // messages that were not the next
        const auto handler = [&](conats::message m) -> asio::awaitable<void> {
            if (handled % 100 == 0) {
                asio::steady_timer timer(co_await asio::this_coro::executor);
                timer.expires_after(1ms);
                co_await timer.async_wait(asio::use_awaitable);
            }
            missed += m.text() == std::to_string(handled) ? 0 : 1;
            refused += m.try_respond("done") ? 1 : 0;
            ++handled;
        };
        auto slow = nc.on("work", handler);
        auto loop = co_await nc.subscribe("work");
        int looped = 0;
        const auto read = [&]() -> asio::awaitable<void> {
            while (auto m = co_await loop.next())
                missed += m->text() == std::to_string(looped++) ? 0 : 1;
        };
        auto answers = co_await other.subscribe("answers");
        co_await nc.flush();
        asio::co_spawn(executor, read(), asio::detached);
        bool stop = false;
        bool stopped = false;
        const auto publish = [&]() -> asio::awaitable<void> {
            conats::publish_options o;
            o.reply("answers");
            int number = 0;
            while (!stop) {
                for (int i = 0; i != 10; ++i)
                    co_await other.publish("work", std::to_string(number++), o);
                co_await other.flush(); // not much faster than the handler
            }
            stopped = true;
        };
        asio::co_spawn(executor, publish(), asio::detached);
        const bool busy = co_await async_eventually([&] { return handled > 1000; });
        CHECK(busy);
        co_await nc.drain();
        stop = true;
        const bool ended = co_await async_eventually([&] { return stopped; });
        CHECK(ended);
        CHECK(refused == 0);
        CHECK(missed == 0);
        // The server may pass a message on between the two UNSUBs, of which the loop's is second.
        CHECK(looped >= handled);
        const auto sent = [&] { return closed_connection(server, "worker", "out_msgs"); };
        const bool listed = co_await async_eventually([&] { return sent() >= 0; });
        CHECK(listed);
        CHECK(sent() == handled + looped);
        CHECK(closed_connection(server, "worker", "in_msgs") == handled);
        co_await other.flush();
        int answered = 0;
        while (answers.try_next())
            ++answered;
        CHECK(answered == handled);
        CHECK(slow.end_reason().code() == errc::drained);
        CHECK(loop.end_reason().code() == errc::drained);
        CHECK(nc.close_reason().code() == errc::drained);
        CHECK(nc.try_publish("work", "").code() == errc::closed);
    });
}

TEST_CASE("C19 requests of handlers are answered while the connection drains") {
    const bool own_inboxes = GENERATE(false, true);
    CAPTURE(own_inboxes);
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.unique_inboxes(own_inboxes);
        auto nc = co_await conats::connect(o);
        auto other = co_await conats::connect(server.url());
        const auto echo = [](const conats::message& m) { m.try_respond(m.text()); };
        auto service = other.on("echo", echo);
        co_await other.flush();
        int right = 0;
        conats::status last = conats::status::disconnected;
        const auto handler = [&](conats::message m) -> asio::awaitable<void> {
            auto reply = co_await nc.request("echo", m.text());
            last = nc.status();
            right += reply.text() == m.text() ? 1 : 0;
        };
        auto sub = nc.on("work", handler);
        for (int i = 0; i != 200; ++i)
            co_await nc.publish("work", std::to_string(i));
        co_await nc.drain();
        CHECK(right == 200);
        CHECK(last == conats::status::draining_subs);
    });
}

TEST_CASE("C19, S65 a drain that takes too long is a timeout and closes") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        gate never(co_await asio::this_coro::executor);
        conats::connect_options options(server.url());
        options.drain_timeout(200ms);
        auto nc = co_await conats::connect(options);
        const auto handler = [&](conats::message) -> asio::awaitable<void> {
            co_await never.pass();
        };
        auto sub = nc.on("work", handler);
        co_await nc.publish("work", "");
        const bool busy = co_await async_eventually([&] { return never.waiting() == 1; });
        CHECK(busy);
        const auto begin = std::chrono::steady_clock::now();
        conats::error e;
        co_await nc.drain(e);
        CHECK(e.code() == errc::timeout);
        const auto took = std::chrono::steady_clock::now() - begin;
        CHECK(took >= 200ms);
        CHECK(took < 200ms + scaled(500ms));
        CHECK(nc.status() == conats::status::closed);
        CHECK(nc.close_reason().code() == errc::timeout);
        bool thrown = false;
        try {
            co_await nc.drain();
        } catch (const conats::system_error& failure) {
            thrown = failure.code() == errc::timeout || failure.code() == errc::closed;
        }
        CHECK(thrown);
        never.open();
        const bool released = co_await async_eventually([&] { return never.waiting() == 0; });
        CHECK(released);
        CHECK(conats::connect_options().drain_timeout() == 30s);
    });
}

TEST_CASE("C18 P2.38 a drain ends at the PONG behind its UNSUB, with what came before it") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        const std::string sid = s.expect_subscribe().back();
        s.expect("UNSUB " + sid);
        s.expect("PING");
        s.wait_for_test();
        for (int i = 0; i != 3; ++i)
            s.send_message("a", sid, std::to_string(i));
        s.send("PONG\r\n");
        s.send_message("a", sid, "late");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(peer.url());
        auto sub = co_await nc.subscribe("a");
        bool drained = false;
        const auto drain = [&]() -> asio::awaitable<void> {
            co_await sub.drain();
            drained = true;
        };
        asio::co_spawn(executor, drain(), asio::detached);
        const auto asked = [&] {
            return peer.received().find("UNSUB 1\r\nPING\r\n") != std::string::npos;
        };
        const bool sent = co_await async_eventually(asked);
        CHECK(sent);
        co_await turns(100);
        CHECK_FALSE(drained);
        CHECK(sub.active());
        peer.proceed();
        for (int i = 0; i != 3; ++i) {
            auto m = co_await sub.next(5s);
            CHECK(m->text() == std::to_string(i));
        }
        auto end = co_await sub.next(5s);
        CHECK_FALSE(end);
        const bool ended = co_await async_eventually([&] { return drained; });
        CHECK(ended);
        CHECK(sub.end_reason().code() == errc::drained);
        co_await nc.flush();
        end = co_await sub.next(5s);
        CHECK_FALSE(end);
        CHECK(peer.result() == "ok");
    });
}

TEST_CASE("C19 P2.38 what subscriptions that ended before still handle is waited for") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        gate closed(executor);
        auto nc = co_await conats::connect(server.url());
        int handled = 0;
        int refused = 0;
        const auto handler = [&](conats::message m) -> asio::awaitable<void> {
            co_await closed.pass();
            refused += m.try_respond("") ? 1 : 0;
            ++handled;
        };
        conats::subscribe_options three;
        three.max_messages(3);
        auto by_drain = nc.on("a", handler);
        auto by_count = nc.on("a", handler, three);
        conats::publish_options o;
        o.reply("answers");
        for (int i = 0; i != 3; ++i)
            co_await nc.publish("a", "x", o);
        co_await nc.flush();
        int ended = 0;
        const auto drain = [&]() -> asio::awaitable<void> {
            co_await by_drain.drain();
            ++ended;
        };
        asio::co_spawn(executor, drain(), asio::detached);
        co_await turns(1);
        co_await nc.flush(); // its barrier has passed, its handler has not ended
        CHECK(by_count.end_reason().code() == errc::max_messages_reached);
        const auto drain_all = [&]() -> asio::awaitable<void> {
            co_await nc.drain();
            ++ended;
        };
        asio::co_spawn(executor, drain_all(), asio::detached);
        const auto draining = [&] { return nc.status() == conats::status::draining_subs; };
        const bool began = co_await async_eventually(draining);
        CHECK(began);
        conats::error e;
        co_await nc.flush(5s, e); // the drain's barrier has passed as well
        CHECK_FALSE(e);
        CHECK(handled == 0);
        closed.open();
        const bool all = co_await async_eventually([&] { return ended == 2; });
        CHECK(all);
        CHECK(handled == 6);
        CHECK(refused == 0);
    });
}

TEST_CASE("drain of what ends by count while the client drains waits for its handler") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(server.url());
        gate closed(executor);
        int handled = 0;
        const auto handler = [&](conats::message) -> asio::awaitable<void> {
            co_await closed.pass();
            ++handled;
        };
        conats::subscribe_options three;
        three.max_messages(3);
        auto sub = nc.on("a", handler, three);
        for (int i = 0; i != 3; ++i)
            co_await nc.publish("a", "x");
        int ended = 0;
        const auto drain_all = [&]() -> asio::awaitable<void> {
            co_await nc.drain();
            ++ended;
        };
        const auto drain = [&]() -> asio::awaitable<void> {
            co_await sub.drain();
            CHECK(handled == 3);
            ++ended;
        };
        asio::co_spawn(executor, drain_all(), asio::detached);
        asio::co_spawn(executor, drain(), asio::detached);
        co_await turns(1);
        co_await nc.flush(); // the barriers of both have passed
        CHECK(sub.end_reason().code() == errc::max_messages_reached);
        CHECK(ended == 0);
        closed.open();
        const bool all = co_await async_eventually([&] { return ended == 2; });
        CHECK(all);
    });
}

TEST_CASE("drain returns after the last of several handlers that run at once") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        int running = 0;
        int handled = 0;
        const auto slow = [&](conats::message) -> asio::awaitable<void> {
            ++running;
            asio::steady_timer timer(co_await asio::this_coro::executor, 20ms);
            co_await timer.async_wait(asio::use_awaitable);
            --running;
            ++handled;
        };
        conats::subscribe_options three;
        three.max_concurrent(3);
        auto sub = nc.on("a", slow, three);
        for (int i = 0; i != 3; ++i)
            co_await nc.publish("a", "x");
        const bool all_run = co_await async_eventually([&] { return running == 3; });
        CHECK(all_run);
        // The runner waits for a message when the end comes.
        co_await sub.drain();
        CHECK(handled == 3);

        auto other = nc.on("a", slow, three);
        for (int i = 0; i != 10; ++i)
            co_await nc.publish("a", "x");
        co_await nc.drain();
        CHECK(handled == 13);
    });
}

TEST_CASE("P2.92, C19 what is published while a drained client sends its last is refused as "
          "draining, on the real server") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto other = co_await conats::connect(server.url());
        auto answers = co_await other.subscribe("answers");
        co_await other.flush();
        auto nc = co_await conats::connect(proxy.url());
        gate held(executor);
        const auto handler = [&](conats::message m) -> asio::awaitable<void> {
            co_await held.pass();
            co_await m.respond("the last");
        };
        auto sub = nc.on("work", handler);
        co_await nc.flush();
        conats::publish_options to_answers;
        to_answers.reply("answers");
        co_await other.publish("work", "", to_answers);
        const bool handling = co_await async_eventually([&] { return held.waiting() == 1; });
        REQUIRE(handling);
        const std::size_t pongs = proxy.lines_from_server("PONG");
        auto drained = asio::co_spawn(executor, nc.drain(), asio::use_future);
        // The server has unsubscribed; only the handler is waited for.
        const bool unsubscribed =
            co_await async_eventually([&] { return proxy.lines_from_server("PONG") > pongs; });
        CHECK(unsubscribed);
        CHECK(nc.status() == conats::status::draining_subs);
        CHECK_FALSE(nc.try_publish("answers", "still taken"));
        proxy.stall(flow::to_client);
        held.open();
        const bool last =
            co_await async_eventually([&] { return nc.status() == conats::status::draining_pubs; });
        REQUIRE(last);
        const auto refused = nc.try_publish("answers", "late");
        CHECK(refused.code() == errc::draining);
        CHECK(refused.text() == "publish: the client is draining");
        proxy.resume(flow::to_client);
        const bool ended = co_await async_eventually(
            [&] { return drained.wait_for(0s) == std::future_status::ready; });
        REQUIRE(ended);
        CHECK_NOTHROW(drained.get());
        CHECK(nc.try_publish("answers", "late").code() == errc::closed);
        co_await other.flush();
        for (const char* text : {"still taken", "the last"}) {
            auto m = co_await answers.next(scaled(5s));
            REQUIRE(m);
            CHECK(m->text() == text);
        }
        CHECK_FALSE(answers.try_next());
    });
}
