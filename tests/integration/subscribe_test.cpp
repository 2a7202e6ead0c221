// SPDX-License-Identifier: Apache-2.0
// What a subscription delivers, what it tells of itself, and how it ends.
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"

#include <boost/asio/detached.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cstring>
#include <future>
#include <random>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::subscription_status;

namespace {

/// The changes of subscriptions' states among the events that are there.
std::vector<conats::event> state_changes(conats::event_stream& stream) {
    auto all = take_events(stream);
    std::erase_if(
        all, [](const auto& e) { return e.kind() != conats::event_kind::subscription_changed; });
    return all;
}

std::vector<subscription_status> states(const std::vector<conats::event>& changes) {
    std::vector<subscription_status> all;
    for (const auto& e : changes)
        all.push_back(e.subscription_state());
    return all;
}

} // namespace

TEST_CASE("C12 S38 empty tokens, misplaced wildcards and blanks are refused in every form") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options options(server.url());
        options.name("subscriber");
        auto nc = co_await conats::connect(options);
        for (const char* subject :
             {"a..b", ".", "a.>.b", "foo bar", "", ".a", "a.", ">.a", "..", "a.>.", "*..>"}) {
            INFO("\"" << subject << "\"");
            conats::error e;
            auto sub = co_await nc.subscribe(subject, conats::subscribe_options(), e);
            CHECK(e.code() == errc::invalid_subject);
            CHECK_FALSE(sub);
            const auto handled = nc.on(subject, [](const conats::message&) {});
            CHECK(handled.end_reason().code() == errc::invalid_subject);
            const conats::subscription made(nc, subject);
            CHECK(made.end_reason().code() == errc::invalid_subject);
            bool thrown = false;
            try {
                co_await made.ready();
            } catch (const conats::system_error& failure) {
                thrown = failure.code() == errc::invalid_subject;
            }
            CHECK(thrown);
        }
        for (const char* name : {"q r", "q\r\nSUB x 9", " ", "q\t"}) {
            conats::subscribe_options group;
            group.queue_group(name);
            conats::error e;
            auto sub = co_await nc.subscribe("a", group, e);
            CHECK(e.code() == errc::invalid_queue_group);
        }
        co_await nc.flush();
        CHECK(server.monitor().subscriptions("subscriber") == 0);
        std::vector<conats::subscription> accepted;
        for (const char* subject : {">", "*", "a.*.b", "a.>", "*.*.>"})
            accepted.emplace_back(nc, subject);
        co_await nc.flush();
        CHECK(server.monitor().subscriptions("subscriber") == 5);
    });
}

TEST_CASE("C14 a million messages in order, then the end and its reason") {
    nats_server server;
    run(
        [&]() -> asio::awaitable<void> {
            constexpr std::uint32_t count = sanitized ? 100'000 : 1'000'000;
            auto executor = co_await asio::this_coro::executor;
            auto nc = co_await conats::connect(server.url());
            conats::subscribe_options o;
            o.pending_limits(0, 0).max_messages(count);
            auto sub = co_await nc.subscribe("n", o);
            const auto publish = [&]() -> asio::awaitable<void> {
                for (std::uint32_t i = 0; i != count; ++i)
                    co_await nc.publish("n", conats::payload_view(&i, sizeof i));
            };
            asio::co_spawn(executor, publish(), asio::detached);
            std::uint32_t got = 0;
            std::uint32_t wrong = 0;
            while (auto m = co_await sub.next()) {
                std::uint32_t n = 0;
                if (m->payload().size() == sizeof n)
                    std::memcpy(&n, m->payload().data(), sizeof n);
                wrong += n != got++;
            }
            CHECK(got == count);
            CHECK(wrong == 0);
            CHECK(sub.end_reason().code() == errc::max_messages_reached);
            auto after = co_await sub.next();
            CHECK_FALSE(after);
        },
        60s);
}

