// SPDX-License-Identifier: Apache-2.0
// Requests and replies: a service, one request, many at once, many replies to one, and nobody there
// to answer.
#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>

#include <cctype>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

namespace {

// A handler that is a coroutine is awaited before it gets the next message.
asio::awaitable<void> shout(conats::message request) {
    std::string text(request.text());
    for (char& c : text)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    co_await request.respond(text);
}

asio::awaitable<void> run(std::string url) {
    auto nc = co_await conats::connect(url);
    auto service = nc.on("shout", shout);

    // A request that gives no timeout waits for 5 s.
    auto reply = co_await nc.request("shout", "hello", 500ms);
    std::cout << "reply: " << reply.text() << '\n';

    // Both are on their way before the first reply arrives.
    auto [one, two] = co_await (nc.request("shout", "one") && nc.request("shout", "two"));
    std::cout << "replies: " << one.text() << ", " << two.text() << '\n';

    // All who answer, until two have, or nobody has for 100 ms, or 1 s is over.
    auto other_service = nc.on("shout", shout);
    auto all = nc.request_many("shout", "all",
                               conats::request_many_options(1s).stall(100ms).max_messages(2));
    while (auto each = co_await all.next())
        std::cout << "one of all: " << each->text() << '\n';
    std::cout << "ended by: " << all.end_reason() << '\n';

    // Without a subscriber the server says so, and nobody waits for the timeout.
    conats::error e;
    auto none = co_await nc.request("whisper", "hello", 10s, e);
    std::cout << "nobody there: " << e << '\n';
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
