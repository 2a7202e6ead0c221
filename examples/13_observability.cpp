// SPDX-License-Identifier: Apache-2.0
// Looking inside: a log, how the connection came about, traces from one service to another, and
// counters as Prometheus reads them.
//
//     13_observability [URL]            both services in one program
//     13_observability URL stock        one of them, until SIGINT or SIGTERM
//     13_observability URL shop         the other
#include "13_tracing.hpp"

#include <conats/conats.hpp>
#include <conats/observability.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

conats::connect_options traced(const std::string& url, std::string name, tracing::tracer& t) {
    conats::connect_options o(url);
    o.name(name).record_latency(true);
    o.publish_hook(t.publish_hook()).delivery_hook(t.delivery_hook());
    o.log(conats::log_level::info,
          [name](const conats::log_record& r) { std::cout << name << ": " << r << '\n'; });
    return o;
}

// --- what the counters look like on a page for Prometheus

double seconds(std::chrono::nanoseconds t) {
    return std::chrono::duration<double>(t).count();
}

void write_metrics(std::ostream& os, const conats::client& nc) {
    const auto now = nc.statistics();
    const auto counter = [&](const char* name, const char* type, std::uint64_t value) {
        os << "# TYPE " << name << ' ' << type << '\n' << name << ' ' << value << '\n';
    };
    counter("messaging_client_published_messages_total", "counter", now.out_messages);
    counter("messaging_client_consumed_messages_total", "counter", now.in_messages);
    counter("nats_client_sent_bytes_total", "counter", now.out_bytes);
    counter("nats_client_received_bytes_total", "counter", now.in_bytes);
    counter("nats_client_reconnects_total", "counter", now.reconnects);
    counter("nats_client_messages_dropped_total", "counter", now.dropped_messages);
    counter("nats_client_active_subscriptions", "gauge", now.subscriptions);
    counter("nats_client_outbox_bytes", "gauge", now.outbox_bytes);
    const char* const duration = "messaging_client_operation_duration_seconds";
    const auto requests = nc.latency().requests;
    os << "# TYPE " << duration << " summary\n";
    for (const double q : {0.5, 0.95, 0.99})
        os << duration << "{messaging_operation_name=\"request\",quantile=\"" << q << "\"} "
           << seconds(requests.quantile(q)) << '\n';
    os << duration << "_sum{messaging_operation_name=\"request\"} "
       << seconds(requests.mean()) * static_cast<double>(requests.count()) << '\n';
    os << duration << "_count{messaging_operation_name=\"request\"} " << requests.count() << '\n';
}

// --- two services, in one program or two: nothing goes between them but messages

void check(bool holds, const std::string& what) {
    if (!holds)
        throw std::runtime_error("failed: " + what);
    std::cout << "ok: " << what << '\n';
}

/// Handles orders and knows prices.
asio::awaitable<conats::client> open_stock(std::string url, tracing::tracer& traces) {
    auto nc = co_await conats::connect(traced(url, "stock", traces));
    nc.on(
          "orders.*", [nc](const conats::message& m) { nc.try_publish("reserved", m.text()); },
          conats::subscribe_options().queue_group("stock"))
        .release();
    nc.on("price.*", [](const conats::message& m) { m.try_respond("42"); }).release();
    co_await nc.flush();
    conats::error e;
    auto none = co_await nc.request("nobody", "", 5s, e);
    co_return nc;
}

asio::awaitable<void> trade(std::string url, tracing::tracer& traces) {
    auto nc = co_await conats::connect(traced(url, "shop", traces));
    std::cout << "shop " << nc.last_attempt() << '\n';
    auto reserved = co_await nc.subscribe("reserved");

    co_await nc.publish("orders.new", "an apple");
    auto done = co_await reserved.next(5s);
    check(done && done->text() == "an apple", "the order is handled");
    auto price = co_await nc.request("price.apple", "");
    check(price.text() == "42", "the price is known");

    // A trace that is not recorded is not recorded anywhere.
    traces.sample = false;
    co_await nc.publish("orders.secret", "a pear");
    done = co_await reserved.next(5s);
    check(done && done->text() == "a pear", "the order without a trace is handled");
    const auto sent = tracing::context::parse(done->headers().get("traceparent").value_or(""));
    check(sent && !sent->sampled, "it says so to everybody");

    reserved.unsubscribe();
    write_metrics(std::cout, nc);
    co_await nc.close();
}

const tracing::span& find(const tracing::tracer& in, const std::string& name) {
    const auto& all = in.spans();
    const auto s =
        std::find_if(all.begin(), all.end(), [&](const auto& x) { return x.name == name; });
    if (s == all.end())
        throw std::runtime_error("no span " + name);
    return *s;
}

void print(const tracing::tracer& t) {
    for (const tracing::span& s : t.spans()) {
        std::cout << s.kind << ' ' << s.name;
        for (const auto& [name, value] : s.attributes)
            std::cout << ' ' << name << '=' << value;
        std::cout << " trace=" << s.own.trace_id << " span=" << s.own.span_id
                  << " parent=" << s.parent_id << '\n';
    }
}

void check_traces(const tracing::tracer& shop, const tracing::tracer& stock) {
    const auto& order = find(shop, "publish orders.new");
    const auto& handled = find(stock, "process orders.new");
    const auto& answer = find(stock, "publish reserved");
    const auto& seen = find(shop, "process reserved");
    check(order.parent_id.empty(), "the order begins a trace");
    check(handled.parent_id == order.own.span_id, "handling it is a child of that");
    check(answer.parent_id == handled.own.span_id, "what the handler publishes is its child");
    check(seen.parent_id == answer.own.span_id, "and so back to the shop");
    check(seen.own.trace_id == order.own.trace_id, "all in one trace");
    const auto& asked = find(shop, "request price.apple");
    check(find(stock, "process price.apple").parent_id == asked.own.span_id,
          "a request is the parent of its handling");
    check(asked.own.trace_id != order.own.trace_id, "and begins a trace of its own");
    check(asked.took > 0s, "it took some time");
    check(find(stock, "request nobody").attributes.contains("error.type"), "a failure is marked");
    const auto is_secret = [](const auto& s) { return s.name.find("secret") != std::string::npos; };
    check(std::none_of(shop.spans().begin(), shop.spans().end(), is_secret) &&
              std::none_of(stock.spans().begin(), stock.spans().end(), is_secret),
          "no span without sampling");
}

asio::awaitable<void> run_stock(std::string url, tracing::tracer& traces) {
    asio::signal_set signals(co_await asio::this_coro::executor, SIGINT, SIGTERM);
    auto stock = co_await open_stock(url, traces);
    std::cout << "the stock is open" << std::endl;
    co_await signals.async_wait(asio::use_awaitable);
    co_await stock.drain();
}

asio::awaitable<void> run_both(std::string url, tracing::tracer& shop, tracing::tracer& stock) {
    auto nc = co_await open_stock(url, stock);
    co_await trade(url, shop);
    co_await nc.drain();
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
        const std::string role = argc > 2 ? argv[2] : "both";
        tracing::tracer shop;
        tracing::tracer stock;
        asio::io_context context;
        if (role == "stock")
            asio::co_spawn(context, run_stock(server(argc, argv), stock), rethrow);
        else if (role == "shop")
            asio::co_spawn(context, trade(server(argc, argv), shop), rethrow);
        else
            asio::co_spawn(context, run_both(server(argc, argv), shop, stock), rethrow);
        context.run();
        print(shop);
        print(stock);
        if (role == "both")
            check_traces(shop, stock);
    } catch (const std::exception& e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
}
