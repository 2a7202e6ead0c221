// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>
#include <conats/testing/manual_clock.hpp>
#include <conats/testing/scripted_peer.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace conats::testing;
using namespace conats::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

/// A client that subscribes and waits for one message; what came of it.
asio::awaitable<std::string> get_one(conats::connect_options options) {
    conats::error e;
    options.connect_timeout(50ms);
    auto nc = co_await conats::connect(options, e);
    if (e)
        co_return std::string(e.code().message());
    auto sub = co_await nc.subscribe("greet");
    const auto m = co_await sub.next(50ms, e);
    if (e)
        co_return std::string(e.code().message());
    co_return m ? std::string(m->text()) : std::string("ended");
}

/// The same in no time, whatever the peer does.
std::string get_one_at_once(conats::connect_options options) {
    asio::io_context context;
    manual_clock clock(context);
    std::string got;
    auto body = [&]() -> asio::awaitable<void> { got = co_await get_one(std::move(options)); };
    asio::co_spawn(context, body(), [](const std::exception_ptr& thrown) {
        if (thrown)
            std::rethrow_exception(thrown);
    });
    clock.run_for(1h);
    return got;
}

script greeting() {
    return script().handshake().expect_line("SUB greet ").message("greet", "hello").serve();
}

} // namespace

TEST_CASE("M06 a scripted peer says and hears what its script says") {
    scripted_peer peer(greeting());
    CHECK(peer.result() == "nobody has connected");
    CHECK(run(get_one(peer.connect_options())) == "hello");
    CHECK(peer.result() == "ok");
    CHECK(peer.connections() == 1);
    CHECK(peer.received().find("SUB greet ") != std::string::npos);
    CHECK(peer.received(1).empty());
}

TEST_CASE("M06 a scripted peer expects bytes, lines, predicates and publishes") {
    scripted_peer peer(
        script()
            .info()
            .expect("CONNECT ")
            .expect_line([](std::string_view json) { return json.front() == '{'; }, "a JSON object")
            .expect_line("PING")
            .wait(1ms)
            .reply("PONG\r\n")
            .expect_publish("a", "hello")
            .expect_publish("b", "with headers")
            .serve());
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.connect_options());
        co_await nc.publish("a", "hello");
        const auto options = conats::publish_options().headers(conats::headers().add("A", "b"));
        co_await nc.publish("b", "with headers", options);
        co_await nc.flush();
    });
    CHECK(peer.result() == "ok");
}

TEST_CASE("M06 a scripted peer tells what was not as expected") {
    {
        scripted_peer peer(script().info().expect_line("PING"));
        conats::error e;
        run([&]() -> asio::awaitable<void> {
            co_await conats::connect(peer.connect_options(), e);
        });
        CHECK(e);
        CHECK(peer.result().find("connection 0, step 1 expects a line \"PING\", got \"CONNECT {") ==
              0);
    }
    {
        scripted_peer peer(script().handshake().expect_publish("a", "x").serve());
        run([&]() -> asio::awaitable<void> {
            auto nc = co_await conats::connect(peer.connect_options());
            co_await nc.publish("a", "y");
            const bool heard = co_await async_eventually(
                [&peer] { return peer.result().find("got") != std::string::npos; });
            CHECK(heard);
        });
        CHECK(peer.result() ==
              "connection 0, step 4 expects \"x\" to be published to \"a\", got \"y\"");
    }
    {
        scripted_peer peer(script().info().expect_line("CONNECT {").expect("PING\r\nSUB"));
        const auto options = peer.connect_options().connect_timeout(20ms);
        conats::error e;
        run([&]() -> asio::awaitable<void> { co_await conats::connect(options, e); });
        CHECK(e == conats::errc::timeout);
        CHECK(peer.result() == "connection 0, step 2 expects \"PING\\r\\nSUB\", the client has "
                               "closed; unread: \"PING\\r\\n\"");
    }
    {
        scripted_peer peer(script().handshake().message("a", "x").serve());
        conats::error e;
        run([&]() -> asio::awaitable<void> {
            co_await conats::connect(peer.connect_options(), e);
        });
        CHECK(peer.result().ends_with(", and the client has no subscription to it"));
    }
    CHECK_THROWS_AS(scripted_peer(std::vector<script>()), std::invalid_argument);
}

TEST_CASE("M06 a scripted peer has a script for each connection") {
    scripted_peer peer({script().reset(), script().handshake().close(), greeting()});
    run([&]() -> asio::awaitable<void> {
        conats::error e;
        co_await conats::connect(peer.connect_options(), e);
        CHECK(e);
        co_await conats::connect(peer.connect_options(), e);
        CHECK_FALSE(e);
        for (int i = 0; i != 2; ++i) {
            const std::string got = co_await get_one(peer.connect_options());
            CHECK(got == "hello");
        }
    });
    CHECK(peer.connections() == 4);
    CHECK(peer.result() == "ok");
}

TEST_CASE("M06 a script is played failing at each of its steps") {
    std::vector<std::string> played;
    for_each_failure(greeting(), [&](const script& variant, const std::string& what) {
        INFO(what);
        played.push_back(what);
        scripted_peer peer(variant);
        const std::string got = get_one_at_once(peer.connect_options());
        CHECK(peer.result() == "ok");
        // Behind the message nothing can go wrong for who waits for one only.
        CHECK((got == "hello") == (what.find("before step 6") != std::string::npos ||
                                   what.find("before step 7") != std::string::npos));
    });
    CHECK(played.size() == 3 * 8);
    CHECK(played.front().starts_with("close before step 0 (says \"INFO {"));
    CHECK(played.back() == "stall before step 7 (the end)");
}

TEST_CASE("M06 a script is played split at every byte") {
    std::size_t played = 0;
    for_each_split(greeting(), [&](const script& variant, const std::string& what) {
        INFO(what);
        ++played;
        scripted_peer peer(variant);
        CHECK(get_one_at_once(peer.connect_options()) == "hello");
        CHECK(peer.result() == "ok");
    });
    CHECK(played == greeting().bytes());
    CHECK(greeting().in_pieces(3).bytes() == greeting().bytes());
    CHECK(greeting().bytes() ==
          script().handshake().bytes() + std::string_view("MSG greet 1 5\r\nhello\r\n").size());
}

TEST_CASE("M06 a scripted peer listens for other clients") {
    run([]() -> asio::awaitable<void> {
        const auto executor = co_await asio::this_coro::executor;
        scripted_peer peer({greeting(), script().handshake().reset()});
        const std::string url = "nats://127.0.0.1:" + std::to_string(peer.listen(executor));
        const std::string got = co_await get_one(conats::connect_options(url).connect_timeout(5s));
        CHECK(got == "hello");
        CHECK(peer.result() == "ok");
    });
}
