// SPDX-License-Identifier: Apache-2.0
// What a client learns from a cluster, and where it goes when its server is gone.
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"
#include "support/nats_cluster.hpp"
#include "support/scripted_peer.hpp"

#include <boost/json/array.hpp>

#include <algorithm>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::event_kind;
using conats::status;
using test_clock = std::chrono::steady_clock;

namespace {

std::vector<std::string> urls_of(const conats::client& nc) {
    std::vector<std::string> all;
    for (const conats::server_state& s : nc.servers())
        all.push_back(s.url());
    std::sort(all.begin(), all.end());
    return all;
}

bool knows(const conats::client& nc, const std::string& url) {
    const auto all = urls_of(nc);
    return std::find(all.begin(), all.end(), url) != all.end();
}

asio::awaitable<bool> knows_so_many(conats::client nc, std::size_t n) {
    const bool there = co_await async_eventually([&] { return nc.servers().size() == n; }, 20s);
    co_return there;
}

std::uint64_t discovered(const std::vector<conats::event>& all) {
    std::uint64_t n = 0;
    for (const conats::event& e : all)
        n += e.kind() == event_kind::servers_discovered ? e.count() : 0;
    return n;
}

boost::json::array list(std::initializer_list<const char*> urls) {
    boost::json::array all;
    for (const char* u : urls)
        all.emplace_back(u);
    return all;
}

} // namespace

TEST_CASE("F04, S50 when its server dies a client is on another of the cluster, without a pause") {
    nats_cluster cluster;
    run([&]() -> asio::awaitable<void> {
        // A pause would be seen.
        conats::connect_options o = fast(cluster[0].url());
        auto nc = co_await conats::connect(o.reconnect_wait(1h));
        auto other = co_await conats::connect(fast(cluster[1].url()).reconnect_wait(1h));
        auto third = co_await conats::connect(fast(cluster[2].url()).reconnect_wait(1h));
        auto events = nc.events();
        const bool informed = co_await knows_so_many(nc, 3);
        CHECK(informed);
        conats::subscribe_options in_group;
        in_group.queue_group("q");
        auto sub = co_await nc.subscribe("a", in_group);
        auto peer = co_await third.subscribe("a", in_group);
        co_await nc.flush();
        co_await third.flush();
        cluster[0].kill();
        const bool back = co_await reconnects(nc, 1);
        REQUIRE(back);
        const std::size_t now_at = cluster.index_of(nc.connected_url());
        CHECK((now_at == 1 || now_at == 2));
        co_await nc.flush();
        // The interest has to cross the routes first.
        const bool works = co_await async_eventually([&] {
            (void)other.try_publish("a", "x");
            return sub.statistics().pending_messages > 0 && peer.statistics().pending_messages > 0;
        });
        CHECK(works);
        const auto all = take_events(events);
        CHECK(statuses(all) == "connected disconnected reconnecting connected");
        CHECK(failed_attempts(all) == 0);
    });
}

TEST_CASE("F04 within 100 ms of its server's death a client is on the other of two") {
    nats_cluster cluster(2);
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(cluster.urls());
        auto nc = co_await conats::connect(o.reconnect_wait(1h));
        const auto most = scaled(100ms);
        auto best = test_clock::duration::max(); // the machine may be busy with something else
        for (std::uint64_t time = 1; time <= 5 && best >= most; ++time) {
            const std::size_t here = cluster.index_of(nc.connected_url());
            REQUIRE(here < 2);
            cluster[here].kill();
            const auto begin = test_clock::now();
            const bool moved = co_await reconnects(nc, time);
            REQUIRE(moved);
            best = std::min(best, test_clock::now() - begin);
            CHECK(cluster.index_of(nc.connected_url()) == 1 - here);
            cluster[here].start();
            cluster.wait_for(2);
        }
        CHECK(best < most);
    });
}

