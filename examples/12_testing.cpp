// SPDX-License-Identifier: Apache-2.0
// Testing a service without a server: conats::testing. No nats-server is needed to run this.
#include <conats/conats.hpp>
#include <conats/testing/broker.hpp>
#include <conats/testing/scripted_peer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

namespace asio = boost::asio;
namespace testing = conats::testing;
using namespace std::chrono_literals;

namespace {

// --- the service, as it stands in the program

// Answers with the price of an article, in cents, and tells the accounts of it.
class price_service {
public:
    explicit price_service(conats::client nc)
        : nc_(nc),
          service_(nc_.on("price.*", [nc](const conats::message& request) {
              if (request.subject() == "price.apple") {
                  request.try_respond("42");
                  nc.try_publish("accounts.asked", request.subject());
              } else {
                  request.try_respond("unknown");
              }
          })) {}

private:
    conats::client nc_;
    conats::subscription service_;
};

// --- its tests, in whatever framework

void check(bool holds, const std::string& what) {
    if (!holds)
        throw std::runtime_error("failed: " + what);
    std::cout << "ok: " << what << '\n';
}

// A broker in memory, a client of it, and a request: three lines.
asio::awaitable<void> it_knows_the_price() {
    testing::broker broker;
    auto nc = co_await conats::connect(broker.connect_options());
    const price_service service(nc);
    auto reply = co_await nc.request("price.apple", "", 1s);
    check(reply.text() == "42", "an apple has its price");
    auto other = co_await nc.request("price.moon", "", 1s);
    check(other.text() == "unknown", "the moon is not for sale");
}

// What the service publishes, and what becomes of it when nobody may.
asio::awaitable<void> it_tells_the_accounts() {
    testing::broker broker;
    std::string told;
    broker.on_publish([&told](const testing::broker_message& m) {
        if (m.subject == "accounts.asked")
            told = m.payload;
        return testing::broker_verdict::pass;
    });
    auto nc = co_await conats::connect(broker.connect_options());
    const price_service service(nc);
    co_await nc.request("price.apple", "", 1s);
    co_await nc.flush();
    check(told == "price.apple", "the accounts hear of it");
}

// A server that goes wrong at each step of the conversation in turn: the service's host must get
// an error, and not hang.
asio::awaitable<void> it_survives_any_failure() {
    const auto normal = testing::script().handshake().expect_line("SUB price.* ").serve();
    int survived = 0;
    for (std::size_t step = 0; step != normal.steps(); ++step) {
        testing::scripted_peer peer(normal.cut(step, testing::script_failure::reset));
        conats::error e;
        auto nc = co_await conats::connect(peer.connect_options(), e);
        if (nc)
            const price_service service(nc);
        survived += peer.result() == "ok" ? 1 : 0;
    }
    check(survived == 5, "a server may fail at each of 5 steps");
}

asio::awaitable<void> run() {
    co_await it_knows_the_price();
    co_await it_tells_the_accounts();
    co_await it_survives_any_failure();
}

void rethrow(const std::exception_ptr& thrown) {
    if (thrown)
        std::rethrow_exception(thrown);
}

} // namespace

int main() {
    try {
        asio::io_context context;
        asio::co_spawn(context, run(), rethrow);
        context.run();
    } catch (const std::exception& e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
}
