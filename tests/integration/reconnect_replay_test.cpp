// SPDX-License-Identifier: Apache-2.0
// What a new connection begins with, and that nothing is sent twice, torn or out of order.
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"
#include "support/sniffing_proxy.hpp"

#include <conats/stream.hpp>

#include <boost/asio/redirect_error.hpp>

#include <charconv>
#include <memory>
#include <regex>
#include <set>
#include <span>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::status;
using test_clock = std::chrono::steady_clock;

namespace {

/// A number, and bytes that follow from it.
std::string numbered(int n, std::size_t size) {
    std::string text = std::to_string(n) + ' ';
    text.append(size, static_cast<char>('a' + n % 26));
    return text;
}

/// The number; -1 if the bytes are not those that belong to it.
int number_of(std::string_view text) {
    int n = -1;
    (void)std::from_chars(text.data(), text.data() + text.size(), n);
    const std::size_t blank = text.find(' ');
    if (n < 0 || blank == text.npos || numbered(n, text.size() - blank - 1) != text)
        return -1;
    return n;
}

std::vector<int> numbers_of(conats::subscription& sub) {
    std::vector<int> all;
    while (auto m = sub.try_next())
        all.push_back(number_of(m->text()));
    return all;
}

/// No number is wrong or comes twice or too late.
bool is_increasing(const std::vector<int>& numbers) {
    int last = -1;
    for (const int n : numbers) {
        if (n <= last)
            return false;
        last = n;
    }
    return true;
}

/// What a client sent, with a star for each sid.
std::string without_sids(const std::string& commands) {
    static const std::regex sub("(SUB [a-z]+ (?:q )?)[0-9]+\r\n");
    static const std::regex unsub("UNSUB [0-9]+");
    return std::regex_replace(std::regex_replace(commands, sub, "$1*\r\n"), unsub, "UNSUB *");
}

/// TCP whose writes fail on demand, while its reads go on waiting.
class failing_stream final : public conats::stream {
public:
    failing_stream(asio::ip::tcp::socket s, std::shared_ptr<bool> broken)
        : socket_(std::move(s)),
          broken_(std::move(broken)) {}

    asio::awaitable<std::size_t> read_some(asio::mutable_buffer to,
                                           conats::error_code& ec) override {
        const std::size_t n =
            co_await socket_.async_read_some(to, asio::redirect_error(asio::use_awaitable, ec));
        co_return n;
    }
    asio::awaitable<std::size_t> write_some(std::span<const asio::const_buffer> from,
                                            conats::error_code& ec) override {
        if (*broken_) {
            *broken_ = false;
            ec = asio::error::broken_pipe;
            co_return 0;
        }
        const std::size_t n = co_await socket_.async_write_some(
            from.front(), asio::redirect_error(asio::use_awaitable, ec));
        co_return n;
    }
    void close() noexcept override {
        boost::system::error_code ignored;
        socket_.close(ignored);
    }

private:
    asio::ip::tcp::socket socket_;
    std::shared_ptr<bool> broken_;
};

} // namespace

TEST_CASE(
    "P2.39, F14, C17, S67 on the wire: handshake, subscriptions with what remains, messages") {
    std::string limited_sid; // of the first connection, read once the second is there
    std::vector<peer_script> scripts;
    scripts.emplace_back([&](peer_session& s) {
        s.handshake();
        s.expect("SUB plain ");
        limited_sid = s.expect_subscribe().back();
        s.expect("UNSUB " + limited_sid + " 5");
        for (int i = 0; i != 3; ++i)
            (void)s.expect_subscribe();
        s.wait_for_test();
        s.send_message("limited", limited_sid, "1");
        s.send_message("limited", limited_sid, "2");
        s.wait_for_test();
    });
    scripts.emplace_back([](peer_session& s) {
        s.handshake();
        s.serve();
    });
    scripted_peer peer(scripts);
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(fast(peer.url()));
        conats::subscribe_options five;
        five.max_messages(5);
        conats::subscribe_options in_group;
        in_group.queue_group("q");
        auto plain = co_await nc.subscribe("plain");
        auto limited = co_await nc.subscribe("limited", five);
        auto grouped = co_await nc.subscribe("grouped", in_group);
        auto gone = co_await nc.subscribe("gone");
        auto drained = co_await nc.subscribe("drained");
        peer.proceed();
        const bool two =
            co_await async_eventually([&] { return limited.statistics().pending_messages == 2; });
        REQUIRE(two);
        peer.proceed();
        const bool lost = co_await reaches(nc, status::reconnecting);
        CHECK(lost);
        co_await nc.publish("out", "1");
        gone.unsubscribe();
        co_await drained.drain();
        auto late = co_await nc.subscribe("late");
        co_await nc.publish("out", "2");
        const bool back = co_await reconnects(nc, 1);
        REQUIRE(back);
        co_await nc.flush();
        const std::string commands = without_sids(peer.received(1));
        CHECK(commands.substr(commands.find("\r\n") + 2) == // behind CONNECT
              "PING\r\nSUB plain *\r\nSUB limited *\r\nUNSUB * 3\r\nSUB grouped q *\r\n"
              "SUB late *\r\nPUB out 1\r\n1\r\nPUB out 1\r\n2\r\nPING\r\n");
        // What had come before is still there.
        CHECK(limited.statistics().pending_messages == 2);
    });
}

