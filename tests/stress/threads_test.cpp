// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

constexpr int workers = 8;
constexpr int rounds = 500;

/// How long the workers go on at least, beyond their rounds: the environment's
/// CONATS_STRESS_SECONDS, nothing where it is not set.
std::chrono::seconds wanted_length() {
    const char* const text = std::getenv("CONATS_STRESS_SECONDS");
    return std::chrono::seconds(text == nullptr ? 0 : std::stoi(text));
}

/// What the workers and their service have seen; each counts what is its own.
struct seen {
    std::atomic<int> done{0};
    std::atomic<std::uint64_t> published{0};
    std::atomic<std::uint64_t> received{0};
    std::atomic<std::uint64_t> asked{0};
    std::atomic<std::uint64_t> answered{0}; ///< by the service
    std::atomic<std::uint64_t> replies{0};
};

/// Publishes, receives and requests on a client that other coroutines use as well.
asio::awaitable<void> worker(conats::client nc, int id, seen& all) {
    const std::string subject = "worker." + std::to_string(id);
    const auto until = std::chrono::steady_clock::now() + wanted_length();
    auto sub = co_await nc.subscribe(subject);
    for (int i = 0; i < rounds || std::chrono::steady_clock::now() < until; ++i) {
        const std::string text = std::to_string(i);
        ++all.published;
        co_await nc.publish(subject, text);
        auto m = co_await sub.next(10s);
        if (m->text() != text)
            throw std::runtime_error("out of order");
        ++all.received;
        ++all.asked;
        const std::string question = subject + ":" + text;
        auto reply = co_await nc.request("echo", question, 10s);
        if (reply.text() != question)
            throw std::runtime_error("wrong reply");
        ++all.replies;
    }
    co_await nc.flush();
    if (sub.try_next())
        throw std::runtime_error("more than was published");
    ++all.done;
}

asio::awaitable<void> eight_workers(std::string url, seen& all, conats::statistics& at_end) {
    auto executor = co_await asio::this_coro::executor;
    auto nc = co_await conats::connect(url);
    const auto echo = [&all](const conats::message& m) {
        ++all.answered;
        m.try_respond(m.text());
    };
    auto service = nc.on("echo", echo);
    for (int id = 0; id != workers; ++id) {
        auto own_strand = asio::make_strand(executor);
        asio::co_spawn(own_strand, worker(nc, id, all), asio::detached);
    }
    const bool ended =
        co_await async_eventually([&] { return all.done == workers; }, wanted_length() + 60s);
    if (!ended)
        throw std::runtime_error("not all workers came to their end");
    at_end = nc.statistics();
    co_await nc.drain();
}

} // namespace

TEST_CASE("B22 S127 a client on four threads, with eight coroutines on strands of their own") {
    nats_server server;
    seen all;
    conats::statistics at_end;
    run_on_threads(4, eight_workers(server.url(), all, at_end), wanted_length() + 90s);
    std::cout << all.published << " messages, " << all.asked << " requests\n";
    CHECK(all.done == workers);
    CHECK(all.published >= std::uint64_t{workers} * rounds);
    CHECK(all.received == all.published);
    CHECK(all.asked == all.published);
    CHECK(all.answered == all.asked);
    CHECK(all.replies == all.asked);
    // A message, a request and a reply for each; all of them come back.
    CHECK(at_end.out_messages == 3 * all.published);
    CHECK(at_end.in_messages == 3 * all.published);
    CHECK(at_end.pending_requests == 0);
    CHECK(at_end.reconnects == 0);
    CHECK(at_end.dropped_messages == 0);
}

