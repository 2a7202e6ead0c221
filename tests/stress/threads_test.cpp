// SPDX-License-Identifier: Apache-2.0
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>

#include <atomic>
#include <string>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

constexpr int rounds = 500;

/// Publishes, receives and requests on a client that other coroutines use as well.
asio::awaitable<void> worker(conats::client nc, int id, std::atomic<int>& done) {
    const std::string subject = "worker." + std::to_string(id);
    auto sub = co_await nc.subscribe(subject);
    for (int i = 0; i != rounds; ++i) {
        co_await nc.publish(subject, std::to_string(i));
        auto m = co_await sub.next(10s);
        if (m->text() != std::to_string(i))
            throw std::runtime_error("out of order");
        auto reply = co_await nc.request("echo", subject, 10s);
        if (reply.text() != subject)
            throw std::runtime_error("wrong reply");
    }
    ++done;
}

asio::awaitable<void> eight_workers(std::string url, std::atomic<int>& done) {
    auto executor = co_await asio::this_coro::executor;
    auto nc = co_await conats::connect(url);
    const auto echo = [](const conats::message& m) { m.try_respond(m.text()); };
    auto service = nc.on("echo", echo);
    for (int id = 0; id != 8; ++id) {
        auto own_strand = asio::make_strand(executor);
        asio::co_spawn(own_strand, worker(nc, id, done), asio::detached);
    }
    const bool all = co_await async_eventually([&] { return done == 8; }, 60s);
    if (!all)
        throw std::runtime_error("not all workers came to their end");
    co_await nc.drain();
}

} // namespace

TEST_CASE("B22 a client on four threads, with eight coroutines on strands of their own") {
    nats_server server;
    std::atomic<int> done{0};
    run_on_threads(4, eight_workers(server.url(), done), 90s);
    CHECK(done == 8);
}