TEST_CASE("C16 unsubscribing under fire: not one message after it, any number of times") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        conats::connect_options options(server.url());
        options.name("subscriber");
        auto nc = co_await conats::connect(options);
        auto other = co_await conats::connect(server.url());
        int handled = 0;
        auto by_handler = nc.on("fire", [&](const conats::message&) { ++handled; });
        auto by_loop = co_await nc.subscribe("fire");
        auto stays = co_await nc.subscribe("fire");
        bool stop = false;
        bool stopped = false;
        int published = 0;
        const auto publish = [&]() -> asio::awaitable<void> {
            while (!stop) {
                co_await other.publish("fire", "x");
                ++published;
            }
            stopped = true;
        };
        co_await nc.flush();
        asio::co_spawn(executor, publish(), asio::detached);
        for (int i = 0; i < 1000 || handled == 0; ++i)
            auto m = co_await by_loop.next(5s);
        for (int i = 0; i != 3; ++i) {
            by_loop.unsubscribe();
            by_handler.unsubscribe();
        }
        const int handled_then = handled;
        CHECK(handled_then > 0);
        CHECK_FALSE(by_loop.try_next());
        auto none = co_await by_loop.next();
        CHECK_FALSE(none);
        CHECK(by_loop.end_reason().code() == errc::unsubscribed);
        CHECK_FALSE(by_loop.active());
        for (int i = 0; i != 3000; ++i)
            auto m = co_await stays.next(5s);
        stop = true;
        const bool ended = co_await async_eventually([&] { return stopped; });
        CHECK(ended);
        co_await other.flush();
        co_await nc.flush();
        CHECK(handled == handled_then);
        none = co_await by_loop.next();
        CHECK_FALSE(none);
        by_loop.unsubscribe();
        co_await nc.flush();
        CHECK(server.monitor().subscriptions("subscriber") == 1);
        CHECK(nc.statistics().subscriptions == 1);
        int got = 3000;
        while (stays.try_next())
            ++got;
        CHECK(got == published);
    });
}

TEST_CASE("C15 P2.42 a handler that sleeps at random sees its messages one by one and in order") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        std::mt19937 random(1);
        int running = 0;
        int most = 0;
        int handled = 0;
        bool in_order = true;
        const auto handler = [&](conats::message m) -> asio::awaitable<void> {
            most = std::max(most, ++running);
            asio::steady_timer timer(co_await asio::this_coro::executor);
            timer.expires_after(std::chrono::microseconds(random() % 3000));
            co_await timer.async_wait(asio::use_awaitable);
            in_order = in_order && m.text() == std::to_string(handled);
            ++handled;
            --running;
        };
        auto sub = nc.on("n", handler);
        for (int i = 0; i != 500; ++i)
            co_await nc.publish("n", std::to_string(i));
        co_await sub.drain();
        CHECK(in_order);
        CHECK(handled == 500);
        CHECK(most == 1);
    });
}

TEST_CASE("C25 a subscription is active, slow, active again, draining and closed") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto events = nc.events();
        conats::subscribe_options limited;
        limited.pending_limits(10, 0);
        auto sub = co_await nc.subscribe("s", limited);
        for (int i = 0; i != 20; ++i)
            co_await nc.publish("s", "x");
        co_await nc.flush();
        while (sub.try_next()) {}
        co_await nc.publish("s", "x");
        co_await nc.flush();
        CHECK(sub.active());
        co_await sub.drain();
        CHECK_FALSE(sub.active());
        const auto changes = state_changes(events);
        const std::vector<subscription_status> expected(
            {subscription_status::active, subscription_status::slow, subscription_status::active,
             subscription_status::draining, subscription_status::closed});
        CHECK(states(changes) == expected);
        CHECK(changes.at(1).what().code() == errc::messages_dropped);
        CHECK(changes.at(4).what().code() == errc::drained);
        for (const auto& e : changes)
            CHECK(e.what().subject() == "s");
    });
}

TEST_CASE("C25 why a subscription closed") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto events = nc.events();
        const auto reason_of_last = [&] {
            const auto changes = state_changes(events);
            const bool closed = !changes.empty() &&
                                changes.back().subscription_state() == subscription_status::closed;
            return closed ? changes.back().what().code() : conats::error_code();
        };
        auto sub = co_await nc.subscribe("a");
        sub.unsubscribe();
        CHECK(reason_of_last() == errc::unsubscribed);
        sub = co_await nc.subscribe("a", conats::subscribe_options().max_messages(2));
        for (int i = 0; i != 3; ++i)
            co_await nc.publish("a", "");
        co_await nc.flush();
        CHECK(reason_of_last() == errc::max_messages_reached);
        sub = co_await nc.subscribe("a");
        for (int i = 0; i != 3; ++i)
            co_await nc.publish("a", "");
        co_await nc.flush();
        sub.auto_unsubscribe(3); // it has them already
        CHECK(sub.end_reason().code() == errc::max_messages_reached);
        CHECK(reason_of_last() == errc::max_messages_reached);
        sub = co_await nc.subscribe("a");
        co_await nc.close();
        CHECK(sub.end_reason().code() == errc::closed);
        CHECK(reason_of_last() == errc::closed);
    });
}

