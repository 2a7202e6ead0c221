// SPDX-License-Identifier: Apache-2.0

// Prints the version; its exit code says whether the library is all there.

#include <conats/conats.hpp>
#include <conats/token.hpp>

#include <boost/asio/io_context.hpp>

#include <iostream>

int main() {
    boost::asio::io_context context;
    bool refused = false;
    // Nobody listens at port 1.
    conats::adapt(conats::connect("nats://s3cr3t@127.0.0.1:1"), context.get_executor(),
                  [&refused](conats::error_code e, const conats::client& nc) {
                      refused = e == conats::errc::connection_refused && !nc;
                  });
    context.run();
    std::cout << "conats " << conats::version_string << '\n';
    return refused ? 0 : 1;
}
