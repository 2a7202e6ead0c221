// SPDX-License-Identifier: Apache-2.0
// Queue groups: each message goes to one member of the group.
#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace asio = boost::asio;

namespace {

asio::awaitable<void> run(std::string url) {
    auto nc = co_await conats::connect(url);

    // Three workers; they might as well be in different processes.
    conats::subscribe_options group;
    group.queue_group("workers");
    std::vector<int> done(3);
    std::vector<conats::subscription> workers;
    for (int& count : done)
        workers.push_back(nc.on("jobs", [&count](const conats::message&) { ++count; }, group));

    // Who is in no group gets every message.
    int seen = 0;
    auto audit = nc.on("jobs", [&seen](const conats::message&) { ++seen; });

    for (int i = 0; i != 300; ++i)
        co_await nc.publish("jobs", "job " + std::to_string(i));

    // Drains every subscription, then closes: nothing that was sent is lost.
    co_await nc.drain();
    std::cout << "the workers did " << done[0] << " + " << done[1] << " + " << done[2] << " = "
              << done[0] + done[1] + done[2] << " jobs, the audit saw " << seen << '\n';
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
