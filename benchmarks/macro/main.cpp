// SPDX-License-Identifier: Apache-2.0

// conats_bench SCENARIO [OPTION...]: one measurement of conats, as its users write it.

#include "macro/options.hpp"
#include "scenarios/scenarios.hpp"

#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>

#include <sys/resource.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>
#include <thread>
#include <utility>

namespace bench {

namespace {

using scenario_function = asio::awaitable<void> (*)(setting&, bench_result&);

constexpr std::pair<std::string_view, scenario_function> scenarios[] = {
    {"pub", run_publish},     {"sub", run_subscribe},     {"pubsub", run_publish_subscribe},
    {"request", run_request}, {"pipeline", run_pipeline}, {"random", run_random},
    {"memory", run_memory}};

asio::awaitable<void> run(setting& s, bench_result& result) {
    for (std::size_t i = 0; i != s.wanted.connections; ++i)
        s.clients.push_back(co_await s.connect());
    for (const auto& [name, function] : scenarios)
        if (name == s.wanted.scenario)
            co_await function(s, result);
    for (const conats::client& nc : s.clients)
        co_await nc.close();
}

conats::connect_options connecting(const command& c) {
    conats::connect_options o(c.server);
    o.name("conats_bench");
    if (!c.ca_file.empty())
        o.tls(conats::tls_options().ca_file(c.ca_file));
    return o;
}

// As many connections as the system lets it have.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int count, const char* const* arguments) {
    const command c = parse_command_line(count, arguments);
    const options& o = c.measured;
    raise_descriptor_limit();
    bench_result result = describe(o);
    asio::io_context context(static_cast<int>(o.threads));
    setting s(o, context, connecting(c));
    s.on_ready = bench_say_ready;
    std::exception_ptr failure;
    const auto on_end = [&](const std::exception_ptr& thrown) {
        failure = thrown;
        if (thrown)
            context.stop();
    };
    asio::co_spawn(s.place(), run(s, result), on_end);
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < o.threads; ++i)
        others.emplace_back([&context] { context.run(); });
    context.run();
    others.clear(); // joined
    if (failure)
        std::rethrow_exception(failure);
    bench_print(&result);
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
