// SPDX-License-Identifier: Apache-2.0
#include "integration/outcome.hpp"
#include "support/catch.hpp"
#include "support/info_builder.hpp"
#include "support/memory_stream.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/socket_stream.hpp"
#include "support/test_proxy.hpp"

#include <conats/conats.hpp>
#include <conats/stream.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::transport_target;

namespace {

using stream_pointer = std::unique_ptr<conats::stream>;
using unix_domain = asio::local::stream_protocol;
using asio::ip::tcp;

/// Passes bytes on until one end closes.
template <class From, class To>
asio::awaitable<void> pump(std::shared_ptr<From> from, std::shared_ptr<To> to) {
    std::array<char, 4096> room{};
    for (;;) {
        const auto [e, n] =
            co_await from->async_read_some(asio::buffer(room), asio::as_tuple(asio::deferred));
        if (e)
            break;
        const asio::const_buffer all(room.data(), n);
        const auto [e2, n2] = co_await asio::async_write(*to, all, asio::as_tuple(asio::deferred));
        if (e2 || n2 != n)
            break;
    }
    conats::error_code ignored;
    (void)from->close(ignored);
    (void)to->close(ignored);
}

/// One end of a socketpair, whose other end is led to a server on this machine.
asio::awaitable<stream_pointer> to_server_by_socketpair(transport_target t) {
    auto ours = unix_domain::socket(t.executor());
    const auto theirs = std::make_shared<unix_domain::socket>(t.executor());
    asio::local::connect_pair(ours, *theirs);
    const auto upstream = std::make_shared<tcp::socket>(t.executor());
    const tcp::endpoint to(asio::ip::make_address(t.host()), t.port());
    co_await upstream->async_connect(to, asio::use_awaitable);
    asio::co_spawn(t.executor(), pump(theirs, upstream), asio::detached);
    asio::co_spawn(t.executor(), pump(upstream, theirs), asio::detached);
    co_return std::make_unique<socket_stream<unix_domain::socket>>(std::move(ours));
}

/// As an application might speak SOCKS5: no login, the server's name as it is.
asio::awaitable<stream_pointer> by_socks5(std::uint16_t proxy_port, transport_target t) {
    using namespace std::string_literals;
    tcp::socket socket(t.executor());
    const tcp::endpoint proxy(asio::ip::address_v4::loopback(), proxy_port);
    co_await socket.async_connect(proxy, asio::use_awaitable);
    co_await asio::async_write(socket, asio::buffer("\x05\x01\x00"s), asio::use_awaitable);
    std::array<unsigned char, 2> method{};
    co_await asio::async_read(socket, asio::buffer(method), asio::use_awaitable);
    if (method[1] != 0)
        throw std::runtime_error("SOCKS5: it wants to know who asks");
    std::string request = "\x05\x01\x00\x03"s + static_cast<char>(t.host().size()) + t.host();
    request += static_cast<char>(t.port() >> 8U);
    request += static_cast<char>(t.port() & 0xffU);
    co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
    std::array<unsigned char, 10> reply{}; // with an IPv4 address
    co_await asio::async_read(socket, asio::buffer(reply), asio::use_awaitable);
    if (reply[1] != 0)
        throw std::runtime_error("SOCKS5: refused with " + std::to_string(reply[1]));
    co_return std::make_unique<socket_stream<tcp::socket>>(std::move(socket));
}

conats::connect_options through(const test_proxy& proxy, const std::string& server) {
    conats::connect_options o(server);
    o.transport(
        [port = proxy.port()](transport_target t) { return by_socks5(port, std::move(t)); });
    return o;
}

/// Says INFO, takes CONNECT and PING, then echoes each PUB to the first subscription.
asio::awaitable<void> play_server(std::unique_ptr<memory_stream> s) {
    try {
        co_await s->write_all(info_builder().line());
        std::string sid;
        for (;;) {
            const auto line = co_await s->read_line();
            if (line == "PING")
                co_await s->write_all("PONG\r\n");
            if (line.starts_with("SUB "))
                sid = line.substr(line.rfind(' ') + 1);
            if (line.starts_with("PUB ")) {
                auto reply = "MSG a " + sid + line.substr(line.rfind(' ')) + "\r\n";
                reply += co_await s->read_line();
                co_await s->write_all(reply + "\r\n");
            }
        }
    } catch (const std::exception&) {
        // The client closed.
    }
}

/// Options whose transport is a pipe to play_server(), which gives out and takes so many bytes at
/// a time.
conats::connect_options by_pipe(std::string url, std::size_t max_step,
                                std::shared_ptr<bool>* said_goodbye = nullptr) {
    conats::connect_options o(url);
    o.transport([=](transport_target t) -> asio::awaitable<stream_pointer> {
        memory_pipe pipe(t.executor());
        pipe.client->max_step = max_step;
        if (said_goodbye != nullptr)
            *said_goodbye = pipe.client->said_goodbye;
        asio::co_spawn(t.executor(), play_server(std::move(pipe.server)), asio::detached);
        co_return std::move(pipe.client);
    });
    return o;
}

asio::awaitable<void> publish_and_close(conats::client nc) {
    auto sub = co_await nc.subscribe("a");
    for (int i = 0; i != 20; ++i) {
        const auto text = "message " + std::to_string(i);
        co_await nc.publish("a", text);
        const auto m = co_await sub.next(5s);
        if (!m || m->text() != text)
            throw std::runtime_error("lost: " + text);
    }
    co_await nc.flush();
}

} // namespace

