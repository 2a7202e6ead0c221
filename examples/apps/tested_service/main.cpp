// SPDX-License-Identifier: Apache-2.0
// A service that sells seats: see README.md.
//
//     tested_service [URL]
#include "service.hpp"

#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

namespace {

/// Logs what happens to the connection, until it has ended.
asio::awaitable<void> watch(conats::client nc) {
    auto events = nc.events();
    while (const auto event = co_await events.next())
        std::cerr << *event << '\n';
}

asio::awaitable<void> run(std::string url) {
    const auto executor = co_await asio::this_coro::executor;
    conats::connect_options options(url);
    options.name("seats").max_reconnects(-1);
    auto nc = co_await conats::connect(options);
    asio::signal_set signals(executor, SIGINT, SIGTERM);
    seats::seat_service service(nc, 100, seats::system_time());
    co_await service.ready();
    std::cout << "selling 100 seats" << std::endl;

    co_await (watch(nc) || service.run() || signals.async_wait(asio::use_awaitable));
    if (const conats::error why = nc.close_reason())
        throw conats::system_error(why);
    signals.clear(); // the next one ends the program at once
    co_await nc.drain();
    std::cout << "stopped" << std::endl;
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
        std::cerr << "tested_service: " << e.what() << '\n';
        return 1;
    }
}
