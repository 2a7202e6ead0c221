// SPDX-License-Identifier: Apache-2.0
// conats at work on a nats-server that demands a token; started by scripts/demo.
#include <conats/conats.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

struct server {
    std::string host;
    std::string token;
};

void title(std::string_view text) {
    std::cout << "\n== " << text << '\n';
}

/// Connects and tells how it went; true if it was as expected.
asio::awaitable<bool> try_connect(std::string_view what, conats::connect_options options,
                                  bool expected) {
    conats::error e;
    auto nc = co_await conats::connect(options, e);
    std::cout << "  " << what << ": ";
    if (e)
        std::cout << e << '\n';
    else
        std::cout << "connected to " << nc.connected_url() << '\n';
    co_return static_cast<bool>(nc) == expected;
}

asio::awaitable<bool> show_tokens(server s) {
    title("Connecting with a token");
    conats::connect_options by_option(s.host);
    by_option.token(s.token);
    bool ok = co_await try_connect("token as an option", by_option, true);
    conats::connect_options by_url("nats://" + s.token + "@" + s.host);
    ok &= co_await try_connect("token from the URL", by_url, true);
    conats::connect_options bare_url(s.token + "@" + s.host);
    ok &= co_await try_connect("the same without a scheme", bare_url, true);
    conats::connect_options option_wins("nats://wrong@" + s.host);
    option_wins.token(s.token);
    ok &= co_await try_connect("good option, wrong URL: the option wins", option_wins, true);
    conats::connect_options option_loses("nats://" + s.token + "@" + s.host);
    option_loses.token("wrong");
    ok &= co_await try_connect("wrong option, good URL: the option wins", option_loses, false);
    conats::connect_options none(s.host);
    ok &= co_await try_connect("no token", none, false);
    co_return ok;
}

asio::awaitable<bool> show_publishing(conats::client nc) {
    title("Publish and subscribe");
    auto sub = co_await nc.subscribe("greet.*");
    conats::publish_options with_headers;
    with_headers.headers(conats::headers().add("Lang", "en").add("Lang", "de"));
    co_await nc.publish("greet.joe", "hello", with_headers);
    auto m = co_await sub.next(2s);
    std::cout << "  greet.* got " << m->subject() << ": " << m->text();
    for (const auto& h : m->headers())
        std::cout << " [" << h.name << ": " << h.value << ']';
    std::cout << '\n';

    std::vector<int> counts(3);
    std::vector<conats::subscription> members;
    conats::subscribe_options group;
    group.queue_group("workers");
    for (int& count : counts)
        members.push_back(nc.on("jobs", [&count](const conats::message&) { ++count; }, group));
    for (int i = 0; i != 300; ++i)
        co_await nc.publish("jobs", std::to_string(i));
    co_await nc.flush();
    for (auto& member : members)
        co_await member.drain();
    std::cout << "  300 jobs for a queue group of 3: " << counts[0] << " + " << counts[1] << " + "
              << counts[2] << '\n';
    co_return m->text() == "hello" && counts[0] + counts[1] + counts[2] == 300;
}

asio::awaitable<bool> show_requests(conats::client nc) {
    title("Request and reply");
    auto answer = [](const conats::message& m) {
        m.try_respond("hello, " + std::string(m.text()));
    };
    auto service = nc.on("hello", answer);
    auto reply = co_await nc.request("hello", "joe", 2s);
    std::cout << "  with a responder: " << reply.text() << '\n';
    conats::error e;
    auto none = co_await nc.request("nobody", "joe", 2s, e);
    std::cout << "  without one: " << e << '\n';
    co_return reply.text() == "hello, joe" && e.code() == conats::errc::no_responders && !none;
}

asio::awaitable<void> show_throughput(conats::client nc) {
    title("Throughput, 16-byte payloads, publisher and subscriber on one connection");
    constexpr int count = 500'000;
    conats::subscribe_options unlimited;
    unlimited.pending_limits(0, 0);
    auto sub = co_await nc.subscribe("speed", unlimited);
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i != count; ++i)
        co_await nc.publish("speed", "0123456789abcdef");
    int got = 0;
    while (got != count) {
        co_await sub.next();
        ++got;
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    const auto rate = static_cast<long>(count / took.count());
    std::cout << "  " << rate << " messages/s published and received, measured just now with "
              << "nats-server " << nc.server_info().version << '\n';
}

asio::awaitable<bool> demo(server s) {
    bool ok = co_await show_tokens(s);
    conats::connect_options options(s.host);
    options.token(s.token).name("conats demo");
    auto nc = co_await conats::connect(options);
    ok &= co_await show_publishing(nc);
    ok &= co_await show_requests(nc);
    co_await show_throughput(nc);
    co_await nc.drain();
    co_return ok;
}

} // namespace

int main(int argc, char** argv) {
    const char* token = std::getenv("CONATS_DEMO_TOKEN");
    if (argc < 3 || std::string_view(argv[1]) != "--port" || token == nullptr) {
        std::cerr << "usage: CONATS_DEMO_TOKEN=… conats_demo --port <port>; see scripts/demo\n";
        return 2;
    }
    int status = 1;
    asio::io_context context(1);
    server s{"127.0.0.1:" + std::string(argv[2]), token};
    asio::co_spawn(context, demo(s), [&](const std::exception_ptr& failure, bool ok) {
        status = ok ? 0 : 1;
        try {
            if (failure)
                std::rethrow_exception(failure);
        } catch (const std::exception& e) {
            std::cerr << "the demo failed: " << e.what() << '\n';
            status = 1;
        }
    });
    context.run();
    std::cout << (status == 0 ? "\nAll as expected.\n" : "\nNot as expected.\n");
    return status;
}
