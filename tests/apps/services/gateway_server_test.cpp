// SPDX-License-Identifier: Apache-2.0
#include "fixture.hpp"
#include "gateway/server.hpp"
#include "support/catch.hpp"
#include "support/run.hpp"
#include "support/timing.hpp"

#include <conats/conats.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

using namespace conats::test;
using namespace std::chrono_literals;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;

namespace {

/// A browser's end of a connection.
class http_client {
public:
    explicit http_client(const asio::any_io_executor& executor) : stream_(executor) {
        stream_.expires_after(scaled(15s));
    }

    asio::awaitable<void> connect(tcp::endpoint to) {
        co_await stream_.async_connect(to, asio::use_awaitable);
    }
    asio::awaitable<void> send(std::string bytes) {
        co_await asio::async_write(stream_, asio::buffer(bytes), asio::use_awaitable);
    }
    /// The next response; status 0 where the connection has ended instead.
    asio::awaitable<gateway::response> receive() {
        gateway::response r;
        conats::error_code ec;
        co_await http::async_read(stream_, buffer_, r,
                                  asio::redirect_error(asio::use_awaitable, ec));
        // A reset, where it had not read all that was sent to it.
        if (ec == http::error::end_of_stream || ec == asio::error::connection_reset)
            r.result(0);
        else if (ec)
            throw boost::system::system_error(ec);
        co_return r;
    }
    /// The head of the next response, to a request that is answered with no more.
    asio::awaitable<gateway::response> receive_head() {
        http::response_parser<http::string_body> parser;
        parser.skip(true);
        co_await http::async_read(stream_, buffer_, parser, asio::use_awaitable);
        co_return parser.release();
    }
    asio::awaitable<gateway::response> get(std::string target) {
        co_await send("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
        co_return co_await receive();
    }
    asio::awaitable<gateway::response> post(std::string target, std::string body) {
        co_await send("POST " + target + " HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                      std::to_string(body.size()) + "\r\n\r\n" + body);
        co_return co_await receive();
    }
    void close() { stream_.close(); }

private:
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
};

/// A gateway on a broker in memory, and a client for services behind it.
class bench : public web_bench<gateway::server> {
public:
    explicit bench(asio::io_context& c)
        : web_bench(c, conats::testing::broker_options().max_payload(5000)) {}

    asio::awaitable<void> start(gateway::options o) {
        auto nc = co_await conats::connect(broker.connect_options());
        services = co_await conats::connect(broker.connect_options());
        serve(std::make_shared<gateway::server>(nc, o, free_port()));
    }
    asio::awaitable<void> stop() {
        co_await stop_serving();
        co_await services.close();
    }

    conats::client services;
};

using test_body = std::function<asio::awaitable<void>(bench&, http_client&)>;

void with_gateway(const gateway::options& o, const test_body& body) {
    run([&](asio::io_context& context) -> asio::awaitable<void> {
        bench b(context);
        co_await b.start(o);
        http_client client(context.get_executor());
        co_await client.connect(b.endpoint);
        co_await body(b, client);
        if (b.server)
            co_await b.stop();
    });
}

void with_gateway(const test_body& body) {
    with_gateway(gateway::options(), body);
}

} // namespace

TEST_CASE("App gateway: a reply with its headers, but for the connection's and NATS's own") {
    with_gateway([](bench& b, http_client& client) -> asio::awaitable<void> {
        const auto answer = [](const conats::message& m) {
            std::string seen(m.subject());
            seen.append("|").append(m.headers().lines()).append("|").append(m.text());
            conats::publish_options o;
            o.headers(conats::headers()
                          .add("Content-Type", "text/plain")
                          .add("X-Tag", "one")
                          .add("X-Tag", "two")
                          .add("Content-Length", "1")
                          .add("Connection", "upgrade")
                          .add("Nats-Inside", "secret")
                          .add("X-Odd", "a\x01"
                                        "b"));
            m.try_respond(seen, o);
        };
        auto service = b.services.on("http.>", answer);
        co_await b.services.flush();
        co_await client.send(
            "POST /a/b?q=1 HTTP/1.1\r\nHost: h\r\nCookie: c\r\ncontent-type: x/y\r\n"
            "Content-Length: 4\r\n\r\nbody");
        const auto r = co_await client.receive();
        CHECK(r.result_int() == 200);
        CHECK(r.body() == "http.POST.a.b|Content-Type: x/y\r\nHttp-Query: q=1\r\n|body");
        CHECK(r["Content-Type"] == "text/plain");
        CHECK(r.count("X-Tag") == 2);
        CHECK(r["Content-Length"] == std::to_string(r.body().size()));
        CHECK(r.count("Connection") == 0);
        CHECK(r.count("Nats-Inside") == 0);
        CHECK(r.count("X-Odd") == 0);
    });
}

TEST_CASE("App gateway: what a service calls an error") {
    with_gateway([](bench& b, http_client& client) -> asio::awaitable<void> {
        const auto refuse = [](const conats::message& m) {
            const std::string_view subject = m.subject();
            conats::publish_options o;
            o.headers(conats::headers()
                          .add("Nats-Service-Error-Code", subject.substr(subject.rfind('.') + 1))
                          .add("Nats-Service-Error", "not an article"));
            m.try_respond("", o);
        };
        auto service = b.services.on("http.GET.fail.*", refuse);
        co_await b.services.flush();
        auto r = co_await client.get("/fail/404");
        CHECK(r.result_int() == 404);
        CHECK(r.body() == "not an article\n");
        r = co_await client.get("/fail/200"); // no error's number
        CHECK(r.result_int() == 502);
        r = co_await client.get("/fail/4x4");
        CHECK(r.result_int() == 502);
    });
}

TEST_CASE("App gateway: nobody there, too late, too large, and lost on the way") {
    gateway::options impatient;
    impatient.timeout = 30ms;
    with_gateway(impatient, [](bench& b, http_client& client) -> asio::awaitable<void> {
        auto silent = b.services.on("http.*.silent", [](const conats::message&) {});
        co_await b.services.flush();
        const auto r = co_await client.get("/silent");
        CHECK(r.result_int() == 504);
        CHECK(r.keep_alive());
    });
    gateway::options o;
    o.max_body = 10'000;
    with_gateway(o, [](bench&, http_client& client) -> asio::awaitable<void> {
        auto r = co_await client.get("/nobody");
        CHECK(r.result_int() == 503);
        r = co_await client.post("/large", std::string(6000, 'x')); // more than the broker takes
        CHECK(r.result_int() == 413);
        CHECK(r.keep_alive());
        r = co_await client.get("/" + std::string(5000, 'x'));
        CHECK(r.result_int() == 414); // more than a line of the protocol takes
        r = co_await client.get("/a%20b");
        CHECK(r.result_int() == 400);
        co_await client.send("HEAD / HTTP/1.1\r\n\r\n");
        r = co_await client.receive_head();
        CHECK(r.result_int() == 405);
        CHECK(r["Allow"] == "GET, POST, PUT, PATCH, DELETE");
        CHECK(r["Content-Length"] != "0");
        r = co_await client.get("/nobody"); // what follows is no body, but its answer
        CHECK(r.result_int() == 503);
    });
    with_gateway([](bench& b, http_client& client) -> asio::awaitable<void> {
        bool asked = false;
        const auto listen = [&](const conats::message&) { asked = true; };
        auto silent = b.services.on("http.*.silent", listen);
        co_await b.services.flush();
        co_await client.send("GET /silent HTTP/1.1\r\n\r\n");
        const bool is_under_way = co_await async_eventually([&] { return asked; });
        CHECK(is_under_way);
        b.broker.disconnect_all();
        const auto r = co_await client.receive();
        CHECK(r.result_int() == 503);
        CHECK(r["Retry-After"] == "1");
    });
}

TEST_CASE("App gateway: what exceeds its own limits is refused and the connection ended") {
    gateway::options o;
    o.max_body = 1000;
    o.max_header = 1000;
    with_gateway(o, [](bench& b, http_client& client) -> asio::awaitable<void> {
        // Said at once, before the body comes, which still finds somebody who reads it.
        co_await client.send("POST /a HTTP/1.1\r\nContent-Length: 500000\r\n\r\n");
        auto r = co_await client.receive();
        CHECK(r.result_int() == 413);
        CHECK_FALSE(r.keep_alive());
        co_await client.send(std::string(500'000, 'x'));

        static constexpr std::array bad = {
            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n",
            "GET /a HTTP/1.1\r\nX-Long: ",
            "this is no HTTP\r\n\r\n",
            "GET /a HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        };
        static constexpr std::array<unsigned, 4> expected = {413, 431, 400, 400};
        for (std::size_t i = 0; i != bad.size(); ++i) {
            INFO(bad[i]);
            http_client other(b.context.get_executor());
            co_await other.connect(b.endpoint);
            co_await other.send(bad[i] + std::string(2000, 'x'));
            r = co_await other.receive();
            CHECK(r.result_int() == expected[i]);
            CHECK_FALSE(r.keep_alive());
            r = co_await other.receive();
            CHECK(r.result_int() == 0);
        }
    });
}

TEST_CASE("App gateway: connections are kept, requests may come together") {
    with_gateway([](bench& b, http_client& client) -> asio::awaitable<void> {
        const auto echo = [](const conats::message& m) { m.try_respond(m.subject()); };
        auto service = b.services.on("http.>", echo);
        co_await b.services.flush();
        auto r = co_await client.get("/1");
        CHECK(r.body() == "http.GET.1");
        CHECK(r.keep_alive());
        co_await client.send("GET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n");
        r = co_await client.receive();
        CHECK(r.body() == "http.GET.2");
        r = co_await client.receive();
        CHECK(r.body() == "http.GET.3");

        co_await client.send(
            "POST /4 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        r = co_await client.receive();
        CHECK(r.result_int() == 100);
        co_await client.send("hi");
        r = co_await client.receive();
        CHECK(r.body() == "http.POST.4");

        co_await client.send("GET /5 HTTP/1.0\r\n\r\n");
        r = co_await client.receive();
        CHECK(r.body() == "http.GET.5");
        r = co_await client.receive();
        CHECK(r.result_int() == 0);
    });
}

TEST_CASE("App gateway: whoever is slow is not waited for") {
    gateway::options o;
    o.transfer_timeout = scaled(50ms);
    o.idle_timeout = scaled(50ms);
    with_gateway(o, [](bench& b, http_client& client) -> asio::awaitable<void> {
        co_await client.send("POST /a HTTP/1.1\r\nContent-Le");
        auto r = co_await client.receive();
        CHECK(r.result_int() == 0);
        http_client idle(b.context.get_executor());
        co_await idle.connect(b.endpoint);
        r = co_await idle.receive();
        CHECK(r.result_int() == 0);
    });
}

TEST_CASE("App gateway: no more connections at once than allowed") {
    gateway::options o;
    o.max_connections = 1;
    with_gateway(o, [](bench& b, http_client& client) -> asio::awaitable<void> {
        auto r = co_await client.get("/a");
        CHECK(r.result_int() == 503); // nobody there, but served
        http_client second(b.context.get_executor());
        co_await second.connect(b.endpoint); // by the system
        co_await second.send("GET /a HTTP/1.1\r\n\r\n");
        r = co_await client.get("/b");
        CHECK(r.result_int() == 503);
        client.close();
        r = co_await second.receive();
        CHECK(r.result_int() == 503);
    });
}

TEST_CASE("App gateway: stopping finishes what has begun, and ends the rest") {
    with_gateway([](bench& b, http_client& client) -> asio::awaitable<void> {
        conats::message waiting;
        const auto keep = [&waiting](const conats::message& m) { waiting = m; };
        auto service = b.services.on("http.>", keep);
        co_await b.services.flush();
        http_client idle(b.context.get_executor());
        co_await idle.connect(b.endpoint);
        http_client half(b.context.get_executor());
        co_await half.connect(b.endpoint);
        co_await half.send("POST /half HTTP/1.1\r\nContent-Length: 2\r\n\r\nh");
        co_await client.send("GET /slow HTTP/1.1\r\n\r\n");
        bool asked = co_await async_eventually([&] { return static_cast<bool>(waiting); });
        REQUIRE(asked);

        b.server->stop();
        auto r = co_await idle.receive();
        CHECK(r.result_int() == 0);
        http_client late(b.context.get_executor());
        bool refused = false;
        try {
            co_await late.connect(b.endpoint);
        } catch (const boost::system::system_error&) {
            refused = true;
        }
        CHECK(refused);
        CHECK_FALSE(b.has_ended);

        waiting.try_respond("done");
        r = co_await client.receive();
        CHECK(r.body() == "done");
        CHECK_FALSE(r.keep_alive());
        waiting = conats::message();
        co_await half.send("i");
        asked = co_await async_eventually([&] { return static_cast<bool>(waiting); });
        REQUIRE(asked);
        waiting.try_respond("done, too");
        r = co_await half.receive();
        CHECK(r.body() == "done, too");
        co_await b.stop();
    });
}
