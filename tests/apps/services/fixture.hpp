// SPDX-License-Identifier: Apache-2.0
// What the tests of examples/apps share.
#pragma once

#include "apps/program.hpp"
#include "support/catch.hpp"
#include "support/run.hpp"

#include <conats/testing/broker.hpp>
#include <conats/testing/manual_clock.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace conats::test {

/// A program of examples/apps.
inline program app(const std::string& name, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), CONATS_APPS "/" + name + "/" + name);
    return program(std::move(arguments));
}

/// Runs a test on a clock of its own; it may take an hour of that.
inline void run_by_clock(
    const std::function<asio::awaitable<void>(const conats::testing::manual_clock&)>& test) {
    asio::io_context context;
    conats::testing::manual_clock clock(context);
    bool done = false;
    std::exception_ptr failure;
    asio::co_spawn(context, test(clock), [&](const std::exception_ptr& thrown) {
        done = true;
        failure = thrown;
    });
    const bool in_time = clock.run_until([&] { return done; }, std::chrono::hours(1));
    if (failure)
        std::rethrow_exception(failure);
    REQUIRE(in_time);
}

/// A server that browsers connect to, on a free port, and its broker in memory.
template <class Server>
class web_bench {
public:
    explicit web_bench(asio::io_context& c, const conats::testing::broker_options& o = {})
        : context(c),
          broker(o) {}

    [[nodiscard]] asio::ip::tcp::acceptor free_port() const {
        return {context, asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)};
    }
    void serve(std::shared_ptr<Server> s) {
        server = std::move(s);
        endpoint = server->endpoint();
        asio::co_spawn(context, serve_to_the_end(), [](const std::exception_ptr& thrown) {
            if (thrown)
                std::rethrow_exception(thrown);
        });
    }
    asio::awaitable<void> stop_serving() {
        server->stop();
        const bool ended =
            co_await async_eventually([this] { return has_ended; }, std::chrono::seconds(15));
        CHECK(ended);
        server.reset();
    }

    asio::io_context& context;
    conats::testing::broker broker;
    std::shared_ptr<Server> server; ///< none once it has been stopped
    asio::ip::tcp::endpoint endpoint;
    bool has_ended = false;

private:
    asio::awaitable<void> serve_to_the_end() {
        co_await server->serve();
        has_ended = true;
    }
};

} // namespace conats::test
