// SPDX-License-Identifier: Apache-2.0

// A user of conats::websocket, as main.cpp is one of conats: its exit code says whether the
// library is all there.

#include <conats/conats.hpp>
#include <conats/token.hpp>
#include <conats/websocket.hpp>

#include <boost/asio/io_context.hpp>

#include <iostream>

int main() {
    boost::asio::io_context context;
    bool refused = false;
    conats::websocket_options websocket;
    websocket.compression(true).header("Authorization", "Bearer s3cr3t");
    conats::connect_options options("ws://127.0.0.1:1/nats"); // nobody listens there
    options.transport(conats::websocket(websocket));
    conats::adapt(conats::connect(options), context.get_executor(),
                  [&refused](conats::error_code e, const conats::client& nc) {
                      refused = e == conats::errc::connection_refused && !nc;
                  });
    context.run();
    std::cout << "conats " << conats::version_string << '\n';
    return refused ? 0 : 1;
}