TEST_CASE("C30 payloads are views of the read buffer, as far apart as on the wire") {
    std::string frames;
    for (std::size_t size = 100; size != 150; ++size)
        frames += "MSG a 1 " + std::to_string(size) + "\r\n" + std::string(size, 'x') + "\r\n";
    scripted_peer peer([&](peer_session& s) {
        s.handshake();
        if (s.expect_subscribe().back() != "1")
            s.fail("the first subscription is not number 1");
        s.send(frames);
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto sub = co_await nc.subscribe("a");
        std::vector<conats::message> all;
        for (int i = 0; i != 50; ++i) {
            auto m = co_await sub.next(5s);
            all.push_back(std::move(*m));
        }
        const char* const first = all.front().text().data();
        const auto distance_on_wire = [&](std::size_t i) {
            std::size_t at = 0;
            for (std::size_t k = 0; k <= i; ++k)
                at = frames.find('x', k == 0 ? 0 : at + 100 + k - 1);
            return at - frames.find('x');
        };
        for (std::size_t i = 0; i != all.size(); ++i) {
            CHECK(all[i].text() == std::string(100U + i, 'x'));
            CHECK(static_cast<std::size_t>(all[i].text().data() - first) == distance_on_wire(i));
        }
        const conats::message copy = all.front();
        CHECK(copy.text().data() == first);
        CHECK(all.front().detach().text().data() != first);
    });
}

TEST_CASE("P2.24 PINGs of the server are answered while handlers are busy") {
    nats_server server("ping_interval: \"100ms\"\nping_max: 2");
    sniffing_proxy proxy(server.host(), server.port());
    std::promise<void> release;
    asio::thread_pool pool(1);
    std::atomic<int> handled{0};
    run([&]() -> asio::awaitable<void> {
        gate suspended(co_await asio::this_coro::executor);
        auto nc = co_await conats::connect(proxy.url());
        const auto suspend = [&](conats::message) -> asio::awaitable<void> {
            co_await suspended.pass();
            ++handled;
        };
        auto awaiting = nc.on("a", suspend);
        const auto block = [&, released = release.get_future().share()](const conats::message&) {
            released.wait();
            ++handled;
        };
        conats::subscribe_options elsewhere;
        elsewhere.executor(pool.get_executor());
        auto blocking = nc.on("a", block, elsewhere);
        for (int i = 0; i != 1000; ++i)
            co_await nc.publish("a", "x");
        co_await nc.flush();
        proxy.clear();
        // More than ping_max allows to miss.
        const auto answered = [&] { return proxy.lines_from_client("PONG") >= 6; };
        const bool alive = co_await async_eventually(answered, 15s);
        CHECK(alive);
        CHECK(handled == 0);
        CHECK(nc.status() == conats::status::connected);
        release.set_value();
        suspended.open();
        co_await nc.drain();
        CHECK(handled == 2000);
    });
    pool.join();
}

TEST_CASE("An awaiting handler may take its message by const reference") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        for (const std::size_t at_once : {1U, 3U}) {
            int right = 0;
            const auto handler = [&right](const conats::message& m) -> asio::awaitable<void> {
                auto executor = co_await asio::this_coro::executor;
                for (int i = 0; i != 3; ++i)
                    co_await asio::post(executor, asio::use_awaitable);
                right += m.text() == "still there";
            };
            conats::subscribe_options o;
            o.max_concurrent(at_once);
            auto sub = nc.on("a", handler, o);
            for (int i = 0; i != 100; ++i)
                co_await nc.publish("a", "still there");
            co_await sub.drain();
            CHECK(right == 100);
        }
    });
}