TEST_CASE("F08, F10, P2.16 the known servers follow the cluster; those given stay") {
    nats_cluster cluster;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(
            fast(cluster[0].url() + "," + cluster[1].url()).retain_order(true));
        auto events = nc.events();
        REQUIRE(nc.connected_url() == cluster[0].url());
        const bool informed = co_await knows_so_many(nc, 3);
        REQUIRE(informed);
        for (const conats::server_state& s : nc.servers()) {
            CHECK(s.is_current() == (s.url() == cluster[0].url()));
            CHECK(s.is_discovered() == (s.url() == cluster[2].url()));
            CHECK(s.failures() == 0);
        }
        (void)take_events(events);

        const std::string fourth = cluster.add().url();
        const bool joined =
            co_await async_eventually([&] { return knows(nc, fourth) && urls_of(nc).size() == 4; });
        CHECK(joined);
        // More than once where two servers have connected to each other: closing one of the two
        // routes, nats-server 2.9 takes the newcomer back and names it again.
        const auto all = take_events(events);
        CHECK(count_events(all, event_kind::servers_discovered) == 1);
        CHECK(discovered(all) >= 1);

        cluster[3].kill();
        const bool left = co_await knows_so_many(nc, 3);
        CHECK(left);
        CHECK_FALSE(knows(nc, fourth));
        cluster[1].kill();
        cluster.wait_for(2);
        cluster[2].kill();
        const bool alone = co_await knows_so_many(nc, 2);
        CHECK(alone);
        CHECK(knows(nc, cluster[1].url()));
        CHECK(nc.statistics().reconnects == 0);
    });
}

TEST_CASE("F09, S53 on request a client keeps to the servers it was given") {
    nats_cluster cluster(2);
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(cluster[0].url());
        auto nc = co_await conats::connect(o.ignore_discovered_servers(true));
        auto informed = co_await conats::connect(fast(cluster[0].url()));
        auto events = nc.events();
        CHECK(nc.servers().size() == 1);
        (void)cluster.add();
        const bool told = co_await knows_so_many(informed, 3);
        CHECK(told);
        co_await nc.flush(); // what the server has told the other it has told this one
        CHECK(nc.servers().size() == 1);
        CHECK(count_events(take_events(events), event_kind::servers_discovered) == 0);
        cluster[0].kill();
        const bool lost = co_await reaches(nc, status::reconnecting);
        CHECK(lost);
        cluster[0].start();
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        CHECK(nc.connected_url() == cluster[0].url());
    });
}

TEST_CASE("A23 a discovered server is given the userinfo of the one that named it, or the option") {
    const auto [auth, userinfo] = GENERATE(
        std::pair<const char*, const char*>("token: \"s3cr3t\"", "s3cr3t"),
        std::pair<const char*, const char*>("user: \"me\", password: \"s3cr3t\"", "me:s3cr3t"));
    nats_cluster cluster(3, std::string("authorization { ") + auth + " }");
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(cluster[0].url(userinfo)).reconnect_wait(1h));
        conats::connect_options o = fast(cluster[0].url());
        if (std::string(userinfo) == "s3cr3t")
            o.token("s3cr3t");
        else
            o.user("me").password("s3cr3t");
        auto by_option = co_await conats::connect(o.reconnect_wait(1h));
        cluster[0].kill();
        const bool back = co_await reconnects(nc, 1);
        const bool back_as_well = co_await reconnects(by_option, 1);
        REQUIRE(back);
        REQUIRE(back_as_well);
        CHECK(nc.connected_url() != cluster[0].url());
        co_await nc.flush();
        co_await by_option.flush();
        // The userinfo stays what is not shown.
        for (const conats::server_state& s : nc.servers())
            CHECK(s.url().find("s3cr3t") == std::string::npos);
    });
}

TEST_CASE("F02, F21, S51 with the whole cluster down each server is tried so often, at that pace") {
    nats_cluster cluster;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(cluster.urls());
        o.ignore_discovered_servers(true).max_reconnects(5).reconnect_wait(50ms);
        auto nc = co_await conats::connect(o);
        auto events = nc.events();
        for (std::size_t i = 0; i != cluster.size(); ++i)
            cluster[i].kill();
        const auto begin = test_clock::now();
        std::vector<conats::event> all;
        while (auto e = co_await events.next())
            all.push_back(*e);
        // The server that was lost is first tried in the second round, so there are six.
        const auto took = test_clock::now() - begin;
        CHECK(took >= 5 * 50ms);
        CHECK(took < 6 * (50ms + 5ms) + scaled(1s));
        CHECK(failed_attempts(all) == 15);
        CHECK(nc.close_reason().code() == errc::no_servers);
        CHECK(nc.servers().empty());
        for (std::size_t i = 0; i != cluster.size(); ++i) {
            std::uint64_t attempts = 0;
            for (const conats::event& e : all)
                if (e.what().what().find(cluster[i].address()) != std::string::npos &&
                    e.kind() == event_kind::connect_failed)
                    attempts += e.count();
            CHECK(attempts == 5);
        }
    });
}