TEST_CASE("G11 B12 a client over a socketpair talks to a real server") {
    nats_server server("authorization { token: s3cr3t }");
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url("s3cr3t"));
        o.transport(to_server_by_socketpair);
        auto nc = co_await conats::connect(o);
        CHECK(server.monitor().connections() == 1);
        co_await publish_and_close(nc);
        const std::string big(100'000, 'x');
        auto sub = co_await nc.subscribe("big");
        co_await nc.publish("big", big);
        const auto m = co_await sub.next(5s);
        REQUIRE(m);
        CHECK(m->payload().size() == big.size());
        co_await nc.close();
    });
}

TEST_CASE(
    "B12 a factory that speaks SOCKS5 reaches the server, also when the connection was lost") {
    nats_server server("authorization { token: s3cr3t }");
    proxy_behaviour b;
    b.names["server.test"] = server.host();
    test_proxy proxy(b);
    const auto port = std::to_string(server.port());
    run([&]() -> asio::awaitable<void> {
        auto o = through(proxy, "nats://s3cr3t@server.test:" + port);
        auto nc = co_await conats::connect(o);
        CHECK(nc.connected_url() == "nats://server.test:" + port);
        co_await publish_and_close(nc);
        CHECK_FALSE(nc.force_reconnect());
        const bool back = co_await async_eventually([&] {
            return nc.statistics().reconnects == 1 && nc.status() == conats::status::connected;
        });
        REQUIRE(back);
        co_await publish_and_close(nc);
        co_await nc.close();
    });
    const auto asked = "name server.test:" + port;
    CHECK(proxy.requests() == std::vector<std::string>{asked, asked});
    CHECK(server.monitor().total_connections() == 2);
}

TEST_CASE("B12 a refusal that a factory throws is the attempt's error, in its words") {
    proxy_behaviour b;
    b.refusal = "\2";
    test_proxy refuses(b);
    auto e = outcome_of(through(refuses, "nats://server.test:4222"));
    CHECK(e.code() == errc::connection_failed);
    CHECK(e.text().find("SOCKS5: refused with 2") != std::string::npos);
    CHECK(e.server() == "nats://server.test:4222");
    b.user = "u";
    b.password = "p";
    test_proxy asks(b);
    e = outcome_of(through(asks, "nats://server.test:4222"));
    CHECK(e.text().find("SOCKS5: it wants to know who asks") != std::string::npos);
}

TEST_CASE("G11 a pipe in memory carries a connection, whatever it takes at a time") {
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{100'000}}) {
        std::shared_ptr<bool> said_goodbye;
        run([&]() -> asio::awaitable<void> {
            auto o = by_pipe("nats://pipe:1", step, &said_goodbye);
            auto nc = co_await conats::connect(o);
            CHECK(nc.local_address() == "memory");
            CHECK(nc.connected_url() == "nats://pipe:1");
            co_await publish_and_close(nc);
            co_await nc.close();
        });
        CHECK(*said_goodbye);
    }
}

TEST_CASE("G11 streams of the user's on a pool of threads") {
    asio::thread_pool pool(2);
    std::vector<std::future<void>> all;
    for (int i = 0; i != 8; ++i) {
        auto work = [](conats::connect_options o) -> asio::awaitable<void> {
            auto nc = co_await conats::connect(o);
            co_await publish_and_close(nc);
            co_await nc.close();
        };
        all.push_back(asio::co_spawn(pool, work(by_pipe("nats://pipe:1", 64)), asio::use_future));
    }
    for (auto& one : all)
        CHECK_NOTHROW(one.get());
    pool.join();
}

