// SPDX-License-Identifier: Apache-2.0

// conats_bench SCENARIO [OPTION...]: one measurement of conats on a nats-server that runs already.

#include "macro/options.hpp"
#include "macro/raw_process.hpp"
#include "macro/scenarios.hpp"

#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>

namespace bench {
namespace {

asio::awaitable<void> run_scenario(setting& s, bench_result& result) {
    if (s.wanted.scenario == "pub")
        return run_publish(s, result);
    if (s.wanted.scenario == "sub")
        return run_subscribe(s, result);
    if (s.wanted.scenario == "pubsub")
        return run_publish_subscribe(s, result);
    return run_request(s, result);
}

asio::awaitable<void> run(const options& o, bench_result& result) {
    raw_process source;
    conats::connect_options connecting(o.direct ? source.serve(o.size, o.count) : o.server);
    connecting.name("conats_bench");
    const std::uint64_t times = o.scenario == "sub" ? o.connections * o.subscriptions : 1;
    progress bar(o.count * times);
    setting s{o, bar, {}};
    for (std::size_t i = 0; i != o.connections; ++i)
        s.clients.push_back(co_await conats::connect(connecting));
    co_await run_scenario(s, result);
    for (const conats::client& nc : s.clients)
        co_await nc.close();
}

bench_result describe(const options& o) {
    bench_result r{};
    r.client = "conats";
    r.version = CONATS_VERSION_STRING;
    r.scenario = o.scenario.c_str();
    r.form = o.form.c_str();
    r.size = o.size;
    r.connections = o.connections;
    r.subscriptions = o.subscriptions;
    r.direct = o.direct;
    r.concurrent = o.concurrent;
    return r;
}

int main(int count, const char* const* arguments) {
    const options o = parse_command_line(count, arguments);
    bench_result result = describe(o);
    asio::io_context context(1);
    const auto on_end = [](const std::exception_ptr& thrown) {
        if (thrown)
            std::rethrow_exception(thrown);
    };
    asio::co_spawn(context, run(o, result), on_end);
    context.run();
    bench_print(&result, o.json);
    return EXIT_SUCCESS;
}

} // namespace
} // namespace bench

int main(int count, char** arguments) {
    try {
        return bench::main(count, arguments);
    } catch (const std::exception& e) {
        std::cerr << "conats_bench: " << e.what() << '\n';
        return EXIT_FAILURE;
    }
}
