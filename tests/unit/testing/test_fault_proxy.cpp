// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>
#include <conats/testing/broker.hpp>
#include <conats/testing/fault_proxy.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

using namespace conats::testing;
using namespace conats::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

using ec_code = boost::system::error_code;

/// A server behind a proxy, a client in front of it, as bare sockets.
class line {
public:
    explicit line(asio::any_io_executor ex)
        : acceptor_(ex, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
          proxy(ex, "127.0.0.1", acceptor_.local_endpoint().port()),
          client(ex),
          server(ex) {}

    asio::awaitable<void> open() {
        const tcp::endpoint at(asio::ip::address_v4::loopback(), proxy.port());
        co_await client.async_connect(at, asio::use_awaitable);
        co_await acceptor_.async_accept(server, asio::use_awaitable);
    }

private:
    tcp::acceptor acceptor_;

public:
    fault_proxy proxy;
    tcp::socket client;
    tcp::socket server;
};

asio::awaitable<void> send(tcp::socket& to, std::string bytes) {
    co_await asio::async_write(to, asio::buffer(bytes), asio::use_awaitable);
}

/// All that comes, and how it ends.
asio::awaitable<std::string> read_to_end(tcp::socket& from, ec_code& end) {
    std::string out;
    char buffer[4096];
    for (;;) {
        const auto [ec, n] = co_await from.async_read_some(asio::buffer(buffer),
                                                           asio::as_tuple(asio::use_awaitable));
        out.append(buffer, n);
        end = ec;
        if (ec)
            co_return out;
    }
}

asio::awaitable<std::string> read(tcp::socket& from, std::size_t size) {
    std::string out(size, '\0');
    co_await with_timeout(
        [](tcp::socket& s, std::string& to) -> asio::awaitable<void> {
            co_await asio::async_read(s, asio::buffer(to), asio::use_awaitable);
        }(from, out),
        10s);
    co_return out;
}

void play(const std::function<asio::awaitable<void>(line&)>& body) {
    run([&]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        line l(executor);
        co_await body(l);
    });
}

} // namespace

TEST_CASE("M06 a fault proxy passes everything on") {
    play([](line& l) -> asio::awaitable<void> {
        co_await l.open();
        const std::string big(3000000, 'x');
        auto sending = [](line& on, std::string bytes) -> asio::awaitable<void> {
            co_await send(on.client, std::move(bytes));
            on.client.shutdown(tcp::socket::shutdown_send);
        };
        const auto executor = co_await asio::this_coro::executor;
        asio::co_spawn(executor, sending(l, big), asio::detached);
        ec_code end;
        const std::string got = co_await read_to_end(l.server, end);
        CHECK(got == big);
        CHECK(end == asio::error::eof);
        // The other direction is open still.
        co_await send(l.server, "answer");
        const std::string answer = co_await read(l.client, 6);
        CHECK(answer == "answer");
        CHECK(l.proxy.statistics().connections == 1);
        CHECK(l.proxy.statistics().open == 1);
        CHECK(l.proxy.statistics().bytes_to_server == big.size());
        CHECK(l.proxy.statistics().bytes_to_client == 6);
        CHECK(l.proxy.url() == "nats://127.0.0.1:" + std::to_string(l.proxy.port()));
    });
}

TEST_CASE("M06 a fault proxy closes, resets and half-closes after so many bytes") {
    play([](line& l) -> asio::awaitable<void> {
        l.proxy.to_client(faults().close_after(5));
        co_await l.open();
        co_await send(l.client, "unread");
        co_await send(l.server, "0123456789");
        ec_code end;
        const std::string got = co_await read_to_end(l.client, end);
        CHECK(got == "01234");
        CHECK(end == asio::error::eof);
        const std::string said = co_await read_to_end(l.server, end);
        CHECK(end == asio::error::eof);
        CHECK(l.proxy.statistics().closed_by_faults == 1);
    });
    play([](line& l) -> asio::awaitable<void> {
        l.proxy.to_server(faults().reset_after(5));
        co_await l.open();
        co_await send(l.client, "0123456789");
        ec_code end;
        const std::string got = co_await read_to_end(l.server, end);
        CHECK(got == "01234");
        CHECK(end == asio::error::connection_reset);
        co_await read_to_end(l.client, end);
        CHECK(end == asio::error::connection_reset);
    });
    play([](line& l) -> asio::awaitable<void> {
        l.proxy.to_server(faults().half_close_after(5));
        co_await l.open();
        co_await send(l.client, "0123456789");
        ec_code end;
        const std::string got = co_await read_to_end(l.server, end);
        CHECK(got == "01234");
        CHECK(end == asio::error::eof);
        co_await send(l.server, "answer");
        const std::string answer = co_await read(l.client, 6);
        CHECK(answer == "answer");
    });
    play([](line& l) -> asio::awaitable<void> {
        l.proxy.to_client(faults().close_after(0));
        co_await l.open();
        ec_code end;
        const std::string got = co_await read_to_end(l.client, end);
        CHECK(got.empty());
        CHECK(end == asio::error::eof);
    });
}

