// SPDX-License-Identifier: Apache-2.0

// What a first user of conats::testing writes. Prints the version, as main.cpp does; its exit code
// says whether a request through a broker in memory was answered.

#include <conats/conats.hpp>
#include <conats/testing/broker.hpp>
#include <conats/testing/fault_proxy.hpp>
#include <conats/testing/scripted_peer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <iostream>

namespace asio = boost::asio;

asio::awaitable<void> ask(bool& answered) {
    conats::testing::broker broker;
    auto nc = co_await conats::connect(broker.connect_options());
    auto service = nc.on("ask", [](const conats::message& m) { m.try_respond("answer"); });
    auto reply = co_await nc.request("ask", "", std::chrono::seconds(5));
    answered = reply.text() == "answer";
}

int main() {
    asio::io_context context;
    bool answered = false;
    asio::co_spawn(context, ask(answered), asio::detached);
    context.run();
    std::cout << "conats " << conats::version_string << '\n';
    return answered ? 0 : 1;
}
