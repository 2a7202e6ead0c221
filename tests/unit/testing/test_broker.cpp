// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>
#include <conats/testing/broker.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace conats::testing;
using namespace conats::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;

namespace {

/// A small service of the kind that users test.
conats::subscription greeter(const conats::client& nc) {
    return nc.on("greet", [](conats::message m) -> asio::awaitable<void> {
        co_await m.respond("hello " + std::string(m.text()));
    });
}

} // namespace

TEST_CASE("M06, G11 a service is tested without a server") {
    const std::string reply = run([]() -> asio::awaitable<std::string> {
        broker b;
        auto nc = co_await conats::connect(b.connect_options());
        const conats::subscription service = greeter(nc);
        const auto answer = co_await nc.request("greet", "joe", 1s);
        CHECK(b.statistics().in_messages == 2);
        co_return std::string(answer.text());
    });
    CHECK(reply == "hello joe");
}

TEST_CASE("M06 clients of a broker hear each other, with headers and queue groups") {
    run([]() -> asio::awaitable<void> {
        broker b;
        auto one = co_await conats::connect(b.connect_options().name("one"));
        auto two = co_await conats::connect(b.connect_options().name("two"));
        auto all = co_await one.subscribe("news.>");
        const conats::subscribe_options in_group = conats::subscribe_options().queue_group("g");
        auto first = co_await one.subscribe("news.*", in_group);
        auto second = co_await two.subscribe("news.*", in_group);
        co_await one.flush();
        co_await two.flush();
        const conats::publish_options options =
            conats::publish_options().headers(conats::headers().add("Lang", "en"));
        for (int i = 0; i != 20; ++i)
            co_await two.publish("news.today", "rain", options);
        co_await two.flush();
        co_await one.flush();
        std::size_t seen = 0;
        while (auto m = all.try_next()) {
            CHECK(m->text() == "rain");
            CHECK(m->headers().get("Lang") == "en");
            ++seen;
        }
        CHECK(seen == 20);
        std::size_t mine = 0;
        while (first.try_next())
            ++mine;
        std::size_t others = 0;
        while (second.try_next())
            ++others;
        CHECK(mine + others == 20);
        CHECK(mine > 0);
        CHECK(others > 0);
        REQUIRE(b.clients().size() == 2);
        CHECK(b.clients()[0].name == "one");
    });
}

TEST_CASE("M06 a broker tells a client what nats-server would: nobody, not you, not that") {
    run([]() -> asio::awaitable<void> {
        broker b(broker_options().token("t").default_permissions(
            broker_permissions().deny_publish("secret.>")));
        auto nc = co_await conats::connect(b.connect_options());
        conats::error e;
        co_await nc.request("nobody", "", 5s, e);
        CHECK(e == conats::errc::no_responders);
        co_await nc.request("secret.x", "", 5s, e);
        CHECK(e == conats::errc::permission_denied);
        co_await conats::connect(b.connect_options().token(conats::secret("wrong")), e);
        CHECK(e == conats::errc::authorization_violation);
    });
}

TEST_CASE("M06 a test publishes through the broker and sees what is published") {
    run([]() -> asio::awaitable<void> {
        broker b;
        auto nc = co_await conats::connect(b.connect_options());
        auto sub = co_await nc.subscribe("in");
        co_await nc.flush();
        std::vector<std::string> seen;
        b.on_publish([&seen](const broker_message& m) {
            seen.push_back(std::string(m.subject) + "=" + std::string(m.payload));
            return m.subject == "lost" ? broker_verdict::drop : broker_verdict::pass;
        });
        b.publish("in", "1", "reply");
        const auto m = co_await sub.next(5s);
        CHECK(m->text() == "1");
        CHECK(m->reply() == "reply");
        co_await nc.publish("out", "2");
        co_await nc.publish("lost", "3");
        co_await nc.flush();
        CHECK(seen == std::vector<std::string>{"in=1", "out=2", "lost=3"});
        CHECK(b.subscriptions().size() == 1);
    });
}

TEST_CASE("M06 a broker that stops ends its clients, and one that starts again takes new ones") {
    run([]() -> asio::awaitable<void> {
        broker b;
        auto nc = co_await conats::connect(b.connect_options());
        auto sub = co_await nc.subscribe("x");
        co_await nc.flush();
        b.stop();
        CHECK(b.statistics().connections == 0);
        conats::error e;
        co_await conats::connect(b.connect_options(), e);
        CHECK(e == conats::errc::connection_failed);
        CHECK(e.text().find("does not listen") != std::string::npos);
        b.start();
        auto again = co_await conats::connect(b.connect_options());
        co_await again.flush();
    });
}

