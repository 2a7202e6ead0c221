// SPDX-License-Identifier: Apache-2.0
// Publishing: text, bytes, large blocks; from coroutines and from plain functions.
#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace asio = boost::asio;

namespace {

// Never waits: for callbacks and constructors. What it cannot accept is an error it returns.
void publish_from_a_function(const conats::client& nc) {
    if (conats::error e = nc.try_publish("log.info", "from a plain function"))
        std::cerr << e << '\n';
}

asio::awaitable<void> run(std::string url) {
    auto nc = co_await conats::connect(url);

    // Text, and anything whose data() and size() describe bytes. The call copies it.
    co_await nc.publish("log.info", "hello");
    const std::vector<std::byte> bytes(16);
    co_await nc.publish("log.binary", bytes);
    publish_from_a_function(nc);

    // A large block is handed over and sent from where it is.
    std::string large(100'000, 'x');
    co_await nc.publish("log.large", conats::owned_payload(std::move(large)));

    // Awaiting publish waits only while more is buffered than the network takes.
    for (int i = 0; i != 10'000; ++i)
        co_await nc.publish("log.count", std::to_string(i));

    // Messages are on their way now; after flush() the server has them.
    co_await nc.flush();
    const auto counters = nc.statistics();
    std::cout << "published " << counters.out_messages << " messages, " << counters.out_bytes
              << " bytes, by " << counters.writes << " system calls\n";
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
