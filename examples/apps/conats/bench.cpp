// SPDX-License-Identifier: Apache-2.0
#include "bench_text.hpp"
#include "exit_code.hpp"
#include "interrupts.hpp"
#include "scenarios/scenarios.hpp"
#include "scenarios/together.hpp"
#include "session.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <conats/event.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <exception>
#include <utility>
#include <vector>

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

/// Measures and closes the connections; a fault is the setting's.
asio::awaitable<void> measure(bench::setting& s, bench_result& result, ending& end) {
    try {
        co_await run_scenario(s, result);
    } catch (...) {
        s.fail(std::current_exception());
    }
    end.reach(done);
    for (const conats::client& nc : s.clients)
        co_await nc.close();
}

/// Until the connection is closed. What the server refuses, and a connection that is lost, have the
/// scenario fail: it might wait for what never comes.
asio::awaitable<void> look_after(conats::event_stream events, bench::setting& s, const ending& end,
                                 output& out) {
    while (const auto e = co_await events.next()) {
        if (is_refusal(*e))
            s.fail(std::make_exception_ptr(failure(failed, advise(e->what()))));
        else if (e->kind() != conats::event_kind::status_changed)
            tell(*e, out);
        else if (const auto why = fault_of_closing(*e); why && !end.reached())
            s.fail(why);
    }
}

asio::awaitable<void> show_progress(const bench::setting& s, std::uint64_t all, ending& end,
                                    output& out) {
    using namespace std::chrono_literals;
    auto now = std::chrono::steady_clock::now();
    auto began = now;
    const auto soon = [&now] { return now + 100ms; };
    for (;;) {
        const auto ended = co_await end.wait(soon);
        if (ended)
            break;
        now = std::chrono::steady_clock::now();
        const std::uint64_t done = s.done();
        if (done == 0)
            began = now; // a subscriber waits for a publisher
        out.progress(
            progress_bar(done, all, std::chrono::duration<double>(now - began).count(), 40));
    }
    out.progress({});
}

} // namespace

asio::awaitable<int> bench(conats::connect_options options, const bench_settings& s, output& out,
                           interrupts& signals, asio::io_context& context) {
    const auto executor = co_await asio::this_coro::executor;
    const bench::options wanted = measured(s);
    bench_result result = bench::describe(wanted);
    options.ignore_discovered_servers(true).max_reconnects(0);
    bench::setting setting(wanted, context, options);
    for (std::uint64_t i = 0; i != s.clients; ++i)
        setting.clients.push_back(co_await open_connection(options));
    setting.on_ready = [&] {
        out.note("Waiting for " + count_text(s.msgs, "message") + " on " + in_quotes(s.subject));
    };
    signals.on_first([&setting] {
        const boost::system::error_code interrupted = asio::error::operation_aborted;
        setting.fail(std::make_exception_ptr(boost::system::system_error(interrupted)));
    });
    ending end(executor);
    std::vector<bench::work> works;
    works.push_back({executor, measure(setting, result, end)});
    for (const conats::client& nc : setting.clients)
        works.push_back({executor, look_after(nc.events(), setting, end, out)});
    const std::uint64_t all = s.kind == "sub" ? s.msgs * s.clients : s.msgs;
    if (s.progress && out.shows_progress())
        works.push_back({executor, show_progress(setting, all, end, out)});
    co_await bench::together(setting, std::move(works));
    if (s.json)
        bench_print(&result);
    else
        out.print(bench_table(s, result));
    out.flush();
    co_return done;
}

} // namespace tool
