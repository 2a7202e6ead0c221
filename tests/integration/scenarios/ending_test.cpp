// SPDX-License-Identifier: Apache-2.0
// Ends that come from inside: handlers that end what they run in, and services that drain while
// they work.
#include "integration/helpers.hpp"
#include "support/catch.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <optional>
#include <string>
#include <utility>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

/// What a handler does to its subscription or client, and how that ended.
class inside_job {
public:
    explicit inside_job(std::string server_url) : url_(std::move(server_url)) {}
    inside_job(const inside_job&) = delete;
    inside_job& operator=(const inside_job&) = delete;

    conats::client nc;
    conats::subscription sub;
    std::optional<conats::error> outcome; ///< of what the handler began
    bool returned = false;                ///< the handler has

    asio::awaitable<void> connect() {
        conats::connect_options o(url_);
        o.drain_timeout(scaled(500ms));
        nc = co_await conats::connect(o);
    }
    asio::awaitable<void> work(int what) {
        conats::error e;
        switch (what) {
        case 0: sub.unsubscribe(); break;
        case 1: co_await sub.drain(e); break;
        case 2: co_await nc.drain(e); break;
        default: co_await nc.close(); break;
        }
        outcome = e;
    }

private:
    std::string url_;
};

} // namespace

TEST_CASE("S70 a plain handler may end its subscription and its client in any way") {
    nats_server server;
    const int what = GENERATE(0, 1, 2, 3); // unsubscribe, drain it, drain the client, close
    CAPTURE(what);
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        inside_job job(server.url());
        co_await job.connect();
        int calls = 0;
        const auto handler = [&](const conats::message&) {
            if (++calls != 1)
                return;
            if (what == 0)
                job.sub.unsubscribe(); // never waits
            asio::co_spawn(executor, job.work(what), asio::detached);
            job.returned = true;
        };
        job.sub = job.nc.on("a", handler);
        for (int i = 0; i != 3; ++i)
            co_await job.nc.publish("a", "x");
        const bool ended = co_await async_eventually([&] { return job.outcome.has_value(); });
        REQUIRE(ended);
        CHECK(job.returned);
        CHECK_FALSE(*job.outcome);
        if (what == 0 || what == 1) {
            CHECK(calls == (what == 0 ? 1 : 3));
            CHECK(job.sub.end_reason() == (what == 0 ? errc::unsubscribed : errc::drained));
            co_await job.nc.flush(); // the client is well
        } else {
            CHECK(job.nc.status() == conats::status::closed);
            CHECK(job.nc.close_reason() == (what == 2 ? errc::drained : errc::closed));
            CHECK((calls == 3 || what == 3));
        }
    });
}

TEST_CASE("S70 an awaiting handler that ends what it runs in returns, if need be by a timeout") {
    nats_server server;
    const int what = GENERATE(0, 1, 2, 3);
    CAPTURE(what);
    run([&]() -> asio::awaitable<void> {
        inside_job job(server.url());
        co_await job.connect();
        int calls = 0;
        const auto handler = [&](conats::message) -> asio::awaitable<void> {
            if (++calls != 1)
                co_return;
            co_await job.work(what);
            job.returned = true;
        };
        job.sub = job.nc.on("a", handler);
        co_await job.nc.publish("a", "x");
        const bool ended = co_await async_eventually([&] { return job.returned; });
        REQUIRE(ended);
        CHECK(calls == 1);
        const bool is_drain = what == 1 || what == 2; // waits for this very handler, as documented
        CHECK(job.outcome->code() ==
              (is_drain ? make_error_code(errc::timeout) : conats::error_code()));
        if (what >= 2)
            CHECK(job.nc.status() == conats::status::closed);
        else
            co_await job.nc.flush();
    });
}

TEST_CASE("S64 a service that drains answers the fifty requests it has, and takes nothing new") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        gate held(executor);
        auto nc = co_await conats::connect(server.url());
        auto other = co_await conats::connect(server.url());
        auto log = co_await other.subscribe("log");
        co_await other.flush();
        int refused = 0;
        const auto serve = [&](conats::message m) -> asio::awaitable<void> {
            co_await held.pass();
            refused += nc.try_publish("log", m.text()) ? 1 : 0;
            refused += m.try_respond(m.text()) ? 1 : 0;
        };
        conats::subscribe_options o;
        o.max_concurrent(20); // so some are held by a handler and some by the queue
        auto service = nc.on("work", serve, o);
        co_await nc.flush();
        constexpr int count = 50;
        int answered = 0;
        const auto ask = [&](int i) -> asio::awaitable<void> {
            const auto reply = co_await other.request("work", std::to_string(i), scaled(10s));
            answered += reply.text() == std::to_string(i) ? 1 : 0;
        };
        for (int i = 0; i != count; ++i)
            asio::co_spawn(executor, ask(i), asio::detached);
        const bool busy = co_await async_eventually([&] {
            return held.waiting() == 20 && service.statistics().pending_messages == count - 20;
        });
        REQUIRE(busy);
        bool drained = false;
        const auto drain = [&]() -> asio::awaitable<void> {
            co_await nc.drain();
            drained = true;
        };
        asio::co_spawn(executor, drain(), asio::detached);
        const bool begun =
            co_await async_eventually([&] { return nc.status() == conats::status::draining_subs; });
        REQUIRE(begun);
        conats::error e;
        auto late = co_await nc.subscribe("late", e);
        CHECK(e == errc::draining);
        const auto ignore = [](const conats::message&) {};
        auto late_too = nc.on("late", ignore);
        CHECK(late_too.end_reason() == errc::draining);
        CHECK_FALSE(nc.try_publish("log", "still"));
        CHECK_FALSE(drained);
        held.open();
        const bool all = co_await async_eventually([&] { return drained && answered == count; });
        CHECK(all);
        CHECK(answered == count);
        CHECK(refused == 0);
        CHECK(nc.close_reason() == errc::drained);
        co_await other.flush();
        int logged = 0;
        while (log.try_next())
            ++logged;
        CHECK(logged == count + 1);
    });
}
