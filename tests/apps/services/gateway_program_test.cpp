// SPDX-License-Identifier: Apache-2.0
#include "fixture.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/timing.hpp"

#include <conats/conats.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include <csignal>
#include <string>

using namespace conats::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using tcp = asio::ip::tcp;

namespace {

tcp::endpoint endpoint_of(const std::string& text) {
    const auto colon = text.rfind(':');
    return {asio::ip::make_address(text.substr(0, colon)),
            static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1)))};
}

/// Everything until the connection ends.
asio::awaitable<std::string> read_all(tcp::socket& socket) {
    std::string all;
    conats::error_code ec;
    co_await asio::async_read(socket, asio::dynamic_buffer(all),
                              asio::redirect_error(asio::use_awaitable, ec));
    co_return all;
}

/// Waits until it takes no connection any more.
asio::awaitable<bool> comes_to_refuse(asio::io_context& context, tcp::endpoint endpoint) {
    return async_eventually([&context, endpoint] {
        tcp::socket other(context);
        conats::error_code ec;
        other.connect(endpoint, ec);
        return ec.failed();
    });
}

} // namespace

TEST_CASE("App gateway: on SIGTERM an open request is answered, then the program ends") {
    const nats_server server;
    auto gateway = app("gateway", {server.url(), "--port", "0", "--prefix", "api"}).start();
    const auto endpoint = endpoint_of(gateway.value_after("listening on http://"));
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto requests = co_await nc.subscribe("api.POST.orders");
        co_await nc.flush();
        tcp::socket socket(context);
        co_await socket.async_connect(endpoint, asio::use_awaitable);
        const std::string post = "POST /orders HTTP/1.1\r\nContent-Length: 5\r\n\r\napple";
        co_await asio::async_write(socket, asio::buffer(post), asio::use_awaitable);
        const auto request = co_await requests.next(scaled(10s));
        REQUIRE(request);
        CHECK(request->text() == "apple");

        gateway.signal(SIGTERM);
        // It takes no connection any more, and still waits for this reply.
        const bool refuses = co_await comes_to_refuse(context, endpoint);
        CHECK(refuses);
        co_await request->respond("sold");
        const std::string answer = co_await read_all(socket);
        CHECK_THAT(answer, Contains("HTTP/1.1 200 OK\r\n") && Contains("Connection: close\r\n") &&
                               Contains("\r\n\r\nsold"));
    });
    const auto end = gateway.wait();
    CHECK(end.code == 0);
    CHECK_THAT(end.out, Contains("stopped\n"));
}

TEST_CASE("App gateway: a second signal does not wait for anybody") {
    const nats_server server;
    auto gateway = app("gateway", {server.url(), "--port", "0"}).start();
    const auto endpoint = endpoint_of(gateway.value_after("listening on http://"));
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto requests = co_await nc.subscribe("http.>"); // and no answer
        co_await nc.flush();
        tcp::socket socket(context);
        co_await socket.async_connect(endpoint, asio::use_awaitable);
        const std::string get = "GET /slow HTTP/1.1\r\n\r\n";
        co_await asio::async_write(socket, asio::buffer(get), asio::use_awaitable);
        const auto request = co_await requests.next(scaled(10s));
        CHECK(request);
        gateway.signal(SIGTERM);
        const bool stops = co_await comes_to_refuse(context, endpoint);
        CHECK(stops);
        gateway.signal(SIGTERM);
    });
    CHECK(gateway.wait().code == 128 + SIGTERM);
}

TEST_CASE("App gateway: it outlives its server, and says so meanwhile") {
    nats_server server;
    auto gateway =
        app("gateway", {server.url(), "--port", "0", "--timeout", scaled_seconds(200ms)}).start();
    const auto endpoint = endpoint_of(gateway.value_after("listening on http://"));
    const auto get = [&]() -> std::string {
        return run([&](asio::io_context& context) -> asio::awaitable<std::string> {
            tcp::socket socket(context);
            co_await socket.async_connect(endpoint, asio::use_awaitable);
            const std::string request = "GET /x HTTP/1.0\r\n\r\n";
            co_await asio::async_write(socket, asio::buffer(request), asio::use_awaitable);
            co_return co_await read_all(socket);
        });
    };
    CHECK_THAT(get(), Contains(" 503 ")); // nobody answers
    server.stop();
    CHECK(gateway.says("reconnecting"));
    CHECK_THAT(get(), Contains(" 503 ") || Contains(" 504 "));
    server.start();
    CHECK(eventually([&] { return get().find("nobody answers") != std::string::npos; }, 20s));
    gateway.signal(SIGINT);
    CHECK(gateway.wait().code == 0);
}

TEST_CASE("App gateway: what is wrong with its options, or its server, ends it") {
    const auto unreachable = app("gateway", {"nats://s3cr3t@127.0.0.1:1", "--port", "0"}).run();
    CHECK(unreachable.code == 1);
    CHECK_THAT(unreachable.err, Contains("connection_refused") && !Contains("s3cr3t"));
    CHECK_THAT(unreachable.out, !Contains("s3cr3t"));
    const auto prefix = app("gateway", {"--prefix", "a..b"}).run();
    CHECK(prefix.code != 0);
    CHECK_THAT(prefix.err, Contains("--prefix: it is no subject: a..b"));
    const auto header = app("gateway", {"--allow", "Nats-Msg-Id"}).run();
    CHECK(header.code != 0);
    CHECK_THAT(header.err, Contains("--allow: it cannot be passed on: Nats-Msg-Id"));
    CHECK(app("gateway", {"--unknown"}).run().code != 0);
}
