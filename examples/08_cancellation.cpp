// SPDX-License-Identifier: Apache-2.0
// Cancellation: waiting for whichever comes first, of two subscriptions and a timer.
#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

namespace {

asio::awaitable<void> run(std::string url) {
    const auto executor = co_await asio::this_coro::executor;
    auto nc = co_await conats::connect(url);
    auto work = co_await nc.subscribe("work");
    auto control = co_await nc.subscribe("control");
    for (int i = 0; i != 3; ++i)
        co_await nc.publish("work", std::to_string(i));

    // `||` cancels the slower operations and throws their results away: a message that next() had
    // taken would be lost. wait() takes nothing, try_next() does.
    // On one thread this is all. On several, a coroutine that uses `||` belongs on a strand.
    asio::steady_timer idle(executor);
    for (bool running = true; running;) {
        idle.expires_after(100ms);
        co_await (work.wait() || control.wait() || idle.async_wait(asio::use_awaitable));
        if (auto m = work.try_next()) {
            std::cout << "work: " << m->text() << '\n';
        } else if (auto command = control.try_next()) {
            std::cout << "control: " << command->text() << '\n';
            running = false;
        } else {
            std::cout << "idle\n";
            co_await nc.publish("control", "stop");
        }
    }
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