TEST_CASE("S52, F08 a server that names servers badly: each once, no nonsense, not without end") {
    boost::json::array flood;
    for (int i = 0; i != 5000; ++i)
        flood.emplace_back("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250) +
                           ":4222");
    scripted_peer peer([&](peer_session& s) {
        s.info().set("connect_urls",
                     list({"10.9.9.1:4222", "10.9.9.1:4222", "10.9.9.2:4223", "", "no port:x", ":",
                           "10.9.9.3:99999", "u:p@10.9.9.4:1", "[::1:4222", "10.9.9.5:4222/path"}));
        s.handshake();
        s.wait_for_test();
        s.send_info(info_builder().set("connect_urls", boost::json::array()));
        s.wait_for_test();
        s.send_info(info_builder().set("connect_urls", list({"10.9.9.2:4223"})));
        s.wait_for_test();
        s.send_info(info_builder().set("connect_urls", flood));
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url()));
        const std::vector<std::string> expected{"nats://10.9.9.1:4222", "nats://10.9.9.2:4223"};
        const auto has_only = [&](std::size_t n) { return nc.servers().size() == n + 1; };
        for (const std::string& url : expected)
            CHECK(knows(nc, url));
        CAPTURE(urls_of(nc));
        CHECK(has_only(2));
        // An empty list is none: the next thing seen is the list after it.
        auto events = nc.events();
        peer.proceed();
        peer.proceed();
        const bool shorter = co_await async_eventually([&] { return has_only(1); });
        CHECK(shorter);
        CHECK(knows(nc, expected[1]));
        CHECK(knows(nc, peer.url()));
        CHECK(discovered(take_events(events)) == 0);
        peer.proceed();
        const bool flooded = co_await async_eventually([&] { return nc.servers().size() > 100; });
        CHECK(flooded);
        CHECK(nc.servers().size() <= 1100);
        CHECK(discovered(take_events(events)) == nc.servers().size() - 1);
    });
}

TEST_CASE("F08 an empty list of servers changes nothing") {
    scripted_peer peer([&](peer_session& s) {
        s.info().set("connect_urls", list({"10.9.9.1:4222"}));
        s.handshake();
        s.send_info(info_builder().set("connect_urls", boost::json::array()));
        s.send_info(info_builder().max_payload(77));
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url()));
        const bool read =
            co_await async_eventually([&] { return nc.server_info().max_payload == 77; });
        CHECK(read);
        CHECK(nc.servers().size() == 2);
    });
}

TEST_CASE("P2.17 the lame-duck event comes once a connection, however often it is announced") {
    scripted_peer peer([&](peer_session& s) {
        s.handshake();
        s.wait_for_test();
        for (int i = 0; i != 3; ++i)
            s.send_info(info_builder().lame_duck(true));
        s.send_info(info_builder().lame_duck(true).max_payload(77));
        s.wait_for_test();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url()));
        auto events = nc.events();
        for (std::uint64_t connection = 0; connection != 3; ++connection) {
            const bool connected = co_await reconnects(nc, connection);
            REQUIRE(connected);
            CHECK(nc.server_info().max_payload != 77);
            peer.proceed();
            const bool read =
                co_await async_eventually([&] { return nc.server_info().max_payload == 77; });
            CHECK(read);
            std::uint64_t told = 0;
            for (const conats::event& e : take_events(events))
                told += e.kind() == event_kind::lame_duck ? e.count() : 0;
            CHECK(told == 1);
            peer.proceed();
        }
    });
}
