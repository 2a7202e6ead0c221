// SPDX-License-Identifier: Apache-2.0
// A worker of a pool: see README.md.
//
//     worker_pool [URL [CONCURRENCY]]
#include "count_words.hpp"
#include "pool.hpp"

#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

namespace {

/// Logs what happens to the connection, until it has ended.
asio::awaitable<void> watch(conats::client nc) {
    auto events = nc.events();
    while (const auto event = co_await events.next())
        std::cerr << *event << '\n';
}

asio::awaitable<void> run(std::string url, std::size_t concurrency) {
    const auto executor = co_await asio::this_coro::executor;
    conats::connect_options options(url);
    options.name("worker").max_reconnects(-1);
    auto nc = co_await conats::connect(options);

    asio::signal_set signals(executor, SIGINT, SIGTERM);
    worker_pool::options how;
    how.concurrency = concurrency;
    worker_pool::pool pool(nc, worker_pool::count_words, how);
    co_await pool.ready();
    std::cout << "ready for " << concurrency << " jobs at once" << std::endl;

    co_await (watch(nc) || signals.async_wait(asio::use_awaitable));
    if (const conats::error why = nc.close_reason())
        throw conats::system_error(why);
    signals.clear(); // the next one ends the program at once

    // Takes no new job, does those that have arrived, sends their answers, then closes.
    conats::error late;
    co_await nc.drain(late);
    const auto all = pool.counters();
    std::cout << "stopped: " << all.done << " done, " << all.refused << " refused, " << all.failed
              << " failed, " << all.retries << " retries, " << pool.dropped() << " dropped"
              << std::endl;
    if (late)
        throw conats::system_error(late);
}

std::string server(int argc, char** argv) {
    if (argc > 1)
        return argv[1];
    const char* url = std::getenv("NATS_URL");
    return url != nullptr ? url : "nats://127.0.0.1:4222";
}

std::size_t concurrency(int argc, char** argv) {
    if (argc < 3)
        return worker_pool::options().concurrency;
    const std::string_view text = argv[2];
    std::size_t n = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), n);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || n < 1 || n > 10'000)
        throw std::invalid_argument("CONCURRENCY is a number from 1 to 10000, not '" +
                                    std::string(text) + "'");
    return n;
}

void rethrow(const std::exception_ptr& thrown) {
    if (thrown)
        std::rethrow_exception(thrown);
}

} // namespace

int main(int argc, char** argv) {
    try {
        asio::io_context context;
        asio::co_spawn(context, run(server(argc, argv), concurrency(argc, argv)), rethrow);
        context.run();
    } catch (const std::exception& e) {
        std::cerr << "worker_pool: " << e.what() << '\n';
        return 1;
    }
}
