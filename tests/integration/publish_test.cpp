// SPDX-License-Identifier: Apache-2.0
// What may be published, what comes of it on the wire, and what happens when the server is slow.
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"

#include <boost/asio/detached.hpp>

#include <random>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20U;

std::vector<std::string> subjects_with_forbidden_bytes() {
    return {"",     " ",
            "a b",  " a",
            "a ",   "a\tb",
            "a\rb", "a\nb",
            "a\r",  "a\r\nPUB injected 0\r\n\r\n",
            "\na",  std::string("a\0b", 3)};
}

} // namespace

TEST_CASE("C01 C02 P2.30 headers and payload together may have max_payload bytes, not one more") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto sub = co_await nc.subscribe("a");
        const std::string most(mebibyte, 'x');
        CHECK_FALSE(nc.try_publish("a", most));
        CHECK(nc.try_publish("a", most + "x").code() == errc::payload_too_large);
        conats::publish_options o;
        o.headers(conats::headers().add("Key", "value"));
        const std::string less(mebibyte - std::string("NATS/1.0\r\nKey: value\r\n\r\n").size(),
                               'y');
        CHECK_FALSE(nc.try_publish("a", less, o));
        CHECK(nc.try_publish("a", less + "y", o).code() == errc::payload_too_large);
        conats::error e;
        co_await nc.publish("a", conats::owned_payload(less + "y"), o, e);
        CHECK(e.code() == errc::payload_too_large);
        CHECK(e.code() == conats::condition::limit);
        CHECK_FALSE(nc.try_publish("a", ""));
        co_await nc.flush();
        auto m = co_await sub.next(5s);
        CHECK(m->text() == most);
        m = co_await sub.next(5s);
        CHECK(m->text() == less);
        CHECK(m->headers().get("Key") == "value");
        m = co_await sub.next(5s);
        CHECK(m->payload().empty());
        CHECK(server.monitor().in_msgs() == 3);
        CHECK(nc.status() == conats::status::connected);
    });
}

TEST_CASE("C02 P2.30 S18 max_payload is that of the latest INFO") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        if (s.expect_publish().payload.size() != 200)
            s.fail("the first message is not the one expected");
        s.wait_for_test();
        s.info().max_payload(100);
        s.send_info();
        if (s.expect_publish().payload.size() != 100)
            s.fail("the second message is not the one expected");
        s.info().max_payload(300);
        s.send_info();
        if (s.expect_publish().payload.size() != 300)
            s.fail("the third message is not the one expected");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        const auto has_limit = [&](std::uint64_t n) { return nc.server_info().max_payload == n; };
        CHECK_FALSE(nc.try_publish("a", std::string(200, 'x')));
        peer.proceed();
        const bool lowered = co_await async_eventually([&] { return has_limit(100); });
        CHECK(lowered);
        CHECK(nc.try_publish("a", std::string(101, 'x')).code() == errc::payload_too_large);
        CHECK_FALSE(nc.try_publish("a", std::string(100, 'x')));
        const bool raised = co_await async_eventually([&] { return has_limit(300); });
        CHECK(raised);
        CHECK_FALSE(nc.try_publish("a", std::string(300, 'x')));
        co_await nc.flush();
        CHECK(peer.result() == "ok");
    });
}

TEST_CASE("C02 P2.30 a max_payload lowered by a reload") {
    nats_server server("max_payload: 4096");
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        CHECK_FALSE(nc.try_publish("a", std::string(4096, 'x')));
        co_await nc.flush();
        server.reload("max_payload: 1024");
        // Servers tell new connections only: the old one learns by a violation, which is fatal.
        auto later = co_await conats::connect(server.url());
        CHECK(later.server_info().max_payload == 1024);
        CHECK(later.try_publish("a", std::string(1025, 'x')).code() == errc::payload_too_large);
        CHECK_FALSE(later.try_publish("a", std::string(1024, 'x')));
        co_await later.flush();
        CHECK(server.monitor().in_msgs() == 2);
    });
}

