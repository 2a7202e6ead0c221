// SPDX-License-Identifier: Apache-2.0
#include "fixture.hpp"
#include "metrics_tap/latest_values.hpp"
#include "metrics_tap/tap.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/timing.hpp"

#include <conats/conats.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <csignal>
#include <sstream>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using Catch::Matchers::Contains;
using conats::testing::manual_clock;
namespace json = boost::json;

namespace {

constexpr std::chrono::system_clock::time_point some_time{1234567ms};

std::int64_t count_in(const std::string& snapshot, const char* name) {
    return json::parse(snapshot).at(name).to_number<std::int64_t>();
}

double value_in(const std::string& snapshot, const char* subject) {
    return json::parse(snapshot).at("values").at(subject).to_number<double>();
}

std::size_t values_in(const std::string& snapshot) {
    return json::parse(snapshot).at("values").as_object().size();
}

} // namespace

TEST_CASE("App metrics tap: the latest value counts, the others are conflated") {
    metrics_tap::latest_values values(10);
    values.update("cpu.1", "0.5");
    values.update("cpu.1", "0.75");
    values.update("cpu.2", "1e3");
    CHECK(values.snapshot(some_time, 0) ==
          R"({"unix_ms":1234567,"received":3,"conflated":1,"dropped":0,"malformed":0,"refused":0,)"
          R"("values":{"cpu.1":7.5E-1,"cpu.2":1E3}})");
    // What was in a snapshot is replaced without loss.
    values.update("cpu.1", "-1");
    const std::string next = values.snapshot(some_time, 7);
    CHECK(count_in(next, "received") == 1);
    CHECK(count_in(next, "conflated") == 0);
    CHECK(count_in(next, "dropped") == 7);
    CHECK(value_in(next, "cpu.1") == -1);
    CHECK(value_in(next, "cpu.2") == 1000);
    CHECK(count_in(values.snapshot(some_time, 9), "dropped") == 2); // since the last
}

TEST_CASE("App metrics tap: what is no number, and more subjects than there is room for") {
    metrics_tap::latest_values values(2);
    for (const char* const text : {"", "1x", " 1", "nan", "inf", "0x10", "one", "1e999"})
        values.update("cpu", text);
    values.update("caf\xc3\xa9", "1");
    CHECK(values.size() == 0);
    values.update("a", "1");
    values.update("b", "1");
    values.update("c", "1");
    values.update("a", "2");
    const std::string snapshot = values.snapshot(some_time, 0);
    CHECK(count_in(snapshot, "received") == 13);
    CHECK(count_in(snapshot, "malformed") == 9);
    CHECK(count_in(snapshot, "refused") == 1);
    CHECK(values_in(snapshot) == 2);
    CHECK(value_in(snapshot, "a") == 2);
}

namespace {

/// A tap of a broker in memory, by a clock of its own.
class tap_bench {
public:
    /// `test` is given the broker, a client, and the snapshots as they come.
    using body = std::function<asio::awaitable<void>(tap_bench&, conats::client)>;

    explicit tap_bench(metrics_tap::options o) : options(std::move(o)) {}

    void run(const body& test) {
        run_by_clock([&](const manual_clock&) { return both(test); });
    }

    metrics_tap::options options;
    conats::testing::broker broker;
    std::vector<std::string> snapshots;

private:
    asio::awaitable<void> both(const body& test) {
        auto nc = co_await conats::connect(broker.connect_options());
        const auto keep = [this](const std::string& line) { snapshots.push_back(line); };
        metrics_tap::tap tap(nc, options, keep, manual_clock::sleep_for);
        co_await tap.ready();
        co_await (tap.run() && test(*this, nc));
        CHECK(tap.end_reason() == conats::errc::drained);
    }
};

} // namespace