TEST_CASE("B12 the factory learns which server is meant, for any scheme and every attempt") {
    std::vector<transport_target> seen;
    conats::connect_options o("ws://first/nats");
    o.add_server("wss://user:pw@[::1]:5/x").retain_order(true);
    const auto before = std::chrono::steady_clock::now();
    o.transport([&](transport_target t) -> asio::awaitable<stream_pointer> {
        t.executor({}); // no copy of it may outlive the context
        seen.push_back(std::move(t));
        throw std::runtime_error("out of order");
        co_return nullptr;
    });
    const auto e = outcome_of(o);
    CHECK(e.code() == errc::connection_failed);
    CHECK(e.text().find("out of order") != std::string::npos);
    REQUIRE(seen.size() == 2);
    CHECK(seen[0].scheme() == "ws");
    CHECK(seen[0].host() == "first");
    CHECK(seen[0].port() == 80);
    CHECK(seen[0].path() == "/nats");
    CHECK(seen[0].attempt() == 1);
    CHECK(seen[0].deadline() > before);
    CHECK(seen[1].scheme() == "wss");
    CHECK(seen[1].host() == "::1");
    CHECK(seen[1].port() == 5);
    CHECK(seen[1].attempt() == 2);
}

TEST_CASE("B12 a factory that fails is one server that fails") {
    conats::connect_options o("nats://broken:1,nats://good:2");
    o.retain_order(true);
    o.transport([](transport_target t) -> asio::awaitable<stream_pointer> {
        if (t.host() == "broken")
            co_return nullptr;
        memory_pipe pipe(t.executor());
        asio::co_spawn(t.executor(), play_server(std::move(pipe.server)), asio::detached);
        co_return std::move(pipe.client);
    });
    CHECK_FALSE(outcome_of(o));

    conats::connect_options none("nats://broken:1");
    none.transport([](transport_target) -> asio::awaitable<stream_pointer> { co_return nullptr; });
    const auto e = outcome_of(none);
    CHECK(e.code() == errc::connection_failed);
    CHECK(e.text() == "the transport's stream: it returned none");
    CHECK(e.server() == "nats://broken:1");
}

TEST_CASE("B12 a factory that takes too long is cancelled at the deadline") {
    bool cancelled = false;
    conats::connect_options o("nats://slow:1");
    o.connect_timeout(50ms);
    o.transport([&](transport_target) -> asio::awaitable<stream_pointer> {
        auto executor = co_await asio::this_coro::executor;
        asio::steady_timer forever(executor, asio::steady_timer::time_point::max());
        try {
            co_await forever.async_wait(asio::use_awaitable);
        } catch (const std::exception&) {
            cancelled = true;
        }
        co_return nullptr;
    });
    CHECK(outcome_of(o).code() == errc::timeout);
    CHECK(cancelled);
}

namespace {

/// Throws where others report.
class throwing_stream final : public conats::stream {
public:
    throwing_stream(stream_pointer inner, std::size_t reads)
        : inner_(std::move(inner)),
          reads_(reads) {}

    asio::awaitable<std::size_t> read_some(asio::mutable_buffer to,
                                           conats::error_code& ec) override {
        if (reads_-- == 0)
            throw std::runtime_error("the reader broke");
        const auto n = co_await inner_->read_some(to, ec);
        co_return n;
    }
    asio::awaitable<std::size_t> write_some(std::span<const asio::const_buffer> from,
                                            conats::error_code& ec) override {
        const auto n = co_await inner_->write_some(from, ec);
        co_return n;
    }
    void close() noexcept override { inner_->close(); }

private:
    stream_pointer inner_;
    std::size_t reads_;
};

conats::connect_options that_throws(std::size_t reads) {
    conats::connect_options o("nats://pipe:1");
    o.transport([=](transport_target t) -> asio::awaitable<stream_pointer> {
        memory_pipe pipe(t.executor());
        asio::co_spawn(t.executor(), play_server(std::move(pipe.server)), asio::detached);
        co_return std::make_unique<throwing_stream>(std::move(pipe.client), reads);
    });
    return o;
}

} // namespace

TEST_CASE("G11 what a stream throws is the loss of its connection") {
    const auto e = outcome_of(that_throws(0));
    CHECK(e.code() == errc::connection_failed);
    CHECK(e.text() == "the reader broke");

    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(that_throws(3));
        conats::error lost;
        for (int i = 0; i != 5 && !lost; ++i)
            co_await nc.flush(1s, lost);
        CHECK(lost.code() == errc::disconnected);
        CHECK(lost.text().find("the reader broke") != std::string::npos);
    });
}

TEST_CASE("G11 a context that is destroyed takes the user's streams along") {
    conats::client nc;
    asio::io_context context; // goes first
    auto work = [&]() -> asio::awaitable<void> {
        nc = co_await conats::connect(by_pipe("nats://pipe:1", 100));
    };
    asio::co_spawn(context, work(), asio::detached);
    while (!nc && context.run_one_for(scaled(5s)) != 0) {}
    REQUIRE(nc);
}