TEST_CASE(
    "C10 C12 P2.26 S38 no forbidden byte of a subject, reply or queue group reaches the wire") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(conats::connect_options(proxy.url()));
        const auto subjects = subjects_with_forbidden_bytes();
        for (const std::string& bad : subjects) {
            INFO("\"" << bad << "\"");
            CHECK(nc.try_publish(bad, "x").code() == errc::invalid_subject);
            conats::error e;
            auto reply = co_await nc.request(bad, "x", 1s, e);
            CHECK(e.code() == errc::invalid_subject);
            auto sub = co_await nc.subscribe(bad, conats::subscribe_options(), e);
            CHECK(e.code() == errc::invalid_subject);
            const auto handler = nc.on(bad, [](const conats::message&) {});
            CHECK(handler.end_reason().code() == errc::invalid_subject);
            if (bad.empty())
                continue; // no reply, no queue group
            conats::publish_options o;
            o.reply(bad);
            CHECK(nc.try_publish("ok", "x", o).code() == errc::invalid_subject);
            conats::subscribe_options group;
            group.queue_group(bad);
            sub = co_await nc.subscribe("ok", group, e);
            CHECK(e.code() == errc::invalid_queue_group);
        }
        co_await nc.flush();
        const std::string sent = proxy.from_client();
        CHECK(sent.substr(sent.find("\r\n")) == "\r\nPING\r\nPING\r\n");
        CHECK(server.monitor().in_msgs() == 0);
    });
}

TEST_CASE("P2.27 lengths match what follows, whatever the parts") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto events = nc.events();
        auto sub = co_await nc.subscribe("f.>");
        std::mt19937 random(7);
        std::vector<std::string> payloads;
        for (std::size_t i = 0; i != 300; ++i) {
            const std::size_t size = random() % 3 == 0 ? random() % 40000 : random() % 120;
            payloads.emplace_back(size, static_cast<char>('a' + i % 26));
            conats::publish_options o;
            if (i % 2 == 0)
                o.reply("r." + std::string(i % 90 + 1, 'r'));
            if (i % 3 == 0)
                o.headers(conats::headers().add("N", std::to_string(i)).add("L", payloads[i]));
            const std::string subject = "f." + std::string(i % 70 + 1, 's');
            if (i % 5 == 0)
                co_await nc.publish(subject, conats::owned_payload(std::string(payloads[i])), o);
            else
                co_await nc.publish(subject, payloads[i], o);
        }
        for (std::size_t i = 0; i != payloads.size(); ++i) {
            auto m = co_await sub.next(5s);
            bool same = m->text() == payloads[i] && m->subject().size() == i % 70 + 3;
            same = same && m->reply().size() == (i % 2 == 0 ? i % 90 + 3 : 0);
            if (i % 3 == 0)
                same = same && m->headers().get("N") == std::to_string(i) &&
                       m->headers().get("L") == payloads[i];
            if (!same)
                FAIL("message " << i << " is not what was sent");
        }
        co_await nc.flush();
        CHECK(take_events(events).size() == 2); // connected, and the subscription
    });
}

TEST_CASE(
    "C11 P2.28 S38 empty tokens are an error; the server would lose the message without a word") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto strict = co_await conats::connect(server.url());
        auto all = co_await strict.subscribe(">");
        co_await strict.flush();
        for (const char* subject : {"foo..bar", ".foo", "foo.", ".", "..", "foo.bar."})
            CHECK(strict.try_publish(subject, "").code() == errc::invalid_subject);
        conats::connect_options o(server.url());
        o.allow_empty_tokens(true);
        auto lax = co_await conats::connect(o);
        auto events = lax.events();
        for (const char* subject : {"foo..bar", ".foo", "foo."})
            CHECK_FALSE(lax.try_publish(subject, ""));
        CHECK_FALSE(lax.try_publish("foo bar", "").code() != errc::invalid_subject);
        CHECK_FALSE(lax.try_publish("last", ""));
        co_await lax.flush();
        auto m = co_await all.next(5s);
        CHECK(m->subject() == "last");
        CHECK(take_events(events).size() == 1);
    });
}

TEST_CASE("C20 what was published before a flush has been counted by the server") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(server.url());
        for (int round = 1; round != 4; ++round) {
            for (int i = 0; i != 1000; ++i)
                CHECK_FALSE(nc.try_publish("a", "x"));
            co_await nc.flush();
            CHECK(server.monitor().in_msgs() == round * 1000);
        }
        std::vector<int> order;
        std::vector<int> expected;
        const auto flush = [&](int i) -> asio::awaitable<void> {
            co_await nc.publish("a", "x");
            co_await nc.flush();
            order.push_back(i);
        };
        for (int i = 0; i != 500; ++i) {
            asio::co_spawn(executor, flush(i), asio::detached);
            expected.push_back(i);
        }
        const bool all = co_await async_eventually([&] { return order.size() == 500; });
        CHECK(all);
        CHECK(order == expected);
    });
}

