// SPDX-License-Identifier: Apache-2.0
// Errors and timeouts: thrown or returned, exact codes and classes of them.
#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

asio::awaitable<void> run(std::string url) {
    // Thrown: the code to branch on, and in details() what is known beside it.
    try {
        co_await conats::connect("nats://127.0.0.1:1");
    } catch (const conats::system_error& e) {
        if (e.code() == conats::condition::unreachable)
            std::cout << "connect: " << e.details() << '\n';
    }

    // Returned, by the overloads whose last parameter is an error.
    auto nc = co_await conats::connect(url);
    conats::error e;
    co_await nc.publish("not a subject", "", e);
    std::cout << "publish: " << e << '\n';

    // Every wait for the server has a deadline. This subscriber never answers.
    auto silent = co_await nc.subscribe("silent");
    auto reply = co_await nc.request("silent", "anybody?", 50ms, e);
    if (e.code() == conats::errc::timeout)
        std::cout << "request: " << e << '\n';

    // next() alone waits for as long as it takes. After an error this form returns no message.
    auto sub = co_await nc.subscribe("quiet");
    if (auto m = co_await sub.next(50ms, e); !m)
        std::cout << "next: " << e << '\n';

    // No message and no error is the end, and end_reason() says why.
    co_await nc.close();
    while (auto m = co_await sub.next())
        std::cout << "what was there already: " << m->text() << '\n';
    std::cout << "subscription: " << sub.end_reason() << '\n';
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