TEST_CASE(
    "F12, F14 however often a connection is cut, nothing is sent twice, torn or out of order") {
    nats_server server;
    sniffing_proxy proxy(server.host(), server.port());
    run(
        [&]() -> asio::awaitable<void> {
            auto reader = co_await conats::connect(server.url());
            auto sub = co_await reader.subscribe("n");
            co_await reader.flush();
            auto nc = co_await conats::connect(fast(proxy.url()));
            std::set<int> owed; // accepted without a connection
            int n = 0;
            for (std::uint64_t cut = 1; cut <= 10; ++cut) {
                const auto next = [&n] {
                    const std::size_t size = n % 50 == 49 ? std::size_t{60000} : std::size_t{40};
                    return conats::owned_payload(numbered(n++, size));
                };
                for (int i = 0; i != 500; ++i)
                    co_await nc.publish("n", next());
                if (cut % 2 == 0)
                    proxy.cut();
                else
                    proxy.reset();
                while (nc.status() == status::connected)
                    co_await nc.publish("n", next());
                for (int i = 0; i != 60 && nc.status() == status::reconnecting; ++i) {
                    owed.insert(n);
                    co_await nc.publish("n", next());
                }
                const bool back = co_await reconnects(nc, cut);
                REQUIRE(back);
                co_await nc.flush(scaled(10s));
            }
            co_await reader.flush(scaled(10s));
            const auto received = numbers_of(sub);
            CHECK(is_increasing(received));
            CHECK(sub.statistics().dropped == 0);
            const std::set<int> all(received.begin(), received.end());
            CHECK(std::includes(all.begin(), all.end(), owed.begin(), owed.end()));
            CHECK_FALSE(owed.empty());
            CHECK(all.size() > 1000);
        },
        60s);
}

TEST_CASE("B17 a server that takes no bytes is left for another; what waits goes there in order") {
    nats_server first;
    nats_server second;
    run(
        [&]() -> asio::awaitable<void> {
            auto reader = co_await conats::connect(second.url());
            auto sub = co_await reader.subscribe("n");
            co_await reader.flush();
            conats::connect_options o = fast(first.url() + "," + second.url());
            o.retain_order(true).write_timeout(scaled(300ms)).send_buffer_size(64 << 10);
            auto nc = co_await conats::connect(o);
            auto events = nc.events();
            REQUIRE(nc.connected_url() == first.url());
            first.pause();
            int n = 0;
            const auto begin = test_clock::now();
            while (nc.connected_url() == first.url())
                co_await nc.publish("n", numbered(n++, 10000));
            CHECK(test_clock::now() - begin >= 300ms);
            const bool moved = co_await reconnects(nc, 1);
            REQUIRE(moved);
            CHECK(nc.connected_url() == second.url());
            co_await nc.publish("n", numbered(n++, 1));
            co_await nc.flush(scaled(10s));
            co_await reader.flush(scaled(10s));
            const auto received = numbers_of(sub);
            REQUIRE_FALSE(received.empty());
            // Without a gap from the first that the old server did not have.
            CHECK(is_increasing(received));
            CHECK(received.back() == n - 1);
            CHECK(received.size() ==
                  static_cast<std::size_t>(received.back() - received.front() + 1));
            bool told = false;
            for (const conats::event& e : take_events(events))
                told = told || (e.status() == status::disconnected && e.what());
            CHECK(told);
            first.resume();
        },
        60s);
}

