// SPDX-License-Identifier: Apache-2.0
// A tap of metrics: see README.md.
//
//     metrics_tap [URL [SUBJECT [MILLISECONDS]]]
#include "tap.hpp"

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
#include <utility>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

namespace {

/// Logs what happens, until the client has closed: a subscription that is too slow is told of when
/// it begins to drop and when it has caught up, not with each message.
asio::awaitable<void> watch(conats::client nc) {
    auto events = nc.events();
    while (const auto event = co_await events.next())
        std::cerr << *event << '\n';
}

/// Drains the client when a signal comes, which ends the tap, or does nothing where it has closed.
asio::awaitable<void> drain_on_signal(conats::client nc, asio::signal_set& signals) {
    co_await (watch(nc) || signals.async_wait(asio::use_awaitable));
    signals.clear(); // the next one ends the program at once
    conats::error closed_already;
    co_await nc.drain(closed_already);
}

asio::awaitable<void> run_and_close(metrics_tap::tap& tap, conats::client nc) {
    co_await tap.run();
    co_await nc.close();
}

asio::awaitable<void> run(std::string url, metrics_tap::options how) {
    const auto executor = co_await asio::this_coro::executor;
    conats::connect_options options(url);
    options.name("metrics_tap").max_reconnects(-1);
    auto nc = co_await conats::connect(options);
    asio::signal_set signals(executor, SIGINT, SIGTERM);
    metrics_tap::tap tap(nc, how, [](const std::string& line) { std::cout << line << std::endl; });
    co_await tap.ready();
    std::cerr << "tapping " << how.subject << '\n';
    co_await (run_and_close(tap, nc) && drain_on_signal(nc, signals));
    if (const conats::error why = tap.end_reason(); why != conats::errc::drained)
        throw conats::system_error(why);
}

metrics_tap::options options_of(int argc, char** argv) {
    metrics_tap::options o;
    if (argc > 2)
        o.subject = argv[2];
    if (!conats::is_valid_subscribe_subject(o.subject))
        throw std::invalid_argument("SUBJECT is no subject: '" + o.subject + "'");
    if (argc > 3) {
        const std::string_view text = argv[3];
        unsigned n = 0;
        const auto parsed = std::from_chars(text.data(), text.data() + text.size(), n);
        if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || n == 0)
            throw std::invalid_argument("MILLISECONDS is a number above 0, not '" +
                                        std::string(text) + "'");
        o.interval = std::chrono::milliseconds(n);
    }
    return o;
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
        asio::co_spawn(context, run(server(argc, argv), options_of(argc, argv)), rethrow);
        context.run();
    } catch (const std::exception& e) {
        std::cerr << "metrics_tap: " << e.what() << '\n';
        return 1;
    }
}
