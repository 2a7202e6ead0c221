// SPDX-License-Identifier: Apache-2.0
// Connecting with a token, in every way there is.
//
//     nats-server --auth mytoken &
//     01_connect 127.0.0.1:4222 mytoken
#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace asio = boost::asio;

namespace {

asio::awaitable<void> run(std::string host, std::string token) {
    // An option. The name is what the server's monitoring shows.
    conats::connect_options options(host);
    options.token(token).name("API Token Example");
    auto nc = co_await conats::connect(options);
    std::cout << "as an option:        " << nc.connected_url() << '\n';

    // In the URL. Characters like '@', ':' and '/' in a token are percent-encoded there.
    auto by_url = co_await conats::connect("nats://" + token + "@" + host);
    std::cout << "in the URL:          " << by_url.connected_url() << '\n';

    auto no_scheme = co_await conats::connect(token + "@" + host);
    std::cout << "without a scheme:    " << no_scheme.connected_url() << '\n';

    // The first server of a list that accepts, in random order; nobody listens at port 1.
    auto from_list = co_await conats::connect("nats://127.0.0.1:1," + token + "@" + host);
    std::cout << "from a list:         " << from_list.connected_url() << '\n';

    // A coroutine that is asked for each attempt, for tokens that expire.
    const auto ask = [&token](const conats::auth_request&) -> asio::awaitable<conats::secret> {
        co_return conats::secret(token);
    };
    conats::connect_options provided(host);
    provided.token_provider(ask);
    auto by_provider = co_await conats::connect(provided);
    std::cout << "by a provider:       " << by_provider.connected_url() << '\n';

    // A wrong token is an error of connect, here returned instead of thrown. No text shows it.
    conats::error e;
    auto refused = co_await conats::connect("nats://wrong@" + host, e);
    std::cout << "with a wrong token:  " << e << '\n';

    // Each connection closes when its last client goes; close() waits for it.
    co_await nc.close();
}

std::string server(int argc, char** argv) {
    const char* url = std::getenv("NATS_URL");
    std::string host(url != nullptr ? url : "127.0.0.1:4222");
    if (argc > 1)
        host = argv[1];
    return host.starts_with("nats://") ? host.substr(7) : host;
}

} // namespace

int main(int argc, char** argv) {
    try {
        asio::io_context context;
        // What the coroutine throws leaves context.run().
        asio::co_spawn(context, run(server(argc, argv), argc > 2 ? argv[2] : "mytoken"),
                       [](const std::exception_ptr& thrown) {
                           if (thrown)
                               std::rethrow_exception(thrown);
                       });
        context.run();
    } catch (const std::exception& e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
}
