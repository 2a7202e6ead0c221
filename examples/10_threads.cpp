// SPDX-License-Identifier: Apache-2.0
// One client on four threads.
#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <future>
#include <iostream>
#include <string>
#include <vector>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

namespace {

// Uses `||`, so that the coroutine has to be on a strand. The client is a handle: copy it freely.
asio::awaitable<int> worker(conats::client nc, std::string subject) {
    const auto strand = co_await asio::this_coro::executor;
    auto sub = co_await nc.subscribe(subject);
    for (int i = 0; i != 100; ++i)
        co_await nc.publish(subject, std::to_string(i));

    int received = 0;
    asio::steady_timer patience(strand, 10s);
    while (received != 100) {
        auto first = co_await (sub.wait() || patience.async_wait(asio::use_awaitable));
        if (first.index() == 1)
            break;
        while (auto m = sub.try_next())
            ++received;
    }
    co_return received;
}

int run(const std::string& url) {
    asio::thread_pool threads(4);
    auto connecting = asio::co_spawn(threads, conats::connect(url), asio::use_future);
    auto nc = connecting.get();

    std::vector<std::future<int>> workers;
    for (int i = 0; i != 8; ++i) {
        const auto strand = asio::make_strand(threads);
        const std::string subject = "worker." + std::to_string(i);
        workers.push_back(asio::co_spawn(strand, worker(nc, subject), asio::use_future));
    }
    int received = 0;
    for (auto& result : workers)
        received += result.get();

    asio::co_spawn(threads, nc.drain(), asio::use_future).get();
    std::cout << "8 workers on 4 threads received " << received << " messages\n";
    return received == 800 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    try {
        const char* url = std::getenv("NATS_URL");
        if (argc > 1)
            url = argv[1];
        return run(url != nullptr ? url : "nats://127.0.0.1:4222");
    } catch (const std::exception& e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
}
