// SPDX-License-Identifier: Apache-2.0
// What is published and subscribed to while there is no connection, and what it leaves behind.
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"
#include "support/scripted_peer.hpp"

#include <boost/asio/co_spawn.hpp>

#include <exception>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::status;

namespace {

/// A server that takes no bytes and goes away when the test says so, and then one that is well.
std::vector<peer_script> deaf_then_well() {
    std::vector<peer_script> scripts;
    scripts.emplace_back([](peer_session& s) {
        s.handshake();
        s.wait_for_test();
        s.reset();
    });
    scripts.emplace_back([](peer_session& s) {
        s.handshake();
        s.serve();
    });
    return scripts;
}

/// Loses its connection, and waits for another until it is told not to.
asio::awaitable<conats::client> lose(scripted_peer& peer, conats::connect_options o) {
    auto nc = co_await conats::connect(o.reconnect_wait(1h));
    peer.proceed();
    const bool lost = co_await reaches(nc, status::reconnecting);
    CHECK(lost);
    co_return nc;
}

} // namespace

TEST_CASE("F12 a publisher with a deadline that waits for room keeps it over a lost connection") {
    scripted_peer peer(peer_options().receive_buffer(4096), deaf_then_well());
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto o = fast(peer.url()).when_offline(conats::offline_policy::wait);
        auto nc = co_await conats::connect(o.high_water_mark(32 << 10));
        int published = 0;
        bool over = false;
        const std::string large(20'000, 'x');
        conats::publish_options patient;
        patient.timeout(scaled(30s));
        const auto fill = [&]() -> asio::awaitable<void> {
            for (; published != 400; ++published) // 8 MB: more than any buffer on the way
                co_await nc.publish("p", large, patient);
            over = true;
        };
        asio::co_spawn(executor, fill(), [](const std::exception_ptr& thrown) {
            if (thrown)
                std::rethrow_exception(thrown);
        });
        int seen = -1;
        const bool stuck = co_await async_eventually([&] {
            // It stands above the mark as long as the writer is stuck.
            return std::exchange(seen, published) == published && published != 0 &&
                   nc.statistics().outbox_bytes >= std::size_t{32} << 10U;
        });
        REQUIRE(stuck);
        peer.proceed();
        const bool done = co_await async_eventually([&] { return over; });
        CHECK(done);
        CHECK(nc.statistics().reconnects == 1);
        co_await pause(20ms); // ticks of the timekeeper, which must find no trace of it
        co_await nc.flush();
    });
}

TEST_CASE("F12 messages that are taken back make room for others") {
    scripted_peer peer(deaf_then_well());
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(peer.url());
        o.when_offline(conats::offline_policy::wait).reconnect_buffer(10'000);
        auto nc = co_await lose(peer, o);
        const std::string part(3'000, 'x');
        conats::publish_options impatient;
        impatient.timeout(5ms);
        conats::error e;
        for (int i = 0; i != 20; ++i) { // three fit
            co_await nc.publish("taken.back", part, impatient, e);
            CHECK(e == errc::timeout);
        }
        // One that waits stays where it is among those that go.
        auto executor = co_await asio::this_coro::executor;
        bool is_sent = false;
        const auto keep = [&]() -> asio::awaitable<void> {
            co_await nc.publish("kept", "x");
            is_sent = true;
        };
        asio::co_spawn(executor, keep(), asio::detached);
        // And one that moves with it is found when its own time is over.
        conats::publish_options later;
        later.timeout(300ms);
        conats::error late;
        const auto give_up = [&]() -> asio::awaitable<void> {
            co_await nc.publish("late", "x", later, late);
        };
        asio::co_spawn(executor, give_up(), asio::detached);
        for (int i = 0; i != 20; ++i) {
            co_await nc.publish("taken.back", part, impatient, e);
            CHECK(e == errc::timeout);
        }
        // What is not taken back does fill it.
        CHECK_FALSE(nc.try_publish("stays", part));
        CHECK_FALSE(nc.try_publish("stays", part));
        CHECK_FALSE(nc.try_publish("stays", part));
        CHECK(nc.try_publish("stays", part) == errc::outbox_full);
        CHECK_FALSE(is_sent);
        const bool given_up = co_await async_eventually([&] { return late == errc::timeout; });
        CHECK(given_up);
        REQUIRE_FALSE(nc.force_reconnect());
        const bool back = co_await async_eventually([&] { return is_sent; });
        CHECK(back);
        co_await nc.flush();
        const std::string all = peer.received();
        CHECK(all.find("taken.back") == std::string::npos);
        CHECK(all.find("PUB late") == std::string::npos);
        CHECK(all.find("PUB kept 1\r\nx\r\nPUB stays 3000\r\n") != std::string::npos);
    });
}

TEST_CASE("S129 subscriptions that come and go while there is no connection leave nothing behind") {
    scripted_peer peer(deaf_then_well());
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await lose(peer, conats::connect_options(peer.url()));
        const auto some = [&](int n) {
            for (int i = 0; i != n; ++i)
                const conats::subscription sub(nc, "a.subject.of.some.length");
        };
        some(1'000);
        const std::size_t before = resident_bytes();
        some(100'000);
        if (!sanitized) // which keeps what is freed
            CHECK(resident_bytes() < before + (std::size_t{2} << 20U));
        CHECK(nc.statistics().subscriptions == 0);
        auto sub = co_await nc.subscribe("b");
        REQUIRE_FALSE(nc.force_reconnect());
        const bool back = co_await reaches(nc, status::connected);
        REQUIRE(back);
        co_await nc.flush();
        CHECK(peer.received().find("a.subject") == std::string::npos);
        CHECK(peer.received().find("SUB b ") != std::string::npos);
    });
}
