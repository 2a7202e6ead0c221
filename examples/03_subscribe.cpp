// SPDX-License-Identifier: Apache-2.0
// Subscribing: wildcards, taking messages in a loop or by a handler.
#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <utility>

namespace asio = boost::asio;

namespace {

// Ends with the subscription; end_reason() tells why.
asio::awaitable<void> print(conats::subscription sub) {
    while (auto m = co_await sub.next())
        std::cout << sub.subject() << " got " << m->subject() << ": " << m->text() << '\n';
    std::cout << sub.subject() << " ended: " << sub.end_reason() << '\n';
}

asio::awaitable<void> run(std::string url) {
    auto nc = co_await conats::connect(url);

    // '*' stands for one token of a subject, '>' for the rest of it.
    auto cities = co_await nc.subscribe("weather.*");
    auto everything = co_await nc.subscribe("weather.>");

    // A handler gets its messages one at a time, in order. Keep what `on` returns: it unsubscribes
    // when it goes.
    int handled = 0;
    auto counted = nc.on("weather.berlin.*", [&handled](const conats::message&) { ++handled; });

    co_await nc.publish("weather.berlin", "rain");
    co_await nc.publish("weather.berlin.mitte", "more rain");
    co_await nc.publish("traffic.berlin", "nobody subscribes to this");

    // drain() stops the server from sending and keeps what it had sent.
    co_await cities.drain();
    co_await everything.drain();
    co_await counted.drain();
    co_await print(std::move(cities));
    co_await print(std::move(everything));
    std::cout << "the handler saw " << handled << " message\n";
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
