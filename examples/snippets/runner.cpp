// SPDX-License-Identifier: Apache-2.0

// Runs one block of the documents: `run_fragment NAME [MILLISECONDS]`. It has a client of the
// server in SNIPPET_URL (with the file SNIPPET_CREDENTIALS, or SNIPPET_CERTIFICATE.pem and .key, if
// that is set), and neighbours there: a service that answers, two that answer to "who", and
// somebody who publishes. After so many milliseconds its client is closed, which ends what would
// wait for ever. It fails where the block throws, or leaves something behind that goes on.

#include "snippet.hpp"

#include <cstdlib>
#include <exception>
#include <map>
#include <utility>

namespace {

std::map<std::string, snippet>& snippets() {
    static std::map<std::string, snippet> all;
    return all;
}

conats::connect_options options_of(const char* name) {
    conats::connect_options o(std::getenv("SNIPPET_URL"));
    if (const char* file = std::getenv("SNIPPET_CREDENTIALS"))
        o.credentials_file(file);
    if (const char* file = std::getenv("SNIPPET_CERTIFICATE")) {
        conats::tls_options tls;
        tls.certificate_file(std::string(file) + ".pem").key_file(std::string(file) + ".key");
        o.tls(tls);
    }
    o.name(name);
    return o;
}

asio::awaitable<void> publish_until_closed(conats::client nc) {
    conats::error e;
    while (!e) {
        co_await nc.publish("orders.new", "apple", e);
        co_await nc.publish("weather.berlin", "rain", e);
        asio::steady_timer pause(co_await asio::this_coro::executor, 5ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

/// Answers what the documents ask.
void serve(const conats::client& nc) {
    for (const char* subject : {"time", "price.*", "stock.*", "who", "who"}) {
        nc.on(subject, [](const conats::message& m) { m.try_respond("fine"); }).release();
    }
}

asio::awaitable<void> close_after(conats::client nc, std::chrono::milliseconds time) {
    asio::steady_timer pause(co_await asio::this_coro::executor, time);
    co_await pause.async_wait(asio::use_awaitable);
    co_await nc.close();
}

asio::awaitable<void> run(snippet block, std::chrono::milliseconds time) {
    const auto executor = co_await asio::this_coro::executor;
    auto neighbour = co_await conats::connect(options_of("neighbour"));
    serve(neighbour);
    co_await neighbour.flush();
    asio::co_spawn(executor, publish_until_closed(neighbour), asio::detached);
    std::exception_ptr thrown;
    try {
        auto nc = co_await conats::connect(options_of("snippet"));
        if (time.count() > 0)
            asio::co_spawn(executor, close_after(nc, time), asio::detached);
        co_await block(std::move(nc));
    } catch (...) {
        thrown = std::current_exception();
    }
    co_await neighbour.close();
    if (thrown)
        std::rethrow_exception(thrown);
}

} // namespace

bool add_snippet(const char* name, snippet block) {
    return snippets().emplace(name, block).second;
}

int main(int argc, char** argv) {
    const auto found = argc > 1 ? snippets().find(argv[1]) : snippets().end();
    if (found == snippets().end()) {
        std::cerr << "no such block\n";
        return 2;
    }
    const std::chrono::milliseconds time(argc > 2 ? std::atoi(argv[2]) : 0);
    int status = 0;
    asio::io_context context;
    asio::co_spawn(context, run(found->second, time), [&status](const std::exception_ptr& thrown) {
        try {
            if (thrown)
                std::rethrow_exception(thrown);
            std::cout << "the block has ended" << std::endl;
        } catch (const std::exception& e) {
            std::cout << "the block has thrown " << e.what() << std::endl;
            status = 1;
        }
    });
    context.run();
    return status;
}