namespace {

using namespace asio::experimental::awaitable_operators;

asio::awaitable<void> pause(int turns) {
    auto executor = co_await asio::this_coro::executor;
    for (int i = 0; i != turns; ++i)
        co_await asio::post(executor, asio::use_awaitable);
}

/// Cancels each kind of wait, and takes its messages by `wait()` and `try_next()`.
asio::awaitable<void> cancelling_worker(conats::client nc, int id, std::atomic<int>& done) {
    const std::string subject = "canceller." + std::to_string(id);
    auto sub = co_await nc.subscribe(subject);
    int got = 0;
    for (int i = 0; i != rounds; ++i) {
        co_await nc.publish(subject, std::to_string(i));
        co_await (sub.wait() || pause(i % 7));
        while (auto m = sub.try_next())
            if (m->text() != std::to_string(got++))
                throw std::runtime_error("a cancelled wait lost a message");
        co_await (nc.request("silent", "", 10s) || pause(i % 5));
        co_await (nc.request("echo", subject, 10s) || pause(i % 11));
        co_await (nc.flush() || pause(i % 9));
        if (i % 10 == 0) {
            auto other = co_await nc.subscribe(subject + ".other");
            co_await (other.drain() || pause(i % 4));
        }
    }
    while (got != rounds) {
        auto m = co_await sub.next(10s);
        if (m->text() != std::to_string(got++))
            throw std::runtime_error("a cancelled wait lost a message");
    }
    ++done;
}

asio::awaitable<void> eight_cancelling_workers(std::string url, std::atomic<int>& done) {
    auto executor = co_await asio::this_coro::executor;
    auto nc = co_await conats::connect(url);
    const auto echo = [](const conats::message& m) { m.try_respond(m.text()); };
    auto service = nc.on("echo", echo);
    auto silent = co_await nc.subscribe("silent");
    for (int id = 0; id != 8; ++id) {
        auto own_strand = asio::make_strand(executor);
        asio::co_spawn(own_strand, cancelling_worker(nc, id, done), asio::detached);
    }
    const bool all = co_await async_eventually([&] { return done == 8; }, 60s);
    if (!all)
        throw std::runtime_error("not all workers came to their end");
    if (nc.statistics().pending_requests != 0)
        throw std::runtime_error("a cancelled request was kept");
    co_await nc.close();
}

/// Makes, uses and drops clients of its own.
asio::awaitable<void> short_lives(std::string url, std::atomic<int>& done) {
    for (int i = 0; i != 20; ++i) {
        auto nc = co_await conats::connect(url);
        auto events = nc.events();
        const auto ignore = [](const conats::message&) {};
        auto sub = nc.on("a", ignore);
        for (int n = 0; n != 100; ++n)
            co_await nc.publish("a", "x");
        if (i % 3 == 0)
            co_await nc.drain();
        else if (i % 3 == 1)
            co_await nc.close();
    }
    ++done;
}

} // namespace

TEST_CASE("Eight coroutines on strands cancel what they wait for on one client of four threads") {
    nats_server server;
    std::atomic<int> done{0};
    run_on_threads(4, eight_cancelling_workers(server.url(), done), 90s);
    CHECK(done == 8);
}

TEST_CASE("Clients come and go on four threads") {
    nats_server server;
    std::atomic<int> done{0};
    std::vector<asio::awaitable<void>> works;
    for (int i = 0; i != 8; ++i)
        works.push_back(short_lives(server.url(), done));
    run_on_threads(4, std::move(works), 90s);
    CHECK(done == 8);
}

TEST_CASE("Publishers, a reader and a closer on threads of their own") {
    nats_server server;
    for (int round = 0; round != 20; ++round) {
        asio::io_context context(2);
        std::promise<conats::client> connected;
        asio::co_spawn(
            context,
            [&]() -> asio::awaitable<void> {
                auto nc = co_await conats::connect(server.url());
                connected.set_value(std::move(nc));
            },
            asio::detached);
        std::thread first([&] { context.run(); });
        std::thread second([&] { context.run(); });
        auto nc = connected.get_future().get();
        std::atomic<bool> closed{false};
        const auto publish = [&closed](conats::client own) {
            while (!closed)
                closed = own.try_publish("a", "x").code() == conats::errc::closed;
        };
        conats::subscription sub(nc, "a");
        std::thread third(publish, nc);
        std::thread fourth([&] {
            while (sub.statistics().delivered < 10 && !closed)
                (void)sub.try_next();
            asio::co_spawn(context, nc.close(), asio::detached);
        });
        third.join();
        fourth.join();
        nc = conats::client();
        sub = conats::subscription();
        first.join();
        second.join();
    }
}
