// SPDX-License-Identifier: Apache-2.0
#include "fixture.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/timing.hpp"
#include "worker_pool/count_words.hpp"
#include "worker_pool/pool.hpp"

#include <conats/conats.hpp>

#include <csignal>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using conats::testing::manual_clock;

namespace {

std::string error_of(const conats::message& reply) {
    std::string text(reply.headers().get("Nats-Service-Error-Code").value_or("none"));
    return text.append(" ").append(reply.headers().get("Nats-Service-Error").value_or(""));
}

} // namespace

TEST_CASE("App worker pool: never more jobs at once than told, and all of them done") {
    run_by_clock([](const manual_clock& clock) -> asio::awaitable<void> {
        conats::testing::broker broker;
        auto nc = co_await conats::connect(broker.connect_options());
        auto workers = co_await conats::connect(broker.connect_options());
        const auto job = [](const conats::message& m) -> asio::awaitable<std::string> {
            std::string text(m.text());
            co_await manual_clock::sleep_for(1s);
            co_return "did " + text;
        };
        worker_pool::options o;
        o.concurrency = 4;
        worker_pool::pool pool(workers, job, o, manual_clock::sleep_for);
        co_await pool.ready();

        const auto begin = clock.now();
        auto answers = co_await nc.subscribe("answers");
        for (int i = 0; i != 20; ++i)
            co_await nc.publish("jobs", std::to_string(i),
                                conats::publish_options().reply("answers"));
        co_await nc.flush();
        std::set<std::string> all;
        for (int i = 0; i != 20; ++i) {
            const auto answer = co_await answers.next(30s);
            REQUIRE(answer);
            all.emplace(answer->text());
        }
        CHECK(all.size() == 20);
        CHECK(clock.now() - begin == 5s); // 20 jobs of a second, four at once
        CHECK(pool.counters().most_running == 4);
        CHECK(pool.counters().done == 20);
        CHECK(pool.counters().running == 0);
    });
}

TEST_CASE("App worker pool: draining does what has arrived and takes nothing new") {
    run_by_clock([](const manual_clock&) -> asio::awaitable<void> {
        conats::testing::broker broker;
        auto nc = co_await conats::connect(broker.connect_options());
        auto workers = co_await conats::connect(broker.connect_options());
        int done = 0;
        const auto job = [&done](const conats::message&) -> asio::awaitable<std::string> {
            co_await manual_clock::sleep_for(1s);
            ++done;
            co_return "";
        };
        worker_pool::pool pool(workers, job, worker_pool::options(), manual_clock::sleep_for);
        co_await pool.ready();
        for (int i = 0; i != 10; ++i)
            co_await nc.publish("jobs", "");
        co_await nc.flush();
        co_await workers.drain();
        CHECK(done == 10);
        conats::error e;
        (void)co_await nc.request("jobs", "", 1s, e);
        CHECK(e == conats::errc::no_responders);
    });
}

TEST_CASE("App worker pool: bad jobs are refused, failures tried again and then told of") {
    run_by_clock([](const manual_clock& clock) -> asio::awaitable<void> {
        conats::testing::broker broker(conats::testing::broker_options().max_payload(1000));
        auto nc = co_await conats::connect(broker.connect_options());
        int attempts = 0;
        const auto job = [&attempts](const conats::message& m) -> asio::awaitable<std::string> {
            ++attempts;
            const std::string text(m.text());
            if (text == "bad")
                throw worker_pool::bad_job("no such\r\nthing");
            if (text == "never" || (text == "third time" && attempts < 3))
                throw std::runtime_error("the disk is full");
            co_return text == "long" ? std::string(2000, 'x') : "done";
        };
        worker_pool::pool pool(nc, job, worker_pool::options(), manual_clock::sleep_for);

        conats::message reply = co_await nc.request("jobs", "bad");
        CHECK(error_of(reply) == "400 no such  thing");
        CHECK(attempts == 1);

        attempts = 0;
        auto begin = clock.now();
        reply = co_await nc.request("jobs", "third time");
        CHECK(reply.text() == "done");
        CHECK(error_of(reply) == "none ");
        CHECK(attempts == 3);
        CHECK(clock.now() - begin == 300ms); // 100 and 200

        attempts = 0;
        reply = co_await nc.request("jobs", "never");
        CHECK(error_of(reply) == "500 the disk is full");
        CHECK(attempts == 3);

        reply = co_await nc.request("jobs", "long");
        CHECK_THAT(error_of(reply), Contains("500 payload_too_large"));

        co_await nc.publish("jobs", "bad"); // nobody asked: nothing to answer
        co_await nc.drain();
        const auto all = pool.counters();
        CHECK(all.refused == 2);
        CHECK(all.failed == 1);
        CHECK(all.retries == 4);
    });
}

TEST_CASE("App worker pool: an answer that cannot be sent is counted") {
    run_by_clock([](const manual_clock&) -> asio::awaitable<void> {
        conats::testing::broker broker;
        auto nc = co_await conats::connect(broker.connect_options().reconnect_buffer(0));
        const auto job = [&](const conats::message&) -> asio::awaitable<std::string> {
            broker.disconnect_all();
            while (nc.status() == conats::status::connected)
                co_await manual_clock::sleep_for(1ms);
            co_return "done";
        };
        worker_pool::pool pool(nc, job, worker_pool::options(), manual_clock::sleep_for);
        co_await pool.ready();
        co_await nc.publish("jobs", "", conats::publish_options().reply("answers"));
        while (pool.counters().done == 0)
            co_await manual_clock::sleep_for(1ms);
        CHECK(pool.counters().unanswered == 1);
        co_await nc.close();
    });
}

