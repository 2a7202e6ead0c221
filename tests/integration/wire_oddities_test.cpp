// SPDX-License-Identifier: Apache-2.0
// What servers may send and seldom do.
#include "integration/helpers.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include <cstddef>
#include <future>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

std::string frame(std::string_view subject, std::string_view sid, std::string_view payload) {
    std::string f = "MSG ";
    f.append(subject).append(" ").append(sid).append(" ").append(std::to_string(payload.size()));
    return f.append("\r\n").append(payload).append("\r\n");
}

} // namespace

TEST_CASE("S24 a thousand messages, a PING and an INFO in one write") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        std::string all;
        for (int i = 0; i != 1000; ++i)
            all += frame("a", "1", std::to_string(i));
        s.send(all + "PING\r\n" + info_builder().max_payload(77).line());
        s.expect("PONG");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto sub = co_await nc.subscribe("a");
        for (int i = 0; i != 1000; ++i) {
            const auto m = co_await sub.next(scaled(5s));
            REQUIRE(m);
            REQUIRE(m->text() == std::to_string(i));
        }
        co_await nc.flush();
        CHECK(nc.server_info().max_payload == 77);
        CHECK(peer.result() == "ok");
        const std::string in = peer.received();
        CHECK(in.find("PONG\r\n") == in.rfind("PONG\r\n"));
    });
}

TEST_CASE("S25, S26 a sid that is nobody's is passed over, a subject that does not fit is not") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.expect("SUB a.* 1");
        s.send(frame("a.x", "999999", "whose?") + frame("a.x", "18446744073709551615", "whose?") +
               frame("another", "1", "by sid") + frame("a.x", "1", "last"));
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a.*");
        const auto first = co_await sub.next(scaled(5s));
        REQUIRE(first);
        CHECK(first->subject() == "another");
        CHECK(first->text() == "by sid");
        const auto second = co_await sub.next(scaled(5s));
        REQUIRE(second);
        CHECK(second->text() == "last");
        CHECK(nc.status() == conats::status::connected);
        CHECK(count_events(take_events(events), conats::event_kind::server_error) == 0);
    });
}

TEST_CASE("S27 payloads of NULs, of line ends, and of nothing are byte for byte what was sent") {
    using namespace std::string_view_literals;
    const std::vector<std::string_view> payloads = {
        "\0\0\0"sv, "\r\n\r\n"sv, "MSG a 1 3\r\nabc\r\n"sv, ""sv, "a\0\r\nb"sv, "\xff\xfe\x80"sv};
    scripted_peer peer([&payloads](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        std::string all;
        for (const std::string_view p : payloads)
            all += frame("a", "1", p);
        s.send_bytewise(all);
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto sub = co_await nc.subscribe("a");
        for (const std::string_view p : payloads) {
            const auto m = co_await sub.next(scaled(5s));
            REQUIRE(m);
            CHECK(m->text() == p);
        }
    });
}

TEST_CASE("S37 a flood of 20 000 errors fills no memory and hides no message") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        std::string all;
        for (int i = 0; i != 20'000; ++i)
            all += "-ERR 'Odd " + std::to_string(i) + "'\r\n";
        s.send(all + frame("a", "1", "probe"));
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        const auto m = co_await sub.next(scaled(10s));
        REQUIRE(m);
        CHECK(m->text() == "probe");
        std::uint64_t told = 0;
        std::uint64_t dropped = 0;
        const auto all = take_events(events);
        for (const conats::event& e : all) {
            told += e.kind() == conats::event_kind::server_error ? e.count() : 0;
            dropped += e.kind() == conats::event_kind::events_dropped ? e.count() : 0;
        }
        CHECK(all.size() <= 1024 + 4); // as documented, and what is never dropped
        CHECK(dropped > 0);
        CHECK(told + dropped >= 20'000);
        CHECK(nc.status() == conats::status::connected);
    });
}

TEST_CASE("S68 messages of a server that ignores an UNSUB are nobody's") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        s.send(frame("a", "1", "before"));
        s.expect("UNSUB 1");
        s.send(frame("a", "1", "after"));
        s.expect("SUB b ");
        s.send(frame("a", "1", "after"));
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        const auto m = co_await sub.next(scaled(5s));
        REQUIRE(m);
        CHECK(m->text() == "before");
        sub.unsubscribe();
        auto other = co_await nc.subscribe("b"); // gets no message of the old sid
        co_await nc.flush();
        CHECK(peer.result() == "ok");
        const auto none = co_await sub.next(scaled(1s));
        CHECK_FALSE(none);
        CHECK(sub.end_reason() == errc::unsubscribed);
        CHECK_FALSE(other.try_next());
        CHECK(count_events(take_events(events), conats::event_kind::server_error) == 0);
    });
}

TEST_CASE("S80 a hundred thousand PINGs get a hundred thousand PONGs") {
    constexpr int count = 100'000;
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.expect("SUB a 1");
        std::string pings;
        for (int i = 0; i != count; ++i)
            pings += "PING\r\n";
        s.send(pings + frame("a", "1", "done"));
        for (int i = 0; i != count; ++i)
            s.expect("PONG");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto sub = co_await nc.subscribe("a");
        const auto m = co_await sub.next(scaled(20s));
        REQUIRE(m);
        CHECK(m->text() == "done");
        co_await nc.flush(scaled(20s));
        CHECK(peer.result() == "ok");
    });
}

TEST_CASE("S81 PONGs that nobody asked for end no flush twice, and none too early") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        for (int i = 0; i != 3; ++i)
            s.expect("PING");
        std::string all;
        for (int i = 0; i != 1000; ++i)
            all += "PONG\r\n";
        s.send(all);
        s.expect("PING"); // a fourth flush, which those do not answer
        s.wait_for_test();
        s.send("PONG\r\n");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto executor = co_await asio::this_coro::executor;
        int done = 0;
        std::vector<std::future<void>> flushes;
        const auto flush = [&]() -> asio::awaitable<void> {
            co_await nc.flush();
            ++done;
        };
        for (int i = 0; i != 3; ++i) {
            flushes.push_back(asio::co_spawn(executor, flush(), asio::use_future));
        }
        const bool all = co_await async_eventually([&] { return done == 3; });
        CHECK(all);
        auto fourth = asio::co_spawn(executor, nc.flush(), asio::use_future);
        const bool asked = co_await async_eventually([&] {
            std::size_t pings = 0;
            const std::string in = peer.received();
            for (std::size_t at = in.find("PING\r\n"); at != in.npos;
                 at = in.find("PING\r\n", at + 1))
                ++pings;
            return pings == 5; // the handshake's, too
        });
        CHECK(asked);
        CHECK(fourth.wait_for(0s) != std::future_status::ready);
        peer.proceed();
        const bool answered = co_await async_eventually(
            [&] { return fourth.wait_for(0s) == std::future_status::ready; });
        CHECK(answered);
        CHECK(done == 3);
    });
}
