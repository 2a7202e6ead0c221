// SPDX-License-Identifier: Apache-2.0
#include "integration/helpers.hpp"
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/process.hpp"
#include "support/run.hpp"

#include <conats/conats.hpp>

#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <stdexcept>
#include <string>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

/// The environment's CONATS_CYCLES; 10 000 where it is not set, of which sanitizers, which are
/// slow, make a tenth.
int wanted_cycles() {
    const char* const text = std::getenv("CONATS_CYCLES");
    if (text != nullptr)
        return std::stoi(text);
    return sanitized ? 1'000 : 10'000;
}

/// One client's life, with its end in one of three ways.
asio::awaitable<void> cycle(std::string url, int number) {
    auto nc = co_await conats::connect(url);
    auto events = nc.events();
    int handled = 0;
    auto service = nc.on("echo", [&handled](const conats::message& m) {
        ++handled;
        m.try_respond(m.text());
    });
    auto sub = co_await nc.subscribe("echo");
    auto reply = co_await nc.request("echo", "hello", 10s);
    auto message = co_await sub.next(10s);
    if (reply.text() != "hello" || message->text() != "hello" || handled != 1)
        throw std::runtime_error("a cycle went wrong");
    if (number % 3 == 0)
        co_await nc.drain();
    else if (number % 3 == 1)
        co_await nc.close();
}

asio::awaitable<void> cycles(std::string url, int first, int last) {
    for (int i = first; i != last; ++i)
        co_await cycle(url, i);
}

} // namespace

TEST_CASE("S131 connecting and closing over and over leaves memory and descriptors as they were") {
    nats_server server;
    const int all = wanted_cycles();
    const int warm_up = all / 5;
    // Of the server's own start, and what allocators and resolvers keep.
    run(cycles(server.url(), 0, warm_up), 120s);
    const std::size_t descriptors = open_descriptors();
    const std::size_t memory = resident_bytes();
    run(cycles(server.url(), warm_up, all), 600s);
    CHECK(open_descriptors() == descriptors);
    const bool no_clients_left = eventually([&] { return server.monitor().connections() == 0; });
    CHECK(no_clients_left);
    CHECK(server.monitor().total_connections() >= all);
    const std::size_t now = resident_bytes();
    std::cout << all << " cycles: " << memory / 1024 << " KiB before, " << now / 1024
              << " KiB after\n";
    if (!sanitized) // which keep what is freed
        CHECK(now < memory + (std::size_t{2} << 20U));
}