TEST_CASE("App worker pool: the job that comes with it") {
    run_by_clock([](const manual_clock&) -> asio::awaitable<void> {
        conats::testing::broker broker;
        auto nc = co_await conats::connect(broker.connect_options());
        worker_pool::pool pool(nc, worker_pool::count_words, worker_pool::options());
        conats::message reply =
            co_await nc.request("jobs", R"({"text": " to be or\n not", "milliseconds": 0})");
        CHECK(reply.text() == "4");
        static const std::vector<std::string> bad = {"",
                                                     "[]",
                                                     "{}",
                                                     R"({"text": 1})",
                                                     R"({"text": "", "milliseconds": -1})",
                                                     R"({"text": "", "milliseconds": 60001})",
                                                     "{\"text\": \"\xff\"}"};
        for (const std::string& text : bad) {
            INFO(text);
            reply = co_await nc.request("jobs", text);
            CHECK_THAT(error_of(reply), Contains("400 "));
        }
        co_await nc.close();
    });
}

namespace {

/// How many of so many jobs were answered, each once, by "2": it counts two words.
asio::awaitable<int> answered(conats::subscription& answers, int jobs) {
    int count = 0;
    while (count != jobs) {
        const auto answer = co_await answers.next(scaled(20s));
        if (!answer || answer->text() != "2")
            break;
        ++count;
    }
    co_return count;
}

} // namespace

TEST_CASE("App worker pool: a worker that gets SIGTERM loses no job") {
    const nats_server server;
    auto first = app("worker_pool", {server.url()}).start();
    auto second = app("worker_pool", {server.url(), "8"}).start();
    REQUIRE(first.says("ready for 4 jobs"));
    REQUIRE(second.says("ready for 8 jobs"));
    constexpr int jobs = 400;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto answers = co_await nc.subscribe("answers");
        const auto to_answers = conats::publish_options().reply("answers");
        const std::string job = R"({"text": "two words", "milliseconds": 5})";
        for (int i = 0; i != jobs; ++i) {
            co_await nc.publish("jobs", job, to_answers);
            if (i == jobs / 2) {
                co_await nc.flush();
                first.signal(SIGTERM); // while it has work, and more comes
            }
        }
        const int count = co_await answered(answers, jobs);
        CHECK(count == jobs);
        co_await nc.flush();
        CHECK_FALSE(answers.try_next()); // none was done twice
        co_await nc.close();
    });
    const auto end = first.wait();
    CHECK(end.code == 0);
    second.signal(SIGINT);
    CHECK(second.wait().code == 0);
    const int by_first = std::stoi(first.value_after("stopped: "));
    const int by_second = std::stoi(second.value_after("stopped: "));
    CHECK(by_first > 0);
    CHECK(by_first + by_second == jobs);
    CHECK_THAT(end.out, Contains(" 0 refused, 0 failed, 0 retries, 0 unanswered, 0 dropped"));
}

TEST_CASE("App worker pool: jobs that outlast the drain are given up, and the exit code tells") {
    const nats_server server;
    auto worker = app("worker_pool", {"--drain-timeout", "0.25", server.url()}).start();
    REQUIRE(worker.says("ready for 4 jobs"));
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        co_await nc.publish("jobs", R"({"text": "", "milliseconds": 60000})");
        // The next one is behind it: with its answer both have begun.
        const auto answer = co_await nc.request("jobs", R"({"text": "two words"})", scaled(10s));
        CHECK(answer.text() == "2");
        co_await nc.close();
    });
    worker.signal(SIGTERM);
    const auto end = worker.wait();
    CHECK(end.code == 1);
    CHECK_THAT(end.out, Contains("stopped: 1 done, 0 refused, 0 failed"));
    CHECK_THAT(end.err, Contains("worker_pool: timeout: ") && Contains("250 ms"));
}

TEST_CASE("App worker pool: what is wrong with its arguments, or its server, ends it") {
    const auto unreachable = app("worker_pool", {"nats://127.0.0.1:1"}).run();
    CHECK(unreachable.code == 1);
    CHECK_THAT(unreachable.err, Contains("worker_pool: connection_refused"));
    const auto none = app("worker_pool", {"nats://127.0.0.1:1", "0"}).run();
    CHECK(none.code == 1);
    CHECK_THAT(none.err, Contains("CONCURRENCY is a number from 1 to 10000, not '0'"));
    for (const std::string time : {"soon", "0", "4000", ""}) {
        const auto end = app("worker_pool", {"--drain-timeout", time, "nats://127.0.0.1:1"}).run();
        CHECK(end.code == 1);
        CHECK_THAT(end.err,
                   Contains("--drain-timeout is a number of seconds from 0.001 to 3600, not '" +
                            time + "'"));
    }
    CHECK(app("worker_pool", {"--drain-timeout"}).run().code == 1);

    const nats_server server("authorization { users: [{user: a, password: p, permissions: "
                             "{subscribe: {deny: \"jobs\"}}}] }");
    const auto forbidden = app("worker_pool", {server.url("a:p")}).run();
    CHECK(forbidden.code == 1);
    CHECK_THAT(forbidden.err, Contains("worker_pool: permission_denied"));
}
