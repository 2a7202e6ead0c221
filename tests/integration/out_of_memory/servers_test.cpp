// SPDX-License-Identifier: Apache-2.0
// Every allocation fails once: on an encrypted stream, and for what servers say of each other.
#include "integration/out_of_memory/test_bench.hpp"
#include "integration/tls_fixture.hpp"
#include "support/catch.hpp"
#include "support/info_builder.hpp"
#include "support/sniffing_proxy.hpp"
#include "support/timing.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/array.hpp>

#include <stdexcept>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

const tls_files& files() {
    static const tls_files one;
    return one;
}

asio::awaitable<void> connects_with_tls(scene& s) {
    return connect_armed(s, with_tls(s.url, files().trusting()));
}

/// A server with two addresses, so that a client may move from one to the other. What is said at
/// the first is not the server's word.
struct two_addresses {
    nats_server server;
    sniffing_proxy first{server.host(), server.port()};

    [[nodiscard]] std::string urls() const { return first.url() + "," + server.url(); }
};

two_addresses& addresses() {
    static two_addresses one;
    return one;
}

asio::awaitable<void> learns_of_servers(scene& s) {
    addresses().first.clear();
    boost::json::array urls;
    for (const char* url : {"127.0.0.1:1", "127.0.0.1:2", "[::1]:3"})
        urls.emplace_back(url);
    const std::string info = info_builder().set("connect_urls", urls).line();
    addresses().first.say(info);
    s.arm();
    co_await s.client.flush(s.patience); // what is said comes before the PONG
    if (failed_allocations() == 0 && s.client.servers().size() != 5)
        throw std::logic_error("the servers were not discovered");
}

asio::awaitable<void> moves(scene& s) {
    addresses().first.clear();
    const std::string info = info_builder().lame_duck(true).line();
    asio::steady_timer pause(s.context);
    addresses().first.say(info);
    s.arm();
    const deadline end(5s);
    const deadline end_without_memory(50ms); // it may stay then, until the server closes
    while (s.client.statistics().reconnects == 0 && s.client.status() != conats::status::closed &&
           !(failed_allocations() != 0 ? end_without_memory : end).passed()) {
        pause.expires_after(1ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
    if (failed_allocations() == 0 && s.client.statistics().reconnects == 0)
        throw std::logic_error("the client has not moved");
}

} // namespace

TEST_CASE("S134 connecting over TLS where memory fails") {
    static nats_server server(files().config());
    fail_everywhere(server.url(), connects_with_tls, trial(200, 50).connects());
}

TEST_CASE("S134 learning of other servers where memory fails") {
    fail_everywhere(addresses().urls(), learns_of_servers, trial(30, 20));
}

TEST_CASE("S134 moving to another server where memory fails") {
    fail_everywhere(addresses().urls(), moves, trial(100, 45));
}
