// SPDX-License-Identifier: Apache-2.0
// Idle connections hold no read buffers, and read what comes afterwards in full.
#include "integration/idle_fixture.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/socket_stream.hpp"
#include "support/timing.hpp"
#include "transport/tcp_stream.hpp"

#include <conats/conats.hpp>
#include <conats/stream.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using asio::ip::tcp;

namespace {

/// A tcp_stream and the socket at its other end.
struct tcp_pair {
    explicit tcp_pair(const asio::any_io_executor& ex) : client(ex), server(ex) {
        tcp::acceptor acceptor(ex, {asio::ip::address_v4::loopback(), 0});
        client.socket().connect(acceptor.local_endpoint());
        acceptor.accept(server);
    }

    conats::impl::tcp_stream client;
    tcp::socket server;
};

/// Waits beside the test.
struct pending_wait {
    pending_wait(const asio::any_io_executor& ex, conats::stream& s) {
        asio::co_spawn(ex, wait(s), asio::detached);
    }
    asio::awaitable<void> wait(conats::stream& s) {
        co_await s.wait_readable(ec);
        over = true;
    }
    asio::awaitable<bool> ends() {
        const bool done = co_await async_eventually([this] { return over; });
        co_return done;
    }

    conats::error_code ec;
    bool over = false;
};

using plain_stream = socket_stream<tcp::socket>;

/// One whose wait throws, at the second time.
class moody_stream final : public conats::stream {
public:
    explicit moody_stream(tcp::socket s) : inner_(std::move(s)) {}

    asio::awaitable<std::size_t> read_some(asio::mutable_buffer to,
                                           conats::error_code& ec) override {
        return inner_.read_some(to, ec);
    }
    asio::awaitable<void> wait_readable(conats::error_code& ec) override {
        if (++waits_ == 2)
            throw std::runtime_error("tired of waiting");
        return inner_.wait_readable(ec);
    }
    asio::awaitable<std::size_t> write_some(std::span<const asio::const_buffer> from,
                                            conats::error_code& ec) override {
        return inner_.write_some(from, ec);
    }
    void close() noexcept override { inner_.close(); }

private:
    plain_stream inner_;
    int waits_ = 0;
};

template <class Stream>
asio::awaitable<std::unique_ptr<conats::stream>> dial(conats::transport_target t) {
    tcp::socket socket(t.executor());
    const tcp::endpoint to(asio::ip::make_address(t.host()), t.port());
    co_await socket.async_connect(to, asio::use_awaitable);
    co_return std::make_unique<Stream>(std::move(socket));
}

} // namespace

TEST_CASE("An idle connection holds no read buffer, and reads what comes in full") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        co_await idle_suite(std::move(nc));
    });
}

TEST_CASE("An idle connection holds no read buffer, where all writing is the writer's") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options options(server.url());
        options.send_now(false);
        auto nc = co_await conats::connect(options);
        co_await idle_suite(std::move(nc));
    });
}

TEST_CASE("An idle connection holds no read buffer, under TLS") {
    const tls_files files;
    nats_server server(files.config());
    run([&]() -> asio::awaitable<void> {
        const auto options = with_tls(server.url(), files.trusting());
        auto nc = co_await conats::connect(options);
        co_await idle_suite(std::move(nc));
    });
}

TEST_CASE("Idle connections of one context share what they read into") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        std::vector<conats::client> all;
        for (int i = 0; i != 20; ++i) {
            auto nc = co_await conats::connect(server.url());
            all.push_back(std::move(nc));
        }
        for (const auto& nc : all) {
            const bool idle = co_await holds_nothing(nc);
            CHECK(idle);
        }
        for (const auto& nc : all)
            co_await nc.close();
    });
}

