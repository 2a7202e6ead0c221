// SPDX-License-Identifier: Apache-2.0
// The stream of events: a golden log of a whole life, and what who comes later is told.
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"

#include <sstream>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

std::string text_of(const std::vector<conats::event>& all) {
    std::ostringstream out;
    for (const auto& e : all)
        out << e << '\n';
    return out.str();
}

/// Reads to the end of the stream.
asio::awaitable<std::vector<conats::event>> all_events(conats::event_stream& stream) {
    std::vector<conats::event> all;
    while (auto e = co_await stream.next())
        all.push_back(*e);
    co_return all;
}

} // namespace

TEST_CASE("L04 golden log: connect, slow consumer, loss, reconnect, close") {
    scripted_peer peer(
        std::vector<peer_script>{[](peer_session& s) {
                                     s.handshake();
                                     const auto sub = s.expect_subscribe();
                                     s.wait_for_test();
                                     for (int i = 0; i != 3; ++i)
                                         s.send_message("a", sub.back(), "x");
                                     s.send("-ERR 'Unheard Of'\r\n-ERR 'Unheard Of'\r\n");
                                     s.close();
                                 },
                                 [](peer_session& s) {
                                     s.handshake();
                                     const auto sub = s.expect_subscribe();
                                     s.wait_for_test();
                                     s.send_message("a", sub.back(), "y");
                                     s.serve();
                                 }});
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url()));
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a", conats::subscribe_options().pending_limits(2, 0));
        peer.proceed();
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        while (sub.try_next()) {}
        peer.proceed(); // the next message ends the slow consumer's episode
        auto m = co_await sub.next(scaled(5s));
        CHECK(m);
        co_await nc.close();
        const auto all = co_await all_events(events);
        CHECK(text_of(all) ==
              "status_changed connected\n"
              "subscription_changed active: a\n"
              "slow_consumer: messages_dropped: pending limits exceeded: messages 2, bytes "
              "unlimited [a]\n"
              "subscription_changed slow: messages_dropped: pending limits exceeded: messages 2, "
              "bytes unlimited [a]\n"
              "server_error: Unheard Of (" +
                  peer.url() +
                  ") (2 times)\n"
                  "status_changed disconnected: disconnected: the server closed the connection\n"
                  "status_changed reconnecting: disconnected: the server closed the connection\n"
                  "status_changed connected\n"
                  "subscription_changed active: a\n"
                  "status_changed draining_pubs\n"
                  "status_changed disconnected: closed: the application has closed it\n"
                  "subscription_changed closed: closed: the application has closed it [a]\n"
                  "status_changed closed: closed: the application has closed it\n");
    });
    CHECK(peer.result(2) == "ok");
}

TEST_CASE("L04 golden log of the real server: connect, slow consumer, loss, reconnect, drain") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(proxy.url()));
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a", conats::subscribe_options().pending_limits(2, 0));
        for (int i = 0; i != 3; ++i)
            co_await nc.publish("a", "x");
        co_await nc.flush();
        proxy.cut();
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        while (sub.try_next()) {}
        co_await nc.publish("a", "y"); // the episode of the slow consumer ends
        auto m = co_await sub.next(scaled(5s));
        REQUIRE(m);
        CHECK(m->text() == "y");
        co_await nc.drain();
        const auto all = co_await all_events(events);
        CHECK(text_of(all) ==
              "status_changed connected\n"
              "subscription_changed active: a\n"
              "slow_consumer: messages_dropped: pending limits exceeded: messages 2, bytes "
              "unlimited [a]\n"
              "subscription_changed slow: messages_dropped: pending limits exceeded: messages 2, "
              "bytes unlimited [a]\n"
              "status_changed disconnected: disconnected: the server closed the connection\n"
              "status_changed reconnecting: disconnected: the server closed the connection\n"
              "status_changed connected\n"
              "subscription_changed active: a\n"
              "status_changed draining_subs\n"
              "subscription_changed draining: a\n"
              "subscription_changed closed: drained: all its messages were delivered [a]\n"
              "status_changed draining_pubs\n"
              "status_changed disconnected: drained: all its messages were delivered\n"
              "status_changed closed: drained: all its messages were delivered\n");
    });
}

TEST_CASE("L04 who comes later is told the present first") {
    scripted_peer peer(std::vector<peer_script>{[](peer_session& s) {
                                                    s.handshake();
                                                    const auto slow = s.expect_subscribe();
                                                    (void)s.expect_subscribe();
                                                    for (int i = 0; i != 3; ++i)
                                                        s.send_message("a", slow.back(), "x");
                                                    s.info().lame_duck(true);
                                                    s.send_info();
                                                    s.wait_for_test();
                                                },
                                                [](peer_session& s) {
                                                    s.handshake();
                                                    s.serve();
                                                }});
    run([&]() -> asio::awaitable<void> {
        auto o = fast(peer.url());
        auto nc = co_await conats::connect(o.reconnect_wait(10s));
        auto slow = co_await nc.subscribe("a", conats::subscribe_options().pending_limits(1, 0));
        auto fine = co_await nc.subscribe("b");
        const bool announced =
            co_await async_eventually([&] { return nc.server_info().lame_duck_mode; });
        CHECK(announced);
        const std::string lame = "lame_duck (" + peer.url() + ")\n";
        const std::string is_slow = "subscription_changed slow: messages_dropped: pending limits "
                                    "exceeded: messages 1, bytes unlimited [a]\n";
        auto late = nc.events();
        auto told = text_of(take_events(late));
        CHECK(told.find("status_changed connected\nlame_duck") == 0);
        CHECK(told.find(is_slow) != std::string::npos);
        CHECK(told.find("[b]") == std::string::npos);
        peer.proceed();
        const bool lost = co_await reaches(nc, conats::status::reconnecting);
        CHECK(lost);
        auto later = nc.events();
        told = text_of(take_events(later));
        CHECK(told.find("status_changed reconnecting\n") == 0);
        CHECK(told.find("lame_duck") == std::string::npos); // that server is gone
        CHECK(told.find(is_slow) != std::string::npos);
        co_await nc.close();
        auto too_late = nc.events();
        const auto rest = co_await all_events(too_late); // ends by itself
        CHECK(text_of(rest) == "status_changed closed: closed: the application has closed it\n");
    });
}

TEST_CASE("L04 no change of status is lost in a flood that nobody reads, and the rest is counted") {
    constexpr int many = 3000;
    scripted_peer peer(std::vector<peer_script>{[](peer_session& s) {
                                                    s.handshake();
                                                    s.wait_for_test();
                                                    std::string flood;
                                                    for (int i = 0; i != many; ++i)
                                                        flood += "-ERR 'Unheard Of " +
                                                                 std::to_string(i) + "'\r\n";
                                                    s.send(flood);
                                                    s.close();
                                                },
                                                [](peer_session& s) {
                                                    s.handshake();
                                                    s.serve();
                                                }});
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url()));
        auto events = nc.events();
        peer.proceed();
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        co_await nc.close();
        const auto all = co_await all_events(events);
        CHECK(statuses(all) ==
              "connected disconnected reconnecting connected draining_pubs disconnected closed");
        std::uint64_t told = 0;
        std::uint64_t dropped = 0;
        for (const auto& e : all) {
            told += e.kind() == conats::event_kind::server_error ? e.count() : 0;
            dropped += e.kind() == conats::event_kind::events_dropped ? e.count() : 0;
        }
        CHECK(told == 1024);
        CHECK(told + dropped == many);
    });
}
