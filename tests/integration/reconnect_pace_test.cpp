// SPDX-License-Identifier: Apache-2.0
// Which server is tried when, what counts as a failure, and when to give up.
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"

#include <mutex>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::event_kind;
using conats::status;
using test_clock = std::chrono::steady_clock;

namespace {

const std::string dead = "nats://127.0.0.1:1";
const std::string also_dead = "nats://127.0.0.1:2";

/// When peers were connected to, by which.
class visits {
public:
    void add(int peer) {
        const std::lock_guard lock(mutex_);
        all_.emplace_back(peer, test_clock::now());
    }
    [[nodiscard]] std::vector<std::pair<int, test_clock::time_point>> all() const {
        const std::lock_guard lock(mutex_);
        return all_;
    }

private:
    mutable std::mutex mutex_;
    std::vector<std::pair<int, test_clock::time_point>> all_;
};

peer_script refuses_with(std::string bytes) {
    return [text = std::move(bytes)](peer_session& s) {
        s.send_info();
        (void)s.expect_connect();
        (void)s.line();
        s.send(text);
    };
}

void accepts(peer_session& s) {
    s.handshake();
    s.serve();
}

void accepts_until_told(peer_session& s) {
    s.handshake();
    s.wait_for_test();
}

} // namespace

TEST_CASE(
    "F03, P2.43 servers of a round are tried one after another, rounds with a pause between") {
    visits log;
    std::vector<peer_script> first;
    first.emplace_back(accepts_until_told);
    first.emplace_back([&](peer_session&) { log.add(1); });
    scripted_peer one(first);
    scripted_peer two([&](peer_session&) { log.add(2); });
    scripted_peer three([&](peer_session&) { log.add(3); });
    run([&]() -> asio::awaitable<void> {
        const auto wait = scaled(400ms);
        conats::connect_options o = fast(one.url() + "," + two.url() + "," + three.url());
        o.retain_order(true).reconnect_wait(wait).reconnect_jitter(20ms);
        auto nc = co_await conats::connect(o);
        one.proceed();
        const bool enough = co_await async_eventually([&] { return log.all().size() >= 6; }, 20s);
        REQUIRE(enough);
        const auto all = log.all();
        const int order[] = {2, 3, 1, 2, 3, 1};
        // The others at once, then a pause, then each once: the lost one was tried last of all.
        const auto gap = [&](std::size_t i) { return all[i].second - all[i - 1].second; };
        for (std::size_t i = 0; i != 2; ++i)
            CHECK(all[i].first == order[i]);
        CHECK(gap(1) < wait);
        CHECK(gap(2) > wait * 9 / 10);
        CHECK(gap(3) < wait);
        CHECK(gap(4) < wait);
        CHECK(gap(5) > wait * 9 / 10);
    });
}

TEST_CASE("F05 a function of the application's own sets the pauses, and is told the round") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        std::vector<std::uint64_t> rounds;
        conats::connect_options o = fast(server.url() + "," + dead);
        o.retain_order(true).reconnect_wait(1h);
        const auto delay = [&](std::uint64_t round) {
            rounds.push_back(round);
            return std::chrono::nanoseconds(10ms);
        };
        o.reconnect_delay(delay);
        auto nc = co_await conats::connect(o);
        for (std::uint64_t time = 1; time <= 2; ++time) {
            rounds.clear();
            auto events = nc.events();
            server.stop();
            const bool tried = co_await async_eventually([&] { return rounds.size() >= 4; });
            CHECK(tried);
            // Two servers each round, but for the lost one in the first.
            CHECK(failed_attempts(take_events(events)) == 2 * rounds.size() - 1);
            for (std::size_t i = 0; i != rounds.size(); ++i)
                CHECK(rounds[i] == i + 1);
            server.start();
            const bool back = co_await reconnects(nc, time);
            REQUIRE(back);
        }
    });
}

TEST_CASE("F06 a choice that names no server is told of, and the client chooses") {
    const bool throws = GENERATE(false, true);
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(server.url());
        const auto choose = [&](const std::vector<conats::server_state>& all,
                                const conats::server_info&) -> conats::server_choice {
            if (throws)
                throw std::runtime_error("no idea");
            return all.size();
        };
        o.server_chooser(choose);
        auto nc = co_await conats::connect(o);
        auto events = nc.events();
        CHECK_FALSE(nc.force_reconnect());
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        CHECK(count_events(take_events(events), event_kind::server_not_in_pool) == 1);
    });
}