TEST_CASE("F12 by default 8 MiB of messages wait for a connection, then arrive in order") {
    nats_server server;
    run(
        [&]() -> asio::awaitable<void> {
            auto nc = co_await conats::connect(fast(server.url()));
            auto sub = co_await nc.subscribe("n");
            co_await nc.flush();
            server.stop();
            const bool lost = co_await reaches(nc, status::reconnecting);
            CHECK(lost);
            int n = 0;
            std::size_t bytes = 0;
            conats::error e;
            std::size_t last = 0;
            while (!e) {
                const std::string text = numbered(n, 1024);
                const std::string line = "PUB n " + std::to_string(text.size()) + "\r\n";
                last = line.size() + text.size() + 2;
                e = nc.try_publish("n", text);
                bytes += e ? 0 : last;
                n += e ? 0 : 1;
            }
            CHECK(e.code() == errc::outbox_full);
            CHECK(bytes <= 8U << 20U);
            CHECK(bytes + last > 8U << 20U);
            server.start();
            const bool back = co_await reconnects(nc, 1);
            REQUIRE(back);
            co_await nc.flush(scaled(10s));
            const auto received = numbers_of(sub);
            CHECK(is_increasing(received));
            CHECK(received.size() == static_cast<std::size_t>(n));
        },
        60s);
}

TEST_CASE("F23 a write that fails is the end of a connection, also when nothing is read") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto broken = std::make_shared<bool>(false);
        const auto make =
            [&](conats::transport_target to) -> asio::awaitable<std::unique_ptr<conats::stream>> {
            asio::ip::tcp::socket socket(to.executor());
            const asio::ip::tcp::endpoint at(asio::ip::make_address(to.host()), to.port());
            co_await socket.async_connect(at, asio::use_awaitable);
            co_return std::make_unique<failing_stream>(std::move(socket), broken);
        };
        conats::connect_options o = fast(server.url());
        o.transport(make);
        auto nc = co_await conats::connect(o);
        auto sub = co_await nc.subscribe("a");
        co_await nc.flush();
        *broken = true;
        co_await nc.publish("a", "kept");
        auto m = co_await sub.next(scaled(5s));
        CHECK(m->text() == "kept");
        CHECK(nc.statistics().reconnects == 1);
    });
}

TEST_CASE("S47 a hundred thousand subscriptions are made again in few writes") {
    const std::size_t many = sanitized ? 20'000 : 100'000;
    nats_server server;
    run(
        [&]() -> asio::awaitable<void> {
            conats::connect_options o = fast(server.url());
            auto nc = co_await conats::connect(o.ping_interval(0s));
            std::vector<conats::subscription> all;
            all.reserve(many);
            for (std::size_t i = 0; i != many; ++i) {
                auto sub = co_await nc.subscribe("s." + std::to_string(i));
                all.push_back(std::move(sub));
            }
            co_await nc.flush(scaled(20s));
            server.kill();
            const bool lost = co_await reaches(nc, status::reconnecting);
            CHECK(lost);
            const std::uint64_t writes = nc.statistics().writes;
            server.start();
            const auto begin = test_clock::now();
            const bool back = co_await reconnects(nc, 1);
            REQUIRE(back);
            co_await nc.flush(scaled(20s));
            const auto took = test_clock::now() - begin;
            const std::uint64_t used = nc.statistics().writes - writes;
            CHECK(used <= 200);
            std::cout << many << " subscriptions made again in "
                      << std::chrono::duration_cast<std::chrono::milliseconds>(took).count()
                      << " ms and " << used << " writes\n";
            CHECK(nc.statistics().subscriptions == many);
            CHECK(server.monitor().varz().at("subscriptions").to_number<std::size_t>() >= many);
            co_await nc.publish("s." + std::to_string(many - 1), "x");
            auto m = co_await all.back().next(scaled(5s));
            CHECK(m->text() == "x");
        },
        120s);
}

TEST_CASE("S67 a subscription that was drained before the loss is not made again") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o = fast(server.url());
        auto nc = co_await conats::connect(o.name("drainer"));
        auto stays = co_await nc.subscribe("stays");
        auto drained = co_await nc.subscribe("a");
        for (int i = 0; i != 100; ++i)
            co_await nc.publish("a", "x");
        co_await drained.drain();
        int received = 0;
        while (auto m = co_await drained.next())
            ++received;
        CHECK(received == 100);
        CHECK(drained.end_reason().code() == errc::drained);
        server.restart();
        const bool back = co_await reconnects(nc, 1);
        REQUIRE(back);
        co_await nc.flush();
        CHECK(server.monitor().subjects("drainer") == std::vector<std::string>(1, "stays"));
        co_await nc.publish("a", "x");
        co_await nc.flush();
        CHECK_FALSE(drained.try_next());
        CHECK(nc.statistics().in_messages == 100);
    });
}