TEST_CASE("App metrics tap: a snapshot at each interval, and one at the end") {
    tap_bench bench{metrics_tap::options()};
    bench.run([](tap_bench& b, conats::client nc) -> asio::awaitable<void> {
        b.broker.publish("metrics.a", "1");
        b.broker.publish("metrics.a", "2");
        b.broker.publish("other", "3");
        co_await manual_clock::sleep_for(2500ms);
        CHECK(b.snapshots.size() == 2);
        b.broker.publish("metrics.b.c", "4");
        co_await nc.drain();
    });
    REQUIRE(bench.snapshots.size() == 3);
    CHECK(count_in(bench.snapshots[0], "received") == 2);
    CHECK(count_in(bench.snapshots[0], "conflated") == 1);
    CHECK(value_in(bench.snapshots[0], "metrics.a") == 2);
    CHECK(count_in(bench.snapshots[1], "received") == 0);
    CHECK(value_in(bench.snapshots[1], "metrics.a") == 2);
    CHECK(value_in(bench.snapshots[2], "metrics.b.c") == 4);
}

TEST_CASE("App metrics tap: a flood drops the oldest, is told of once, and the newest stay") {
    metrics_tap::options o;
    o.pending_messages = 100;
    tap_bench bench(o);
    bench.run([](tap_bench& b, conats::client nc) -> asio::awaitable<void> {
        auto events = nc.events();
        // In one turn, in which nobody reads.
        for (int i = 0; i != 10'000; ++i)
            b.broker.publish("metrics." + std::to_string(i % 10), std::to_string(i));
        co_await manual_clock::sleep_for(1s);
        int slow = 0;
        while (const auto event = events.try_next())
            if (event->kind() == conats::event_kind::slow_consumer)
                ++slow;
        CHECK(slow == 1);
        co_await nc.drain();
    });
    const std::string& first = bench.snapshots.front();
    CHECK(count_in(first, "dropped") > 0);
    CHECK(count_in(first, "dropped") + count_in(first, "received") == 10'000);
    CHECK(values_in(first) == 10);
    for (int i = 0; i != 10; ++i)
        CHECK(value_in(first, ("metrics." + std::to_string(i)).c_str()) == 9990 + i);
    CHECK(count_in(bench.snapshots.back(), "dropped") == 0);
}

TEST_CASE("App metrics tap: the program, until SIGTERM, tells all that came") {
    const nats_server server;
    auto tap = app("metrics_tap", {server.url(), "m.*", "20"}).start();
    REQUIRE(tap.says("tapping m.*\n"));
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        for (int i = 0; i != 1000; ++i)
            co_await nc.publish("m.count", std::to_string(i));
        co_await nc.flush();
        tap.signal(SIGTERM);
        co_await nc.close();
    });
    const auto end = tap.wait();
    CHECK(end.code == 0);
    std::istringstream lines(end.out);
    std::int64_t received = 0;
    std::string last;
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("{")) {
            received += count_in(line, "received");
            last = line;
        }
    CHECK(received == 1000);
    CHECK(value_in(last, "m.count") == 999);
}

TEST_CASE("App metrics tap: what is wrong with its arguments, or its server, ends it") {
    const auto subject = app("metrics_tap", {"nats://127.0.0.1:1", "a..b"}).run();
    CHECK(subject.code == 1);
    CHECK_THAT(subject.err, Contains("SUBJECT is no subject: 'a..b'"));
    const auto interval = app("metrics_tap", {"nats://127.0.0.1:1", "a", "1s"}).run();
    CHECK(interval.code == 1);
    CHECK_THAT(interval.err, Contains("MILLISECONDS is a number above 0, not '1s'"));
    const auto unreachable = app("metrics_tap", {"nats://127.0.0.1:1"}).run();
    CHECK(unreachable.code == 1);
    CHECK_THAT(unreachable.err, Contains("metrics_tap: connection_refused"));

    nats_server server("authorization { token: t }");
    auto lost = app("metrics_tap", {server.url("t")}).start();
    REQUIRE(lost.says("tapping"));
    server.reload("authorization { token: other }"); // it is thrown out, and not let in again
    const auto end = lost.wait();
    CHECK(end.code == 1);
    CHECK_THAT(end.err, Contains("metrics_tap: ") && Contains("uthorization"));
}
