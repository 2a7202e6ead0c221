// SPDX-License-Identifier: Apache-2.0
#include "bench_text.hpp"
#include "exit_code.hpp"
#include "interrupts.hpp"
#include "scenarios/scenarios.hpp"
#include "session.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>

#include <chrono>
#include <utility>

namespace tool {

namespace {

bench::options measured(const bench_settings& s) {
    bench::options o;
    o.scenario = s.kind;
    o.form = s.kind == "pub" ? "publish" : s.kind == "request" ? "request" : "handler";
    o.subject = s.subject;
    o.size = s.size;
    o.count = s.msgs;
    o.connections = s.clients;
    o.concurrent = s.clients;
    // Of several that receive what they have published themselves, each has a subject of its own.
    o.one_subject = s.kind != "pubsub" || s.clients == 1;
    o.any_size = true;
    return o;
}

asio::awaitable<void> run_scenario(bench::setting& s, bench_result& result) {
    if (s.wanted.scenario == "pub")
        return bench::run_publish(s, result);
    if (s.wanted.scenario == "sub")
        return bench::run_subscribe(s, result);
    if (s.wanted.scenario == "pubsub")
        return bench::run_publish_subscribe(s, result);
    return bench::run_request(s, result);
}

/// Until it is cancelled.
asio::awaitable<void> show_progress(const bench::setting& s, std::uint64_t all, output& out) {
    using namespace std::chrono_literals;
    asio::steady_timer timer(co_await asio::this_coro::executor);
    auto began = std::chrono::steady_clock::now();
    for (;;) {
        timer.expires_after(100ms);
        co_await timer.async_wait(asio::deferred);
        const auto now = std::chrono::steady_clock::now();
        const std::uint64_t done = s.done();
        if (done == 0)
            began = now; // a subscriber waits for a publisher
        out.progress(
            progress_bar(done, all, std::chrono::duration<double>(now - began).count(), 40));
    }
}

} // namespace

asio::awaitable<int> bench(conats::connect_options options, const bench_settings& s, output& out,
                           interrupts& signals, asio::io_context& context) {
    using namespace asio::experimental::awaitable_operators;
    const bench::options wanted = measured(s);
    bench_result result = bench::describe(wanted);
    options.ignore_discovered_servers(true);
    bench::setting setting(wanted, context, options);
    for (std::uint64_t i = 0; i != s.clients; ++i)
        setting.clients.push_back(co_await open_connection(options));
    setting.on_ready = [&] {
        out.note("Waiting for " + count_text(s.msgs, "message") + " on " + in_quotes(s.subject));
    };
    // What it has begun cannot be cancelled one by one: it ends as a whole, without a result.
    signals.on_first([&] { context.stop(); });
    if (s.progress && out.shows_progress()) {
        const std::uint64_t all = s.kind == "sub" ? s.msgs * s.clients : s.msgs;
        co_await (run_scenario(setting, result) || show_progress(setting, all, out));
    } else {
        co_await run_scenario(setting, result);
    }
    out.progress({});
    for (const conats::client& nc : setting.clients)
        co_await nc.close();
    if (s.json)
        bench_print(&result);
    else
        out.print(bench_table(s, result));
    out.flush();
    co_return done;
}

} // namespace tool
