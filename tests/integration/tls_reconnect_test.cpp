// SPDX-License-Identifier: Apache-2.0
// What of TLS is carried over to the next connection, and what is read anew.
#include "integration/reconnect_fixture.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/nats_cluster.hpp"
#include "support/scripted_peer.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

/// Every name is this machine.
asio::awaitable<std::vector<std::string>> resolve_to_loopback(std::string) {
    std::vector<std::string> all(1, "127.0.0.1");
    co_return all;
}

/// Whom the server takes the connection of this name for.
std::string user_of(const nats_server& server, std::string_view name) {
    const auto connz = server.monitor().get("/connz?auth=1");
    for (const auto& c : connz.at("connections").as_array())
        if (const auto* own = c.as_object().if_contains("name"); own && own->as_string() == name)
            return std::string(c.at("authorized_user").as_string());
    return "nobody";
}

} // namespace

TEST_CASE("E24, S98 a reconnect presents the new certificate, and looks at the server's new one") {
    const tls_files files;
    const auto present = [&](const char* user) {
        const auto made = files.ca.client(user);
        files.scratch.write("mine.pem", made.pem);
        files.scratch.write("mine.key", made.key);
    };
    present("me@example.test");
    nats_server server(files.config("verify_and_map: true") +
                       "authorization { users: [ { user: \"me@example.test\" }, "
                       "{ user: \"you@example.test\" } ] }");
    run([&]() -> asio::awaitable<void> {
        auto tls = files.trusting();
        tls.certificate_file(files.path("mine.pem")).key_file(files.path("mine.key"));
        auto nc = co_await conats::connect(fast(server.url()).tls(tls).name("changing"));
        const auto old = nc.tls_info().peer;
        CHECK(user_of(server, "changing") == "me@example.test");
        present("you@example.test");
        files.use(files.ca.server());
        server.restart();
        const bool back = co_await reconnects(nc, 1);
        REQUIRE(back);
        CHECK(user_of(server, "changing") == "you@example.test");
        CHECK(nc.tls_info().verified);
        CHECK(nc.tls_info().peer.serial != old.serial);
        // What cannot be read now may be there next time: it goes on trying.
        auto events = nc.events();
        files.scratch.write("mine.key", "no key");
        REQUIRE_FALSE(nc.force_reconnect());
        bool told = false;
        while (!told) {
            const auto e = co_await events.next();
            CAPTURE(nc.close_reason());
            REQUIRE(e);
            told = e->kind() == conats::event_kind::connect_failed;
            if (told)
                CHECK(e->what() == errc::tls_configuration_invalid);
        }
        present("me@example.test");
        const bool again = co_await reconnects(nc, 2);
        CHECK(again);
        CHECK(user_of(server, "changing") == "me@example.test");
    });
}

TEST_CASE("E25, P2.15 at a discovered address the name and credentials are those of the first") {
    const tls_files files;
    files.use(files.ca.issue(certificate_request("n").name("DNS:nats.test"))); // no IP address
    nats_cluster cluster(2, files.config() + "authorization { token: t0k3n }\n");
    const auto url = [&](std::string_view host) {
        return "tls://t0k3n@" + std::string(host) + ":" + std::to_string(cluster[0].port());
    };
    run([&]() -> asio::awaitable<void> {
        auto o = fast(url("nats.test"));
        auto nc = co_await conats::connect(o.tls(files.trusting()).resolver(resolve_to_loopback));
        const auto known = nc.servers();
        const std::string other = "tls://127.0.0.1:" + std::to_string(cluster[1].port());
        CHECK(std::any_of(known.begin(), known.end(), [&](const conats::server_state& s) {
            return s.url() == other && s.is_discovered();
        }));
        auto sub = co_await nc.subscribe("a");
        cluster[0].kill();
        const bool back = co_await reconnects(nc, 1);
        REQUIRE(back);
        CHECK(nc.connected_url() == other);
        CHECK(nc.tls_info().verified);
        CHECK(nc.tls_info().server_name == "nats.test");
        co_await nc.publish("a", "x");
        const auto m = co_await sub.next(scaled(5s));
        CHECK(m);
        // Given by its address it is not to be trusted.
        conats::error e;
        auto p = fast("tls://t0k3n@127.0.0.1:" + std::to_string(cluster[1].port()));
        auto no = co_await conats::connect(p.tls(files.trusting()), e);
        CHECK(e == errc::tls_certificate_rejected);
    });
}

TEST_CASE("F17 PINGs of the server are answered: while connecting, and while handlers work") {
    scripted_peer peer([](peer_session& s) {
        s.send_info();
        (void)s.expect_connect();
        s.expect("PING");
        s.send("PING\r\n"); // before its answer
        s.expect("PONG");
        s.send("PONG\r\n");
        s.serve();
    });
    // It gives a client up that is silent for two seconds.
    nats_server server("ping_interval: \"1s\"\nping_max: 1\n");
    int begun = 0; // a second handler may still be at work when the test is over
    bool ended = false;
    run([&]() -> asio::awaitable<void> {
        auto first = co_await conats::connect(peer.url());
        co_await first.flush();
        CHECK(peer.result() == "ok");

        conats::connect_options o(server.url());
        auto nc = co_await conats::connect(o.ping_interval(1h).max_reconnects(0));
        auto events = nc.events();
        const auto work = [&](conats::message) -> asio::awaitable<void> {
            ++begun;
            co_await pause(5s);
            ended = true;
        };
        auto sub = nc.on("a", work);
        for (int i = 0; i != 1000; ++i) // a queue of messages waits behind the first
            co_await nc.publish("a", std::string(1000, 'x'));
        const bool done = co_await async_eventually([&] { return ended; }, 20s);
        CHECK(done);
        CHECK(begun <= 2);
        CHECK(nc.status() == conats::status::connected);
        co_await nc.flush();
        CHECK(count_events(take_events(events), conats::event_kind::server_error) == 0);
        sub.unsubscribe();
    });
}
