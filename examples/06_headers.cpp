// SPDX-License-Identifier: Apache-2.0
// Headers: sending, reading, answering with them.
#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

// Sends the trace id back that came with the request.
void answer(const conats::message& request) {
    conats::publish_options options;
    if (const auto id = request.headers().get("Trace-Id"))
        options.headers(conats::headers().add("Trace-Id", *id));
    request.try_respond("done", options);
}

asio::awaitable<void> run(std::string url) {
    auto nc = co_await conats::connect(url);
    auto sub = co_await nc.subscribe("orders");

    // Names are case-sensitive, keep their order and may have several values.
    conats::publish_options options;
    options.headers(conats::headers().add("Lang", "en").add("Lang", "de").add("Priority", "1"));
    co_await nc.publish("orders", "two coffees", options);
    if (auto m = co_await sub.next(2s)) {
        std::cout << m->text() << '\n';
        for (const auto& [name, value] : m->headers()) // views, as long as the message lives
            std::cout << "  " << name << ": " << value << '\n';
        std::cout << "  languages: " << m->headers().values("Lang").size() << '\n';
    }

    auto service = nc.on("trace", answer);
    conats::request_options traced(1s);
    traced.headers(conats::headers().add("Trace-Id", "4711"));
    auto reply = co_await nc.request("trace", "", traced);
    std::cout << reply.text() << ", traced as " << reply.headers().get("Trace-Id").value_or("?")
              << '\n';
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
