// SPDX-License-Identifier: Apache-2.0
// Without coroutines: callbacks and futures, by <conats/token.hpp>.
#include <conats/conats.hpp>
#include <conats/token.hpp>

#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using conats::adapt;
using conats::error_code;

namespace {

// Callbacks get an error code and, where there is one, a value. They run on the executor given.
void with_callbacks(const std::string& url) {
    asio::io_context context;
    const auto executor = context.get_executor();
    adapt(conats::connect(url), executor, [executor](error_code e, conats::client nc) {
        if (e)
            throw conats::system_error(e); // leaves context.run()
        auto service = nc.on("greet", [](const conats::message& m) { m.try_respond("hello"); });
        service.release(); // until the client closes
        adapt(nc.request("greet", ""), executor, [nc](error_code, const conats::message& reply) {
            std::cout << "callback: " << reply.text() << '\n';
            adapt(nc.close(), nc.get_executor(), asio::detached);
        });
    });
    context.run();
}

// Futures wait for a context that another thread runs. get() throws what went wrong.
void with_futures(const std::string& url) {
    asio::thread_pool thread(1);
    const auto executor = thread.get_executor();

    auto nc = adapt(conats::connect(url), executor, asio::use_future).get();
    auto sub = adapt(nc.subscribe("news"), executor, asio::use_future).get();
    adapt(nc.publish("news", "fine weather"), executor, asio::use_future).get();
    const auto m = adapt(sub.next(), executor, asio::use_future).get();
    std::cout << "future: " << m->text() << '\n';
    adapt(nc.drain(), executor, asio::use_future).get();
}

} // namespace

int main(int argc, char** argv) {
    try {
        const char* url = std::getenv("NATS_URL");
        if (argc > 1)
            url = argv[1];
        with_callbacks(url != nullptr ? url : "nats://127.0.0.1:4222");
        with_futures(url != nullptr ? url : "nats://127.0.0.1:4222");
    } catch (const std::exception& e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
}