TEST_CASE("F06 the choice is made from what is known, with a delay of its own") {
    nats_server first;
    nats_server second;
    run([&]() -> asio::awaitable<void> {
        std::vector<std::string> infos;
        bool saw_failure = false;
        conats::connect_options o = fast(first.url() + "," + second.url());
        o.reconnect_wait(1h).retain_order(true);
        // The first server and no other, whatever becomes of it.
        const auto choose = [&](const std::vector<conats::server_state>& all,
                                const conats::server_info& info) {
            infos.push_back(info.server_id);
            for (std::size_t i = 0; i != all.size(); ++i) {
                if (all[i].url() != first.url())
                    continue;
                saw_failure = saw_failure || (all[i].failures() > 1 && all[i].last_error());
                return conats::server_choice(i, 10ms);
            }
            return conats::server_choice();
        };
        o.server_chooser(choose);
        auto nc = co_await conats::connect(o);
        CHECK(nc.connected_url() == first.url());
        CHECK(infos.front().empty());
        const std::string id = nc.server_info().server_id;
        first.stop();
        const bool seen = co_await async_eventually([&] { return saw_failure; });
        CHECK(seen);
        CHECK(infos.back() == id);
        first.start();
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        CHECK(nc.connected_url() == first.url());
        CHECK(second.monitor().total_connections() == 0);
    });
}

TEST_CASE("F07 replaced servers keep their failures, and are tried from the next attempt on") {
    nats_server first;
    nats_server second;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(first.url() + "," + dead).retain_order(true));
        first.stop();
        const auto failures = [&](const std::string& url) {
            for (const conats::server_state& s : nc.servers())
                if (s.url() == url)
                    return s.failures();
            return std::size_t{0};
        };
        const bool tried = co_await async_eventually([&] { return failures(dead) > 1; });
        REQUIRE(tried);
        const std::size_t before = failures(dead);
        CHECK(nc.set_servers("ws://127.0.0.1:1").code() == errc::transport_unavailable);
        CHECK(nc.set_servers(dead + ",ws://127.0.0.1:1").code() == errc::invalid_options);
        CHECK(nc.servers().size() == 2);
        CHECK_FALSE(nc.set_servers(dead + "," + second.url()));
        CHECK(failures(dead) >= before);
        CHECK(nc.servers().size() == 2);
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        CHECK(nc.connected_url() == second.url());
        co_await nc.close();
        CHECK(nc.set_servers(first.url()).code() == errc::closed);
    });
}

TEST_CASE("F18 a forced reconnect goes to another server if one is known") {
    nats_server first;
    nats_server second;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(
            fast(first.url() + "," + second.url()).reconnect_wait(1h).retain_order(true));
        for (std::uint64_t time = 1; time <= 4; ++time) {
            const std::string before = nc.connected_url();
            CHECK_FALSE(nc.force_reconnect());
            const bool back = co_await reconnects(nc, time);
            REQUIRE(back);
            CHECK(nc.connected_url() != before);
        }
        CHECK(conats::client().force_reconnect().code() == errc::closed);
    });
}

TEST_CASE("F15 PINGs are sent as often as said, or never, also after a reconnect") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        const bool on = GENERATE(true, false);
        proxy.clear();
        conats::connect_options o = fast(proxy.url());
        auto nc = co_await conats::connect(o.ping_interval(on ? 20ms : 0ms));
        for (std::uint64_t connection = 0; connection != 2; ++connection) {
            const std::size_t before = proxy.lines_from_client("PING");
            if (on) {
                const bool often = co_await async_eventually(
                    [&] { return proxy.lines_from_client("PING") >= before + 5; });
                CHECK(often);
            } else {
                co_await pause(100ms);
                CHECK(proxy.lines_from_client("PING") <= connection + 1); // the handshakes'
            }
            proxy.cut();
            const bool back = co_await reconnects(nc, connection + 1);
            REQUIRE(back);
        }
    });
}

TEST_CASE("P2.25, F16 unanswered PINGs are the end of a connection, not of the client") {
    std::vector<peer_script> scripts;
    scripts.emplace_back([](peer_session& s) {
        s.handshake();
        s.wait_closed();
    });
    scripts.emplace_back(accepts);
    scripted_peer peer(scripts);
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(peer.url());
        auto nc = co_await conats::connect(o.ping_interval(scaled(30ms)).max_pings_outstanding(3));
        auto events = nc.events();
        const bool back = co_await reconnects(nc, 1);
        REQUIRE(back);
        std::string why;
        for (const conats::event& e : take_events(events))
            if (e.status() == status::disconnected)
                why = e.what().what();
        CHECK(why.find("answered no PING") != std::string::npos);
        // The handshake's, and the three that were not answered.
        const std::string received = peer.received(0);
        std::size_t pings = 0;
        for (auto at = received.find("PING\r\n"); at != received.npos;
             at = received.find("PING\r\n", at + 1))
            ++pings;
        CHECK(pings == 4);
    });
}

