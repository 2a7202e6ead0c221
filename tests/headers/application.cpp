// SPDX-License-Identifier: Apache-2.0

// Never linked: an application of three features (TLS, WebSocket, requests and their service),
// whose cost to the compiler is compared with asio_application.cpp.

#include <conats/conats.hpp>
#include <conats/websocket.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <iostream>

namespace asio = boost::asio;
using namespace std::chrono_literals;

static asio::awaitable<void> run(conats::connect_options options) {
    auto nc = co_await conats::connect(options);
    auto service = nc.on("echo", [](const conats::message& m) { m.try_respond(m.text()); });
    auto words = co_await nc.subscribe("words");
    co_await nc.publish("words", "hello");
    while (auto m = co_await words.next()) {
        auto reply = co_await nc.request("echo", m->text(), 1s);
        std::cout << reply.text() << "\n";
    }
    co_await nc.drain();
}

int main() {
    conats::tls_options tls;
    tls.ca_file("ca.pem").certificate_file("own.pem").key_file("own.key");
    conats::websocket_options websocket;
    websocket.compression(true);
    conats::connect_options options("wss://localhost");
    options.tls(tls).transport(conats::websocket(websocket));
    asio::io_context context;
    asio::co_spawn(context, run(options), asio::detached);
    context.run();
}
