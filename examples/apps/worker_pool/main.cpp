// SPDX-License-Identifier: Apache-2.0
// A worker of a pool: see README.md.
//
//     worker_pool [--drain-timeout SECONDS] [URL [CONCURRENCY]]
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
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

namespace {

/// Logs what happens to the connection, until it has ended.
asio::awaitable<void> watch(conats::client nc) {
    auto events = nc.events();
    while (const auto event = co_await events.next())
        std::cerr << *event << '\n';
}

/// What the command line tells.
class settings {
public:
    settings(int argc, char** argv);

    std::string server = "nats://127.0.0.1:4222";
    std::size_t concurrency = worker_pool::options().concurrency;
    std::chrono::nanoseconds drain_timeout = conats::connect_options().drain_timeout();
};

asio::awaitable<void> run(settings s) {
    const auto executor = co_await asio::this_coro::executor;
    conats::connect_options options(s.server);
    options.name("worker").max_reconnects(-1).drain_timeout(s.drain_timeout);
    auto nc = co_await conats::connect(options);

    asio::signal_set signals(executor, SIGINT, SIGTERM);
    worker_pool::options how;
    how.concurrency = s.concurrency;
    worker_pool::pool pool(nc, worker_pool::count_words, how);
    co_await pool.ready();
    std::cout << "ready for " << s.concurrency << " jobs at once" << std::endl;

    co_await (watch(nc) || signals.async_wait(asio::use_awaitable));
    if (const conats::error why = nc.close_reason())
        throw conats::system_error(why);
    signals.clear(); // the next one ends the program at once

    // Takes no new job, does those that have arrived, sends their answers, then closes.
    conats::error late;
    co_await nc.drain(late);
    const auto all = pool.counters();
    std::cout << "stopped: " << all.done << " done, " << all.refused << " refused, " << all.failed
              << " failed, " << all.retries << " retries, " << all.unanswered << " unanswered, "
              << pool.dropped() << " dropped" << std::endl;
    if (late)
        throw conats::system_error(late);
}

/// A number within limits, or `wanted` and what stands there instead.
template <class Number>
Number number_of(std::string_view text, Number least, Number most, const char* wanted) {
    Number n{};
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), n);
    const bool is_number = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
    if (!is_number || !(n >= least && n <= most))
        throw std::invalid_argument(std::string(wanted) + ", not '" + std::string(text) + "'");
    return n;
}

settings::settings(int argc, char** argv) {
    std::vector<std::string_view> words(argv + 1, argv + argc);
    if (!words.empty() && words.front() == "--drain-timeout") {
        const double seconds =
            number_of(words.size() < 2 ? "" : words[1], 0.001, 3600.0,
                      "--drain-timeout is a number of seconds from 0.001 to 3600");
        drain_timeout = std::chrono::duration_cast<std::chrono::nanoseconds>(
            std::chrono::duration<double>(seconds));
        words.erase(words.begin(), words.begin() + 2);
    }
    if (!words.empty())
        server = words[0];
    else if (const char* const url = std::getenv("NATS_URL"))
        server = url;
    if (words.size() > 1)
        concurrency =
            number_of<std::size_t>(words[1], 1, 10'000, "CONCURRENCY is a number from 1 to 10000");
}

void rethrow(const std::exception_ptr& thrown) {
    if (thrown)
        std::rethrow_exception(thrown);
}

} // namespace

int main(int argc, char** argv) {
    try {
        asio::io_context context;
        asio::co_spawn(context, run(settings(argc, argv)), rethrow);
        context.run();
    } catch (const std::exception& e) {
        std::cerr << "worker_pool: " << e.what() << '\n';
        return 1;
    }
}
