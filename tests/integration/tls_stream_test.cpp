// SPDX-License-Identifier: Apache-2.0
// TLS over a stream that is no socket and hands over little at a time, with reads and writes at
// once; the other end is a real nats-server.
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "transport/tcp_stream.hpp"
#include "transport/tls_stream.hpp"

#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::error_code;
using conats::stream;
using conats::impl::tcp_stream;
using conats::impl::tls_stream;

namespace {

/// How the stream below behaves; a test changes it while it works.
class weather {
public:
    std::size_t read_size = 1;
    std::size_t write_size = 1;
    std::size_t write_budget = std::string::npos; ///< then it fails
    std::size_t waits = 0;                        ///< for something to read

    weather() {} // not an aggregate, for g++ 12
};

class trickle final : public stream {
public:
    trickle(std::unique_ptr<tcp_stream> lower, weather& w)
        : lower_(std::move(lower)),
          weather_(w) {}

    asio::awaitable<std::size_t> read_some(asio::mutable_buffer to, error_code& ec) override {
        const asio::mutable_buffer some(to.data(), std::min(to.size(), weather_.read_size));
        const auto n = co_await lower_->read_some(some, ec);
        co_return n;
    }
    asio::awaitable<void> wait_readable(error_code& ec) override {
        ++weather_.waits;
        co_await lower_->wait_readable(ec);
    }
    asio::awaitable<std::size_t> write_some(std::span<const asio::const_buffer> from,
                                            error_code& ec) override {
        const auto size = std::min({from[0].size(), weather_.write_size, weather_.write_budget});
        if (size == 0) {
            ec = asio::error::connection_reset;
            co_return 0;
        }
        const asio::const_buffer some(from[0].data(), size);
        const auto n = co_await lower_->write_some({&some, 1}, ec);
        if (weather_.write_budget != std::string::npos)
            weather_.write_budget -= n;
        co_return n;
    }
    void close() noexcept override { lower_->close(); }
    [[nodiscard]] std::string local_address() const override { return lower_->local_address(); }
    [[nodiscard]] std::string remote_address() const override { return lower_->remote_address(); }

private:
    std::unique_ptr<tcp_stream> lower_;
    weather& weather_;
};

asio::awaitable<std::string> read_until(stream& s, std::string_view end) {
    std::string all;
    std::string buffer(10'000, '\0');
    error_code ec;
    while (!all.ends_with(end)) {
        const auto n = co_await s.read_some(asio::buffer(buffer), ec);
        if (ec)
            throw conats::system_error(conats::error(ec));
        all.append(buffer, 0, n);
    }
    co_return all;
}

asio::awaitable<void> write_all(stream& s, std::string_view text) {
    error_code ec;
    while (!text.empty()) {
        const asio::const_buffer piece(text.data(), text.size());
        const auto n = co_await s.write_some({&piece, 1}, ec);
        if (ec)
            throw conats::system_error(conats::error(ec));
        text.remove_prefix(n);
    }
}

/// Connected, encrypted, and past PONG.
asio::awaitable<std::unique_ptr<tls_stream>> open(const nats_server& server, const tls_files& files,
                                                  weather& w) {
    const auto executor = co_await asio::this_coro::executor;
    auto tcp = std::make_unique<tcp_stream>(executor);
    tcp->socket().connect({asio::ip::make_address(server.host()), server.port()});
    auto lower = std::make_unique<trickle>(std::move(tcp), w);
    (void)co_await read_until(*lower, "\r\n"); // INFO
    const conats::tls_context context(files.trusting());
    auto s = std::make_unique<tls_stream>(executor, std::move(lower), context.state(), "127.0.0.1");
    const auto e = co_await s->handshake();
    CHECK_FALSE(e);
    co_await write_all(*s, "CONNECT {\"verbose\":false}\r\nPING\r\n");
    const auto answer = co_await read_until(*s, "PONG\r\n");
    CHECK(answer == "PONG\r\n");
    CHECK(s->tls().version == "TLSv1.3");
    CHECK(s->local_address().starts_with("127.0.0.1:"));
    CHECK(s->remote_address() == server.address());
    co_return s;
}

} // namespace

TEST_CASE(
    "S96 TLS over any stream, however little it takes and gives, in both directions at once") {
    const tls_files files;
    nats_server server(files.config());
    run([&]() -> asio::awaitable<void> {
        using namespace asio::experimental::awaitable_operators;
        weather w;
        auto s = co_await open(server, files, w);
        co_await write_all(*s, "SUB a 1\r\n");
        w.read_size = 1000;
        w.write_size = 7;
        const std::string message = "5\r\nhello\r\n";
        std::string out;
        for (int i = 0; i != 5000; ++i)
            out += "PUB a " + message;
        out += "PING\r\n";
        auto reading = read_until(*s, "PONG\r\n");
        auto writing = write_all(*s, out);
        const std::string in = co_await (std::move(reading) && std::move(writing));
        std::string expected;
        for (int i = 0; i != 5000; ++i)
            expected += "MSG a 1 " + message;
        CHECK((in == expected + "PONG\r\n"));
        s->close();
    });
}

TEST_CASE("What the peer may have got counts as written, when the stream below fails") {
    const tls_files files;
    nats_server server(files.config());
    run([&]() -> asio::awaitable<void> {
        weather w;
        auto s = co_await open(server, files, w);
        w.write_size = 100'000;
        const std::string text(60'000, 'x'); // four records
        const asio::const_buffer all(text.data(), text.size());
        // All of the first, and one byte of the second.
        w.write_budget = 16'384 + 22 + 1;
        error_code ec;
        auto n = co_await s->write_some({&all, 1}, ec);
        CHECK_FALSE(ec);
        CHECK(n == 2U * 16'384);
        n = co_await s->write_some({&all, 1}, ec);
        CHECK(ec == asio::error::connection_reset);
        CHECK(n == 0);
        s->close();
    });
    run([&]() -> asio::awaitable<void> {
        weather w;
        auto s = co_await open(server, files, w);
        w.write_budget = 0;
        const asio::const_buffer all("x", 1);
        error_code ec;
        const auto n = co_await s->write_some({&all, 1}, ec);
        CHECK(ec == asio::error::connection_reset);
        CHECK(n == 0);
        s->close();
    });
}

TEST_CASE("A TLS stream that is closed ends its read") {
    const tls_files files;
    nats_server server(files.config());
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        weather w;
        auto s = co_await open(server, files, w);
        error_code ec;
        std::string buffer(100, '\0');
        bool ended = false;
        const auto read = [&]() -> asio::awaitable<void> {
            (void)co_await s->read_some(asio::buffer(buffer), ec);
            ended = true;
        };
        asio::co_spawn(executor, read(), asio::detached);
        co_await asio::post(executor, asio::use_awaitable);
        s->close();
        const bool done = co_await async_eventually([&] { return ended; });
        CHECK(done);
        CHECK(ec == asio::error::operation_aborted);
    });
}

TEST_CASE("A TLS stream does not wait for what it has: plain text, and ciphertext") {
    const tls_files files;
    nats_server server(files.config());
    run([&]() -> asio::awaitable<void> {
        weather w;
        w.read_size = 100'000;
        w.write_size = 100'000;
        auto s = co_await open(server, files, w);
        // Two records, which are sent at once.
        const std::string text(17'000, 'x');
        co_await write_all(*s, "SUB a 1\r\nPUB a 17000\r\n" + text + "\r\nPING\r\n");
        const std::string expected = "MSG a 1 17000\r\n" + text + "\r\nPONG\r\n";
        error_code ec;
        std::string all;
        std::string room(5, '\0');
        while (all.size() != expected.size() && !ec) {
            co_await s->wait_readable(ec); // hangs where it forgets what it has
            if (ec)
                break;
            const std::size_t most = std::min(room.size(), expected.size() - all.size());
            const auto n = co_await s->read_some(asio::mutable_buffer(room.data(), most), ec);
            all.append(room, 0, n);
        }
        CHECK_FALSE(ec);
        CHECK((all == expected));
        CHECK(w.waits > 0);
        CHECK(w.waits < 100);
        s->close();
    });
}

TEST_CASE("A TLS stream that is closed ends its wait, and waits no more") {
    const tls_files files;
    nats_server server(files.config());
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        weather w;
        w.read_size = 100'000;
        auto s = co_await open(server, files, w);
        error_code ec;
        bool ended = false;
        const auto wait = [&]() -> asio::awaitable<void> {
            while (!ec) // there may be something behind the handshake
                co_await s->wait_readable(ec);
            ended = true;
        };
        asio::co_spawn(executor, wait(), asio::detached);
        co_await asio::post(executor, asio::use_awaitable);
        s->close();
        const bool done = co_await async_eventually([&] { return ended; });
        CHECK(done);
        CHECK(ec == asio::error::operation_aborted);
        ec.clear();
        co_await s->wait_readable(ec);
        CHECK(ec == asio::error::operation_aborted);
    });
}