TEST_CASE("M06 a broker may go before its clients") {
    run([]() -> asio::awaitable<void> {
        auto b = std::make_unique<broker>();
        auto options = b->connect_options();
        auto nc = co_await conats::connect(options);
        b.reset();
        conats::error e;
        co_await conats::connect(options, e);
        CHECK(e == conats::errc::connection_failed);
    });
}

TEST_CASE("M06 a broker may outlive the contexts of its clients") {
    broker b;
    for (int i = 0; i != 3; ++i) {
        asio::io_context context;
        auto body = [&]() -> asio::awaitable<void> {
            b.listen(context.get_executor());
            auto nc = co_await conats::connect(b.connect_options());
            auto sub = co_await nc.subscribe("x");
            co_await sub.next();
        };
        asio::co_spawn(context, body(), asio::detached);
        while (b.statistics().subscriptions == 0)
            context.run_one();
    }
    // What the last context left behind is gone, and the broker still works.
    CHECK(b.statistics().connections == 0);
    run([&b]() -> asio::awaitable<void> { co_await conats::connect(b.connect_options()); });
}

TEST_CASE("M06 a broker in lame duck mode tells its clients and ends them") {
    run([]() -> asio::awaitable<void> {
        broker b(broker_options().lame_duck_grace(20ms).lame_duck_duration(40ms));
        auto nc = co_await conats::connect(b.connect_options());
        auto events = nc.events();
        b.lame_duck();
        const bool gone =
            co_await async_eventually([&b] { return b.statistics().connections == 0; });
        CHECK(gone);
        bool told = false;
        while (auto e = events.try_next())
            told = told || e->kind() == conats::event_kind::lame_duck;
        CHECK(told);
    });
}

TEST_CASE("M06 a broker listens for other clients") {
    run([]() -> asio::awaitable<void> {
        broker b;
        const auto executor = co_await asio::this_coro::executor;
        const std::uint16_t port = b.listen(executor);
        const std::string url = "nats://127.0.0.1:" + std::to_string(port);
        auto outside = co_await conats::connect(url);
        auto inside = co_await conats::connect(b.connect_options());
        auto sub = co_await outside.subscribe("x");
        co_await outside.flush();
        const std::string big(300000, 'y');
        co_await inside.publish("x", big);
        const auto m = co_await sub.next(5s);
        CHECK(m->text() == big);
        co_await outside.publish("x", big);
        const auto own = co_await sub.next(5s);
        CHECK(own->text() == big);
        CHECK(b.clients().size() == 2);
        b.use([](broker_core& core) { core.reset(core.connections().front()); });
        const bool gone =
            co_await async_eventually([&b] { return b.statistics().connections == 1; });
        CHECK(gone);
    });
}

TEST_CASE("M06 a broker serves the threads of a context") {
    broker b;
    std::vector<asio::awaitable<void>> works;
    const auto talk = [](const broker& with, std::string subject) -> asio::awaitable<void> {
        auto nc = co_await conats::connect(with.connect_options());
        auto service = nc.on(subject, [](conats::message m) -> asio::awaitable<void> {
            co_await m.respond(m.text());
        });
        for (int i = 0; i != 200; ++i) {
            const auto reply = co_await nc.request(subject, std::to_string(i), 10s);
            if (reply.text() != std::to_string(i))
                throw std::runtime_error("a wrong reply");
        }
    };
    for (int i = 0; i != 4; ++i)
        works.push_back(talk(b, "s" + std::to_string(i)));
    run_on_threads(3, std::move(works));
    CHECK(b.statistics().connections == 0);
}

TEST_CASE("M06 the same test on a broker goes the same way every time") {
    const auto play = [] {
        std::string order;
        broker b;
        b.on_deliver([&order](const broker_message& m) {
            order += std::to_string(m.to) + "/" + std::string(m.sid) + " ";
            return broker_verdict::pass;
        });
        run([&]() -> asio::awaitable<void> {
            auto one = co_await conats::connect(b.connect_options());
            auto two = co_await conats::connect(b.connect_options());
            const auto group = conats::subscribe_options().queue_group("g");
            auto a = co_await one.subscribe("x", group);
            auto c = co_await two.subscribe("x", group);
            co_await one.flush();
            co_await two.flush();
            for (int i = 0; i != 30; ++i)
                co_await one.publish("x", "");
            co_await one.flush();
        });
        return order;
    };
    const std::string first = play();
    CHECK(first.size() > 60);
    CHECK(first == play());
}