TEST_CASE("A stream of a user's that cannot tell whether there is something reads all the same") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options options(server.url());
        options.transport(conats::transport(dial<plain_stream>));
        auto nc = co_await conats::connect(options);
        auto sub = co_await nc.subscribe("a");
        const std::string text = numbers(400'000);
        for (int i = 0; i != 3; ++i) {
            co_await nc.flush();
            co_await nc.publish("a", text);
            const auto m = co_await sub.next(scaled(5s));
            CHECK(m->text() == text);
        }
        co_await nc.close();
    });
}

TEST_CASE("What a stream's wait throws is the loss of the connection") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options options(server.url());
        options.transport(conats::transport(dial<moody_stream>)).max_reconnects(0);
        auto nc = co_await conats::connect(options);
        conats::error e;
        for (int i = 0; i != 5 && !e; ++i)
            co_await nc.flush(scaled(5s), e);
        CHECK(e);
        const bool closed =
            co_await async_eventually([&] { return nc.status() == conats::status::closed; });
        CHECK(closed);
        CHECK(nc.close_reason().text().find("tired of waiting") != std::string::npos);
    });
}

TEST_CASE("tcp_stream waits for bytes, and takes none") {
    run([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        tcp_pair p(executor);
        pending_wait wait(executor, p.client);
        for (int i = 0; i != 5; ++i)
            co_await asio::post(executor, asio::use_awaitable);
        CHECK_FALSE(wait.over);
        asio::write(p.server, asio::buffer(std::string_view("hello")));
        const bool done = co_await wait.ends();
        CHECK(done);
        CHECK_FALSE(wait.ec);
        // Once more: they are still there.
        pending_wait again(executor, p.client);
        const bool again_done = co_await again.ends();
        CHECK(again_done);
        std::string room(3, '\0');
        conats::error_code ec;
        auto n = co_await p.client.read_some(asio::buffer(room), ec);
        CHECK(n == 3);
        CHECK(room == "hel");
        n = co_await p.client.read_some(asio::buffer(room), ec);
        CHECK(n == 2);
        CHECK(room.substr(0, 2) == "lo");
        CHECK_FALSE(ec);
    });
}

TEST_CASE("tcp_stream reads on where somebody else was faster after its wait") {
    run([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        tcp_pair p(executor);
        asio::write(p.server, asio::buffer(std::string_view("x")));
        pending_wait wait(executor, p.client);
        const bool done = co_await wait.ends();
        CHECK(done);
        char taken = 0;
        p.client.socket().read_some(asio::buffer(&taken, 1));
        std::string room(3, '\0');
        conats::error_code ec;
        const auto write_later = [&]() -> asio::awaitable<void> {
            co_await asio::async_write(p.server, asio::buffer(std::string_view("y")),
                                       asio::use_awaitable);
        };
        asio::co_spawn(executor, write_later(), asio::detached);
        const auto n = co_await p.client.read_some(asio::buffer(room), ec);
        CHECK(n == 1);
        CHECK(room[0] == 'y');
        CHECK_FALSE(ec);
    });
}

TEST_CASE("tcp_stream ends its wait at the peer's end, which the read reports") {
    run([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        tcp_pair p(executor);
        pending_wait wait(executor, p.client);
        p.server.close();
        const bool done = co_await wait.ends();
        CHECK(done);
        CHECK_FALSE(wait.ec);
        std::string room(3, '\0');
        conats::error_code ec;
        const auto n = co_await p.client.read_some(asio::buffer(room), ec);
        CHECK(n == 0);
        CHECK(ec == asio::error::eof);
    });
}

TEST_CASE("tcp_stream that is closed ends its wait") {
    run([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        tcp_pair p(executor);
        pending_wait wait(executor, p.client);
        co_await asio::post(executor, asio::use_awaitable);
        p.client.close();
        const bool done = co_await wait.ends();
        CHECK(done);
        CHECK(wait.ec == asio::error::operation_aborted);
    });
}

TEST_CASE("A stream that does not say otherwise is readable at once") {
    run([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        plain_stream s{tcp::socket(executor)};
        conats::error_code ec = asio::error::eof;
        co_await s.wait_readable(ec);
        CHECK_FALSE(ec);
    });
}
