// SPDX-License-Identifier: Apache-2.0
// What a connection is told to do, and what it tells of itself.
#include "engine/connection.hpp"
#include "engine/lease.hpp"
#include "integration/outcome.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"

#include <conats/conats.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::status;

namespace {

std::vector<conats::event> taken(conats::event_stream& events) {
    std::vector<conats::event> all;
    while (auto e = events.try_next())
        all.push_back(*e);
    return all;
}

} // namespace

TEST_CASE("B10 no echo: own messages do not come back") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options quiet(server.url());
        auto nc = co_await conats::connect(quiet.echo(false));
        auto other = co_await conats::connect(server.url());
        auto own = co_await nc.subscribe("a");
        auto others = co_await other.subscribe("a");
        co_await nc.flush();
        co_await other.flush();
        for (int i = 0; i != 10; ++i)
            co_await nc.publish("a", "own");
        co_await nc.flush();
        co_await other.publish("a", "other");
        co_await other.flush();
        auto m = co_await own.next(5s);
        CHECK(m->text() == "other");
        co_await nc.flush();
        CHECK_FALSE(own.try_next());
        CHECK(others.statistics().pending_messages == 11);
    });
}

TEST_CASE("B10 a server that cannot leave the echo out is told of") {
    scripted_peer old([](peer_session& s) {
        s.info().proto(0);
        s.send_info();
        s.wait_closed();
    });
    conats::connect_options o(old.url());
    CHECK(outcome_of(o.echo(false)).code() == errc::feature_not_supported);
    CHECK(old.result() == "ok");
    CHECK(old.received().empty());
}

TEST_CASE("B11 verbose and pedantic: everything is accounted for as without") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    const bool verbose = GENERATE(true, false);
    const bool pedantic = GENERATE(true, false);
    CAPTURE(verbose, pedantic);
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(proxy.url());
        o.verbose(verbose).pedantic(pedantic).allow_empty_tokens(true);
        auto nc = co_await conats::connect(o);
        auto events = nc.events();
        (void)taken(events);
        const auto echo = [](const conats::message& m) { m.try_respond(m.text()); };
        auto service = nc.on("echo", echo);
        for (int i = 0; i != 200; ++i) {
            auto reply = co_await nc.request("echo", std::to_string(i));
            CHECK(reply.text() == std::to_string(i));
        }
        conats::error e;
        auto none = co_await nc.request("nobody", "", 5s, e);
        CHECK(e.code() == errc::no_responders);
        auto sub = co_await nc.subscribe("a.>");
        for (int i = 0; i != 1000; ++i)
            co_await nc.publish("a.b", "x");
        co_await nc.flush();
        CHECK(sub.statistics().pending_messages == 1000);
        co_await sub.drain();
        int got = 0;
        while (auto m = co_await sub.next())
            ++got;
        CHECK(got == 1000);
        co_await service.drain();
        const auto rtt = co_await nc.rtt();
        CHECK(rtt.count() > 0);
        for (const auto& event : taken(events))
            CHECK(event.kind() == conats::event_kind::subscription_changed);
        CHECK(nc.statistics().pending_requests == 0);
        CHECK(nc.statistics().outbox_bytes == 0);
        CHECK((proxy.lines_from_server("+OK") > 1000) == verbose);
        co_await nc.drain();
        CHECK(nc.close_reason().code() == errc::drained);
    });
}

TEST_CASE("B11 what a pedantic server finds is an event, and the connection stays") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.pedantic(true).allow_empty_tokens(true).verbose(GENERATE(true, false));
        auto nc = co_await conats::connect(o);
        auto sub = co_await nc.subscribe(">");
        auto events = nc.events();
        co_await nc.publish("foo..bar", "");
        co_await nc.publish("fine", "1");
        co_await nc.flush();
        auto m = co_await sub.next(5s);
        // The server passes the message on all the same.
        if (m->subject() != "fine")
            m = co_await sub.next(5s);
        CHECK(m->subject() == "fine");
        int told = 0;
        for (const auto& e : taken(events))
            told += e.what().text() == "Invalid Publish Subject" &&
                    e.what().code() == errc::invalid_subject;
        CHECK(told == 1);
        CHECK(nc.status() == status::connected);
    });
}