TEST_CASE("C20 P2.38 a flush ends by its own PONG") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.expect("PING");
        s.expect("PING");
        s.wait_for_test();
        s.send("PONG\r\n");
        s.wait_for_test();
        s.send("PONG\r\n");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(peer.url());
        conats::error e;
        co_await nc.flush(20ms, e);
        CHECK(e.code() == errc::timeout);
        bool done = false;
        const auto second = [&]() -> asio::awaitable<void> {
            co_await nc.flush();
            done = true;
        };
        asio::co_spawn(executor, second(), asio::detached);
        peer.proceed(); // answers the first, which has given up
        auto reads = nc.statistics().reads;
        const bool read = co_await async_eventually([&] { return nc.statistics().reads > reads; });
        CHECK(read);
        co_await turns(100);
        CHECK_FALSE(done);
        peer.proceed();
        const bool ended = co_await async_eventually([&] { return done; });
        CHECK(ended);
        CHECK(peer.result() == "ok");
    });
}

TEST_CASE("C21 rtt is what the way there and back takes") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(proxy.url());
        const auto near = co_await nc.rtt();
        CHECK(near.count() > 0);
        proxy.delay(flow::to_server, 80ms);
        proxy.delay(flow::to_client, 40ms);
        const auto far = co_await nc.rtt();
        CHECK(far >= 120ms);
        CHECK(far < 120ms + scaled(200ms));
        CHECK(near < far);
    });
}

TEST_CASE("C28 publishers wait while the server is stopped, memory is bounded, then they go on") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(server.url());
        const std::string payload(16384, 'x');
        constexpr int publishers = 3;
        constexpr int each = 1000;
        int published = 0;
        int ended = 0;
        const auto publish = [&]() -> asio::awaitable<void> {
            for (int i = 0; i != each; ++i) {
                co_await nc.publish("load", payload);
                ++published;
            }
            ++ended;
        };
        co_await nc.flush();
        server.pause();
        const std::size_t before = resident_bytes();
        for (int i = 0; i != publishers; ++i)
            asio::co_spawn(executor, publish(), asio::detached);
        int last = 0;
        int unchanged = 0;
        const auto stuck = [&] {
            unchanged = published == last && published != 0 ? unchanged + 1 : 0;
            last = published;
            return unchanged == 100;
        };
        const bool suspended = co_await async_eventually(stuck);
        CHECK(suspended);
        CHECK(ended == 0);
        const std::size_t mark = conats::connect_options().high_water_mark();
        CHECK(nc.statistics().outbox_bytes >= mark);
        CHECK(nc.statistics().outbox_bytes <= 2 * (mark + publishers * (payload.size() + 100)));
        if (!sanitized)
            CHECK(resident_bytes() < before + 8 * mebibyte);
        server.resume();
        const bool all = co_await async_eventually([&] { return ended == publishers; }, 10s);
        CHECK(all);
        co_await nc.flush();
        CHECK(server.monitor().in_msgs() == publishers * each);
    });
}

TEST_CASE("C28 try_publish accepts 8 MiB above the mark, then says outbox_full") {
    peer_options small;
    small.receive_buffer(8192);
    scripted_peer peer(small, [](peer_session& s) {
        s.handshake();
        s.stop_reading();
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        const std::string payload(65536, 'x');
        const std::size_t frame = payload.size() + std::string("PUB a 65536\r\n\r\n").size();
        const std::size_t limit = conats::connect_options().high_water_mark() + 8 * mebibyte;
        std::size_t accepted = 0;
        conats::error e;
        const auto fill = [&] {
            while (!(e = nc.try_publish("a", payload)))
                accepted += frame;
        };
        fill();
        CHECK(e.code() == errc::outbox_full);
        CHECK(e.text() == "high_water_mark: " + std::to_string(accepted) +
                              " bytes wait to be sent, 65536 more do not fit");
        CHECK(accepted > limit - frame);
        CHECK(accepted <= limit);
        // The writer takes that over, and the same fits once more.
        const bool taken = co_await async_eventually([&] { return !nc.try_publish("a", ""); });
        CHECK(taken);
        fill();
        CHECK(e.code() == errc::outbox_full);
        CHECK(accepted <= 2 * limit);
        co_await nc.publish("a", payload, e);
        CHECK(e.code() == errc::outbox_full);
        peer.proceed();
        co_await nc.flush();
        CHECK(nc.statistics().outbox_bytes == 0);
        CHECK_FALSE(nc.try_publish("a", payload));
    });
}
