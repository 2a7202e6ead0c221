// SPDX-License-Identifier: Apache-2.0
// What scripted peers show of reconnecting, shown by the real server as well.
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"
#include "support/sniffing_proxy.hpp"

#include <map>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::event_kind;
using conats::status;

namespace {

constexpr std::size_t large_payload = std::size_t{1} << 20U;

server_options with_token(const std::string& token) {
    return server_options().token(token);
}

/// How often each server refused the credentials.
std::map<std::string, std::uint64_t> refusals(const std::vector<conats::event>& all) {
    std::map<std::string, std::uint64_t> by_server;
    for (const conats::event& e : all)
        if (e.kind() == event_kind::connect_failed && e.what() == errc::authorization_violation)
            by_server[e.what().server()] += e.count();
    return by_server;
}

} // namespace

TEST_CASE("F25 no change of status is lost over twenty flaps of a real connection") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(proxy.url());
        auto nc = co_await conats::connect(o.reconnect_wait(1ms).reconnect_jitter(0ms));
        auto unread = nc.events();
        auto read = nc.events();
        std::vector<conats::event> taken;
        for (std::uint64_t flap = 1; flap <= 20; ++flap) {
            proxy.cut();
            const bool back = co_await reconnects(nc, flap);
            REQUIRE(back);
            while (auto e = read.try_next())
                taken.push_back(*e);
        }
        std::string expected = "connected";
        for (int i = 0; i != 20; ++i)
            expected += " disconnected reconnecting connected";
        CHECK(statuses(take_events(unread)) == expected);
        CHECK(statuses(taken) == expected);
        CHECK(server.monitor().total_connections() == 21);
    });
}

TEST_CASE("P2.10 refusals by different real servers are not in a row") {
    nats_server first(with_token("t1"));
    nats_server second(with_token("t2"));
    nats_server third(with_token("t3"));
    run([&]() -> asio::awaitable<void> {
        // The third one lets it in, and is gone then; the others do not know this token.
        conats::connect_options o = fast(third.url() + "," + first.url() + "," + second.url());
        auto nc = co_await conats::connect(o.token("t3").retain_order(true));
        auto events = nc.events();
        third.kill();
        const bool over =
            co_await async_eventually([&] { return nc.status() == status::closed; }, 10s);
        REQUIRE(over);
        CHECK(nc.close_reason().code() == errc::authorization_violation);
        CHECK(nc.close_reason().server() == first.url());
        const auto all = take_events(events);
        const auto refused = refusals(all);
        CHECK(refused.at(first.url()) == 2);
        CHECK(refused.at(second.url()) == 1);
        CHECK(failed_attempts(all) == 4); // and once nobody was at the third
    });
}

TEST_CASE("P2.10 who asks a provider goes on after refusals of the real server") {
    nats_server server(with_token("right"));
    sniffing_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        int asked = 0;
        const auto provide = [&](conats::auth_request) -> asio::awaitable<conats::secret> {
            ++asked;
            co_return conats::secret(asked == 1 || asked > 4 ? "right" : "stale");
        };
        conats::connect_options o = fast(proxy.url());
        o.token_provider(provide);
        auto nc = co_await conats::connect(o);
        auto events = nc.events();
        proxy.cut();
        const bool back = co_await reconnects(nc, 1);
        REQUIRE(back);
        CHECK(asked == 5);
        CHECK(refusals(take_events(events)).at(proxy.url()) == 3);
    });
}

TEST_CASE(
    "C02 what is too large for the first server is dropped then, told of, and costs nothing") {
    nats_server server;
    server.stop();
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(server.url());
        auto nc = co_await conats::connect(o.retry_on_failed_connect(true));
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a.*");
        CHECK(nc.server_info().max_payload == 0); // no INFO has come
        co_await nc.publish("a.most", std::string(large_payload, 'x'));
        co_await nc.publish("a.more", std::string(large_payload + 1, 'x'));
        co_await nc.publish("a.small", "x");
        server.start();
        for (const char* subject : {"a.most", "a.small"}) {
            auto m = co_await sub.next(scaled(10s));
            REQUIRE(m);
            CHECK(m->subject() == subject);
        }
        co_await nc.flush();
        CHECK_FALSE(sub.try_next());
        std::vector<conats::error> dropped;
        for (const conats::event& e : take_events(events))
            if (e.kind() == event_kind::publish_dropped)
                dropped.push_back(e.what());
        REQUIRE(dropped.size() == 1);
        CHECK(dropped.front().code() == errc::payload_too_large);
        CHECK(dropped.front().subject() == "a.more");
        CHECK(nc.statistics().dropped_publications == 1);
        CHECK(nc.statistics().reconnects == 0);
        CHECK(server.monitor().total_connections() == 1);
        CHECK(nc.try_publish("a.more", std::string(large_payload + 1, 'x')).code() ==
              errc::payload_too_large);
    });
}

TEST_CASE("C02 who waits for the first server is let go, and the event tells what was too large") {
    nats_server server;
    server.stop();
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(server.url());
        o.retry_on_failed_connect(true).when_offline(conats::offline_policy::wait);
        auto nc = co_await conats::connect(o);
        auto events = nc.events();
        auto waits = nc.publish("a", std::string(large_payload + 1, 'x'));
        server.start();
        co_await std::move(waits);
        CHECK(nc.status() == status::connected);
        co_await nc.flush();
        CHECK(count_events(take_events(events), event_kind::publish_dropped) == 1);
        CHECK(nc.statistics().reconnects == 0);
        CHECK(server.monitor().in_msgs() == 0);
    });
}

TEST_CASE("F06, F07 the application chooses servers and replaces them") {
    nats_server first;
    nats_server second;
    nats_server third;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(first.url() + "," + second.url());
        o.retain_order(true);
        const auto choose = [&](const std::vector<conats::server_state>& all,
                                const conats::server_info&) {
            for (std::size_t i = 0; i != all.size(); ++i)
                if (all[i].url() == second.url())
                    return conats::server_choice(i);
            return conats::server_choice();
        };
        o.server_chooser(choose);
        auto nc = co_await conats::connect(o);
        CHECK(nc.connected_url() == second.url());
        CHECK(nc.servers().size() == 2);
        CHECK_FALSE(nc.set_servers(third.url()));
        REQUIRE(nc.servers().size() == 1);
        CHECK(nc.servers().front().url() == third.url());
        CHECK(nc.connected_url() == second.url());
        CHECK(nc.set_servers("a b").code() == errc::invalid_address);
        CHECK_FALSE(nc.force_reconnect());
        const bool moved =
            co_await async_eventually([&] { return nc.connected_url() == third.url(); });
        CHECK(moved);
    });
}