TEST_CASE("M06 a fault proxy corrupts and drops") {
    play([](line& l) -> asio::awaitable<void> {
        l.proxy.to_server(faults().corrupt(1).drop(3));
        l.proxy.to_client(faults().drop(0));
        co_await l.open();
        co_await send(l.client, "abcdef");
        const std::string there = co_await read(l.server, 5);
        CHECK(there == "a\x9d"
                       "cef");
        co_await send(l.server, "xyz");
        const std::string back = co_await read(l.client, 2);
        CHECK(back == "yz");
    });
}

TEST_CASE("M06 a fault proxy stalls, and goes on where it stopped") {
    play([](line& l) -> asio::awaitable<void> {
        l.proxy.to_server(faults().stall_after(3));
        co_await l.open();
        co_await send(l.client, "abcdef");
        const std::string before = co_await read(l.server, 3);
        CHECK(before == "abc");
        co_await send(l.server, "other way");
        const std::string other = co_await read(l.client, 9);
        CHECK(other == "other way");
        CHECK(l.proxy.statistics().bytes_to_server == 3);
        l.proxy.pass();
        const std::string after = co_await read(l.server, 3);
        CHECK(after == "def");
    });
}

TEST_CASE("M06 a fault proxy swallows what comes") {
    play([](line& l) -> asio::awaitable<void> {
        l.proxy.to_server(faults().blackhole());
        co_await l.open();
        co_await send(l.client, "lost");
        // Its way back shows that the proxy has read it.
        co_await send(l.server, "x");
        (void)co_await read(l.client, 1);
        asio::steady_timer timer(l.client.get_executor(), 20ms);
        co_await timer.async_wait(asio::use_awaitable);
        l.proxy.pass();
        co_await send(l.client, "seen");
        const std::string got = co_await read(l.server, 4);
        CHECK(got == "seen");
    });
}

TEST_CASE("M06 a fault proxy takes its time") {
    play([](line& l) -> asio::awaitable<void> {
        l.proxy.to_server(faults().latency(60ms));
        co_await l.open();
        const auto begin = std::chrono::steady_clock::now();
        co_await send(l.client, "abc");
        (void)co_await read(l.server, 3);
        CHECK(std::chrono::steady_clock::now() - begin >= 60ms);
        l.proxy.to_server(faults().rate(1000));
        const auto second = std::chrono::steady_clock::now();
        co_await send(l.client, std::string(101, 'x'));
        (void)co_await read(l.server, 101);
        CHECK(std::chrono::steady_clock::now() - second >= 90ms);
    });
}

TEST_CASE("M06 a fault proxy refuses and ends connections when it is told") {
    play([](line& l) -> asio::awaitable<void> {
        co_await l.open();
        l.proxy.refuse();
        tcp::socket other(l.client.get_executor());
        const tcp::endpoint at(asio::ip::address_v4::loopback(), l.proxy.port());
        ec_code end;
        co_await other.async_connect(at, asio::redirect_error(asio::use_awaitable, end));
        if (!end)
            co_await read_to_end(other, end);
        CHECK(end == asio::error::connection_reset);
        const bool counted =
            co_await async_eventually([&l] { return l.proxy.statistics().refused == 1; });
        CHECK(counted);
        l.proxy.reset_all();
        co_await read_to_end(l.client, end);
        CHECK(end == asio::error::connection_reset);
    });
    play([](line& l) -> asio::awaitable<void> {
        co_await l.open();
        l.proxy.close_all();
        ec_code end;
        co_await read_to_end(l.client, end);
        CHECK(end == asio::error::eof);
        l.client.close();
        l.server.close();
        const bool gone =
            co_await async_eventually([&l] { return l.proxy.statistics().open == 0; });
        CHECK(gone);
    });
}

TEST_CASE("M06 a fault proxy in a thread of its own stands between a client and a server") {
    run([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        broker b;
        fault_proxy proxy("127.0.0.1", b.listen(executor));
        auto nc = co_await conats::connect(proxy.url());
        co_await nc.flush();
        CHECK(proxy.statistics().bytes_to_server > 0);
        // Nobody is at the port of a proxy whose server is gone.
        fault_proxy nowhere("127.0.0.1", 1);
        conats::error e;
        co_await conats::connect(nowhere.url(), e);
        CHECK(e);
        CHECK(nowhere.statistics().refused == 1);
    });
    CHECK_THROWS_AS(fault_proxy("no address", 1), boost::system::system_error);
}

TEST_CASE("M06 a fault proxy may outlive the context it works in") {
    auto context = std::make_unique<asio::io_context>();
    std::unique_ptr<fault_proxy> kept;
    {
        line l(context->get_executor());
        bool open = false;
        auto body = [&]() -> asio::awaitable<void> {
            co_await l.open();
            open = true;
        };
        asio::co_spawn(*context, body(), asio::detached);
        while (!open)
            context->run_one();
        kept = std::make_unique<fault_proxy>(context->get_executor(), "127.0.0.1", l.proxy.port());
        tcp::socket client(*context);
        client.connect(tcp::endpoint(asio::ip::address_v4::loopback(), kept->port()));
        while (kept->statistics().open == 0)
            context->run_one();
    }
    context.reset();
    CHECK(kept->statistics().open == 0);
    kept->reset_all();
    kept->pass();
}