TEST_CASE("B18 the snapshot of INFO follows the server without a reconnect") {
    const std::string cluster = "\ncluster { name: c, listen: \"127.0.0.1:-1\"";
    nats_server server("max_payload: 5000" + cluster + " }");
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        auto nc = co_await conats::connect(o.name("watcher"));
        const auto before = nc.server_info();
        CHECK(before.max_payload == 5000);
        server.reload("max_payload: 700" + cluster + " }");
        // The server tells its clients of it with the next INFO, when the cluster grows.
        nats_server peer("max_payload: 700" + cluster + ", routes: [ \"" +
                         server.listening("cluster").front() + "\" ] }");
        const bool told =
            co_await async_eventually([&] { return nc.server_info().max_payload == 700; }, 15s);
        CHECK(told);
        const auto after = nc.server_info();
        CHECK(after.server_id == before.server_id);
        CHECK(std::ranges::count(after.connect_urls, peer.address()) == 1);
        CHECK(before.max_payload == 5000); // a snapshot
        CHECK(nc.try_publish("a", std::string(701, 'x')).code() == errc::payload_too_large);
        CHECK_FALSE(nc.try_publish("a", std::string(700, 'x')));
        co_await nc.flush();
        CHECK(nc.status() == status::connected);
        CHECK(nc.statistics().reconnects == 0);
    });
    CHECK(server.monitor().total_connections() == 1);
}

TEST_CASE("B19 identities are those the server's monitoring shows") {
    nats_server server("server_name: n1\n"
                       "cluster { name: c1, listen: \"127.0.0.1:-1\" }\n"
                       "authorization { token: mytoken }");
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url("mytoken"));
        auto nc = co_await conats::connect(o.name("me"));
        const auto info = nc.server_info();
        const auto varz = server.monitor().varz();
        CHECK(info.server_id == varz.at("server_id").as_string().c_str());
        CHECK(info.server_name == varz.at("server_name").as_string().c_str());
        CHECK(info.server_name == "n1");
        CHECK(info.version == varz.at("version").as_string().c_str());
        CHECK(info.go == varz.at("go").as_string().c_str());
        CHECK(info.proto == varz.at("proto").as_int64());
        CHECK(info.port == server.port());
        CHECK(info.max_payload == varz.at("max_payload").to_number<std::uint64_t>());
        CHECK(info.cluster == varz.at("cluster").at("name").as_string().c_str());
        CHECK(info.cluster == "c1");
        CHECK(info.headers);
        CHECK(info.auth_required);
        const auto known = server.monitor().connection("me");
        CHECK(known.has_value());
        CHECK(info.client_id == known->at("cid").to_number<std::uint64_t>());
        CHECK(info.client_ip == known->at("ip").as_string().c_str());
        CHECK(nc.local_address() ==
              info.client_ip + ":" + std::to_string(known->at("port").as_int64()));
        CHECK(nc.remote_address() == server.address());
        CHECK(nc.connected_url() == server.url());
        co_await nc.close();
        CHECK(nc.connected_url().empty());
        CHECK(nc.local_address().empty());
        CHECK(nc.remote_address().empty());
        CHECK(nc.server_info().server_id == info.server_id); // the last one
    });
}

TEST_CASE("B20 the statuses of a connection's life, in order") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        namespace impl = conats::impl;
        auto executor = co_await asio::this_coro::executor;
        std::vector<impl::server_address> addresses;
        CHECK_FALSE(impl::parse_server_list(server.url(), addresses));
        // As connect() does it, but watched from before it begins.
        auto connection = std::make_shared<impl::connection>(executor, conats::connect_options(),
                                                             std::move(addresses));
        conats::client nc(std::make_shared<impl::lease>(connection));
        CHECK(nc.status() == status::connecting);
        auto events = nc.events();
        connection->start();
        connection.reset();
        const bool connected =
            co_await async_eventually([&] { return nc.status() == status::connected; });
        CHECK(connected);
        auto sub = co_await nc.subscribe("a");
        co_await nc.publish("a", "x");
        co_await nc.flush();
        // One message waits, so that the drain does not end before it is taken.
        const auto drain = [](conats::client c) -> asio::awaitable<void> { co_await c.drain(); };
        asio::co_spawn(executor, drain(nc), asio::detached);
        const bool draining =
            co_await async_eventually([&] { return nc.status() == status::draining_subs; });
        CHECK(draining);
        CHECK_FALSE(nc.try_publish("b", "still taken"));
        auto m = co_await sub.next(5s);
        CHECK(m->text() == "x");
        m = co_await sub.next();
        CHECK_FALSE(m);
        std::vector<status> seen;
        while (auto e = co_await events.next())
            if (e->kind() == conats::event_kind::status_changed)
                seen.push_back(e->status());
        std::vector<status> expected;
        for (const status s : {status::connecting, status::connected, status::draining_subs,
                               status::draining_pubs, status::disconnected, status::closed})
            expected.push_back(s);
        CHECK(seen == expected);
        CHECK(nc.status() == status::closed);
        CHECK(conats::client().status() == status::disconnected);
    });
    CHECK(server.monitor().in_msgs() == 2);
}