TEST_CASE("P2.10 only the same refusal twice in a row, by the same server, is the end") {
    const std::string violation = "-ERR 'Authorization Violation'\r\n";
    const std::string expired = "-ERR 'User Authentication Expired'\r\n";
    using texts = std::vector<std::string>;
    const auto [refusals, closes] = GENERATE_COPY(
        std::pair(texts{violation, "", violation, ""}, false),
        std::pair(texts{violation, expired, violation, expired}, false),
        std::pair(texts{violation, violation}, true), std::pair(texts{expired, expired}, true));
    std::vector<peer_script> scripts;
    scripts.emplace_back(accepts_until_told);
    for (const std::string& text : refusals)
        scripts.push_back(refuses_with(text));
    scripts.emplace_back(accepts);
    scripted_peer peer(scripts);
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url("me:secret")));
        auto events = nc.events();
        peer.proceed();
        const bool decided = co_await async_eventually(
            [&] { return nc.status() == status::closed || nc.statistics().reconnects == 1; });
        CHECK(decided);
        CHECK(failed_attempts(take_events(events)) == refusals.size());
        CHECK((nc.status() == status::closed) == closes);
        if (closes)
            CHECK(nc.close_reason() == conats::condition::auth);
    });
}

TEST_CASE("P2.10 refusals by different servers are not in a row; providers go on") {
    const std::string violation = "-ERR 'Authorization Violation'\r\n";
    const bool provider = GENERATE(false, true);
    std::vector<peer_script> scripts;
    scripts.emplace_back(accepts_until_told);
    scripts.push_back(refuses_with(violation));
    if (provider)
        for (int i = 0; i != 3; ++i)
            scripts.push_back(refuses_with(violation));
    scripts.emplace_back(accepts);
    scripted_peer first(scripts);
    scripted_peer second(refuses_with(violation));
    run([&]() -> asio::awaitable<void> {
        int asked = 0;
        const auto provide = [&](conats::auth_request) -> asio::awaitable<conats::secret> {
            ++asked;
            co_return conats::secret("t");
        };
        std::string list = first.url();
        if (!provider)
            list += "," + second.url();
        conats::connect_options o = fast(list);
        o.retain_order(true);
        if (provider)
            o.token_provider(provide);
        auto nc = co_await conats::connect(o);
        first.proceed();
        const bool over = co_await async_eventually(
            [&] { return nc.status() == status::closed || nc.statistics().reconnects == 1; });
        CHECK(over);
        if (provider) {
            CHECK(nc.status() == status::connected);
            CHECK(asked == 6);
        } else {
            // Second, first, second: the third refusal is the second's second.
            CHECK(nc.close_reason().code() == errc::authorization_violation);
            CHECK(first.connections() == 2);
            CHECK(second.connections() == 2);
        }
    });
}

TEST_CASE("S09, F22 a server without room for another connection is passed over, never fatal") {
    nats_server narrow("max_connections: 1");
    nats_server wide;
    run([&]() -> asio::awaitable<void> {
        auto guest = co_await conats::connect(narrow.url());
        conats::connect_options o = fast(narrow.url() + "," + wide.url());
        auto nc = co_await conats::connect(o.retain_order(true));
        CHECK(nc.connected_url() == wide.url());
        auto events = nc.events();
        wide.stop();
        std::size_t refused = 0;
        while (refused < 3) {
            auto e = co_await events.next();
            if (e->what().code() == errc::maximum_connections_exceeded)
                refused += e->count();
        }
        CHECK(nc.status() == status::reconnecting);
        co_await guest.close();
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        CHECK(nc.connected_url() == narrow.url());
    });
}

TEST_CASE("F24 failures are forgotten after a full handshake, not before") {
    std::vector<peer_script> scripts;
    scripts.emplace_back(accepts_until_told);
    scripts.emplace_back([](peer_session&) {});
    scripts.emplace_back([](peer_session& s) { s.send_info(); });
    scripts.emplace_back([](peer_session& s) {
        s.send_info();
        (void)s.expect_connect();
        s.wait_for_test();
        s.send("PONG\r\n");
        s.serve();
    });
    scripted_peer peer(scripts);
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(peer.url());
        auto nc = co_await conats::connect(o.connect_timeout(scaled(10s)));
        peer.proceed();
        const bool handshaking = co_await async_eventually([&] { return peer.connections() == 4; });
        REQUIRE(handshaking);
        co_await pause(20ms);
        CHECK(nc.servers().front().failures() == 2);
        CHECK(nc.servers().front().last_error());
        peer.proceed();
        const bool back = co_await reconnects(nc, 1);
        CHECK(back);
        CHECK(nc.servers().front().failures() == 0);
        CHECK_FALSE(nc.servers().front().last_error());
    });
}
