// SPDX-License-Identifier: Apache-2.0
// A service that ends in order: on SIGINT or SIGTERM it finishes what it was given.
#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

asio::awaitable<void> run(std::string url) {
    const auto executor = co_await asio::this_coro::executor;
    auto nc = co_await conats::connect(url);

    int finished = 0;
    const auto handler = [&finished, executor](conats::message) -> asio::awaitable<void> {
        asio::steady_timer job(executor, 5ms);
        co_await job.async_wait(asio::use_awaitable);
        ++finished;
    };
    auto service = nc.on("jobs", handler);

    asio::signal_set signals(executor, SIGINT, SIGTERM);
    for (int i = 0; i != 20; ++i)
        co_await nc.publish("jobs", "");
    co_await nc.flush();
    std::raise(SIGTERM); // so that this example ends by itself

    const int number = co_await signals.async_wait(asio::use_awaitable);
    std::cout << "signal " << number << " after " << finished << " jobs\n";

    // Takes no new job, handles those that have arrived, sends their answers, then closes.
    // Cancelling the service (`serve() || signals.async_wait(…)`) would cut the job it is at.
    co_await nc.drain();
    std::cout << "all 20 jobs are done: " << std::boolalpha << (finished == 20) << '\n';
}

std::string server(int argc, char** argv) {
    if (argc > 1)
        return argv[1];
    const char* url = std::getenv("NATS_URL");
    return url != nullptr ? url : "nats://127.0.0.1:4222";
}

void rethrow(const std::exception_ptr& thrown) {
    if (thrown)
        std::rethrow_exception(thrown);
}

} // namespace

int main(int argc, char** argv) {
    try {
        asio::io_context context;
        asio::co_spawn(context, run(server(argc, argv)), rethrow);
        context.run();
    } catch (const std::exception& e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
}
