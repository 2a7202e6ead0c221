// SPDX-License-Identifier: Apache-2.0
// A chat in the browser: see README.md.
//
//     chat [URL [PORT [ADDRESS]]]
#include "hub.hpp"
#include "web.hpp"

#include <conats/conats.hpp>
#include <conats/websocket.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

namespace {

/// Sends the browsers away on a signal, or when the connection to NATS is lost for good.
asio::awaitable<void> stop_in_time(chat::hub& hub, chat::web_server& web,
                                   asio::signal_set& signals) {
    co_await (hub.run() || signals.async_wait(asio::use_awaitable));
    signals.clear(); // the next one ends the program at once
    web.stop();
}

asio::awaitable<void> run(std::string url, asio::ip::tcp::endpoint endpoint) {
    const auto executor = co_await asio::this_coro::executor;
    conats::connect_options options(url);
    options.name("chat").max_reconnects(-1);
    options.transport(conats::websocket()); // for ws:// and wss:// addresses
    auto nc = co_await conats::connect(options);
    asio::signal_set signals(executor, SIGINT, SIGTERM);
    chat::hub hub(nc);
    co_await hub.start();
    chat::web_server web(hub, asio::ip::tcp::acceptor(executor, endpoint));
    std::cout << "chat at http://" << web.endpoint() << std::endl;
    co_await (web.serve() && stop_in_time(hub, web, signals));
    if (const conats::error why = nc.close_reason())
        throw conats::system_error(why);
    co_await nc.drain();
    std::cout << "stopped" << std::endl;
}

std::string server(int argc, char** argv) {
    if (argc > 1)
        return argv[1];
    const char* url = std::getenv("NATS_URL");
    return url != nullptr ? url : "nats://127.0.0.1:4222";
}

std::uint16_t port(int argc, char** argv) {
    if (argc < 3)
        return 8000;
    const std::string_view text = argv[2];
    std::uint16_t n = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), n);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
        throw std::invalid_argument("PORT is a number from 0 to 65535, not '" + std::string(text) +
                                    "'");
    return n;
}

void rethrow(const std::exception_ptr& thrown) {
    if (thrown)
        std::rethrow_exception(thrown);
}

} // namespace

int main(int argc, char** argv) {
    try {
        const asio::ip::tcp::endpoint endpoint(
            asio::ip::make_address(argc > 3 ? argv[3] : "127.0.0.1"), port(argc, argv));
        asio::io_context context;
        asio::co_spawn(context, run(server(argc, argv), endpoint), rethrow);
        context.run();
    } catch (const std::exception& e) {
        std::cerr << "chat: " << e.what() << '\n';
        return 1;
    }
}
