// SPDX-License-Identifier: Apache-2.0
// An HTTP gateway: see README.md.
#include "server.hpp"

#include <conats/conats.hpp>

#include <CLI/CLI.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <limits>
#include <memory>
#include <string>

namespace asio = boost::asio;

namespace {

struct settings {
    std::string server = "nats://127.0.0.1:4222";
    std::string address = "127.0.0.1";
    std::uint16_t port = 8080;
    gateway::options gateway;
};

/// Logs what happens to the connection, and stops the server when it is lost for good.
asio::awaitable<void> watch(conats::client nc, std::shared_ptr<gateway::server> server) {
    auto events = nc.events();
    while (const auto event = co_await events.next())
        std::cerr << *event << '\n';
    server->stop();
}

asio::awaitable<void> run(settings s) {
    const auto executor = co_await asio::this_coro::executor;
    conats::connect_options options(s.server);
    options.name("gateway").max_reconnects(-1);
    auto nc = co_await conats::connect(options);

    const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(s.address), s.port);
    const auto server = std::make_shared<gateway::server>(
        nc, s.gateway, asio::ip::tcp::acceptor(executor, endpoint));
    asio::signal_set signals(executor, SIGINT, SIGTERM);
    signals.async_wait([server, &signals](conats::error_code ec, int) {
        if (ec)
            return;
        signals.clear(); // the next one ends the program at once
        server->stop();
    });
    asio::co_spawn(executor, watch(nc, server), asio::detached);

    std::cout << "listening on http://" << server->endpoint() << std::endl;
    co_await server->serve();
    signals.cancel();
    if (const conats::error why = nc.close_reason())
        throw conats::system_error(why);
    co_await nc.drain();
    std::cout << "stopped" << std::endl;
}

void rethrow(const std::exception_ptr& thrown) {
    if (thrown)
        std::rethrow_exception(thrown);
}

void add_options(CLI::App& app, settings& s, double& timeout) {
    gateway::options& g = s.gateway;
    app.add_option("server", s.server, "The NATS server")
        ->envname("NATS_URL")
        ->capture_default_str();
    app.add_option("--address", s.address, "The address to listen on")->capture_default_str();
    app.add_option("--port", s.port, "The port to listen on; 0: a free one")->capture_default_str();
    app.add_option("--prefix", g.prefix, "What subjects begin with")
        ->capture_default_str()
        ->check([](const std::string& text) {
            return conats::is_valid_publish_subject(text) ? std::string()
                                                          : "it is no subject: " + text;
        });
    app.add_option("--allow", g.request_headers, "Header fields that are passed on")
        ->capture_default_str()
        ->check([](const std::string& text) {
            return gateway::may_pass(text) ? std::string() : "it cannot be passed on: " + text;
        });
    app.add_option("--timeout", timeout, "Seconds to wait for a reply")
        ->capture_default_str()
        ->check(CLI::Range(0.001, 3600.0));
    app.add_option("--max-header", g.max_header, "Bytes of a header, at most")
        ->capture_default_str()
        ->check(CLI::Range(std::size_t{256}, std::size_t{1024 * 1024}));
    app.add_option("--max-body", g.max_body, "Bytes of a body, at most")
        ->capture_default_str()
        ->check(CLI::Range(std::size_t{0}, std::size_t{64 * 1024 * 1024}));
    app.add_option("--max-connections", g.max_connections, "Connections at once, at most")
        ->capture_default_str()
        ->check(CLI::Range(std::size_t{1}, std::size_t{100'000}));
}

} // namespace

int main(int argc, char** argv) {
    settings s;
    double timeout = 5;
    CLI::App app("Turns HTTP requests into NATS requests.", "gateway");
    add_options(app, s, timeout);
    CLI11_PARSE(app, argc, argv);
    s.gateway.timeout = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(timeout));
    try {
        asio::io_context context;
        asio::co_spawn(context, run(std::move(s)), rethrow);
        context.run();
    } catch (const std::exception& e) {
        std::cerr << "gateway: " << e.what() << '\n';
        return 1;
    }
}
