// SPDX-License-Identifier: Apache-2.0
// The unit test of the service: no nats-server, no port but for the spoilt network, and two minutes
// that take no time.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
#endif

#include "service.hpp"

#include <conats/conats.hpp>
#include <conats/testing/broker.hpp>
#include <conats/testing/fault_proxy.hpp>
#include <conats/testing/manual_clock.hpp>
#include <conats/testing/scripted_peer.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <string>
#include <string_view>

namespace asio = boost::asio;
namespace testing = conats::testing;
using namespace asio::experimental::awaitable_operators;
using namespace std::chrono_literals;

namespace {

/// What a request is answered with: the payload, or the number of an error.
asio::awaitable<std::string> ask(conats::client nc, std::string subject, std::string payload) {
    conats::error e;
    const conats::message reply = co_await nc.request(subject, payload, 5s, e);
    if (e)
        co_return std::string(to_string(static_cast<conats::errc>(e.code().value())));
    if (const auto code = reply.headers().get("Nats-Service-Error-Code"))
        co_return std::string(*code);
    co_return std::string(reply.text());
}

/// Runs a test on a clock of its own; it may take ten minutes of that.
void run_by_clock(asio::io_context& context, testing::manual_clock& clock,
                  asio::awaitable<void> test) {
    bool done = false;
    std::exception_ptr failure;
    asio::co_spawn(context, std::move(test), [&](const std::exception_ptr& thrown) {
        done = true;
        failure = thrown;
    });
    const bool in_time = clock.run_until([&] { return done; }, 10min);
    if (failure)
        std::rethrow_exception(failure);
    REQUIRE(in_time);
}

seats::time_source time_of(const testing::manual_clock& clock) {
    const auto now = [&clock] { return clock.now(); };
    return seats::time_source(now, testing::manual_clock::sleep_for);
}

asio::awaitable<void> sells_seats(testing::broker& broker, seats::time_source time) {
    auto nc = co_await conats::connect(broker.connect_options());
    seats::seat_service service(nc, 10, time);
    std::string answer = co_await ask(nc, "seats.hold.3", "Ann");
    CHECK(answer == "held");
    answer = co_await ask(nc, "seats.hold.3", "Bob");
    CHECK(answer == "409");
    answer = co_await ask(nc, "seats.confirm.3", "Bob");
    CHECK(answer == "410");
    answer = co_await ask(nc, "seats.confirm.3", "Ann");
    CHECK(answer == "sold");
    answer = co_await ask(nc, "seats.hold.3", "Ann");
    CHECK(answer == "409");
}

asio::awaitable<void> refuses_nonsense(testing::broker& broker, seats::time_source time) {
    auto nc = co_await conats::connect(broker.connect_options());
    seats::seat_service service(nc, 10, time);
    for (const char* const number : {"0", "11", "3x", "-1", "99999999999999999999"}) {
        const std::string answer = co_await ask(nc, std::string("seats.hold.") + number, "Ann");
        CHECK(answer == "404");
    }
    const std::string nameless = co_await ask(nc, "seats.hold.1", "");
    CHECK(nameless == "400");
    const std::string not_held = co_await ask(nc, "seats.confirm.1", "Ann");
    CHECK(not_held == "410");
}

asio::awaitable<void> releases_in_time(testing::broker& broker, seats::time_source time) {
    auto nc = co_await conats::connect(broker.connect_options());
    seats::seat_service service(nc, 10, time);
    auto released = co_await nc.subscribe("seats.released");
    const auto begin = time.now();
    std::string answer = co_await ask(nc, "seats.hold.1", "Ann");
    answer = co_await ask(nc, "seats.hold.2", "Ann");
    answer = co_await ask(nc, "seats.confirm.2", "Ann");
    const auto rest = [&]() -> asio::awaitable<void> {
        co_await time.sleep(119s);
        answer = co_await ask(nc, "seats.hold.1", "Bob");
        CHECK(answer == "409"); // it is still held
        const auto told = co_await released.next(10s);
        REQUIRE(told);
        CHECK(told->text() == "1");
        CHECK(time.now() - begin < 122s);
        answer = co_await ask(nc, "seats.confirm.1", "Ann");
        CHECK(answer == "410"); // too late
        answer = co_await ask(nc, "seats.hold.1", "Bob");
        CHECK(answer == "held");
        co_await time.sleep(10s);
        CHECK_FALSE(released.try_next()); // what is sold stays sold
    };
    co_await (service.run() || rest());
}

using test_body = std::function<asio::awaitable<void>(testing::broker&, seats::time_source)>;

void on_broker(const test_body& test) {
    asio::io_context context;
    testing::manual_clock clock(context);
    testing::broker broker;
    run_by_clock(context, clock, test(broker, time_of(clock)));
}

} // namespace

TEST_CASE("A seat is held, sold, and not sold twice") {
    on_broker(sells_seats);
}

TEST_CASE("What is no seat or no customer is refused") {
    on_broker(refuses_nonsense);
}

TEST_CASE("A seat is free again after two minutes") {
    const auto begin = std::chrono::steady_clock::now();
    on_broker(releases_in_time);
    CHECK(std::chrono::steady_clock::now() - begin < 60s); // which were not waited for
}

// The server fails at each step of starting the service: its host gets an error, and does not hang.
TEST_CASE("A server that misbehaves is an error") {
    const auto normal = testing::script()
                            .handshake()
                            .expect_line("SUB seats.hold.* ")
                            .expect_line("SUB seats.confirm.* ")
                            .serve();
    int failed = 0;
    testing::for_each_failure(normal, [&](const testing::script& variant, const std::string& what) {
        INFO(what);
        asio::io_context context;
        testing::manual_clock clock(context);
        testing::scripted_peer peer(variant);
        const auto start = [&]() -> asio::awaitable<void> {
            conats::connect_options options = peer.connect_options();
            options.max_reconnects(0);
            try {
                auto nc = co_await conats::connect(options);
                const seats::seat_service service(nc, 10, time_of(clock));
                co_await service.ready();
            } catch (const conats::system_error&) {
                ++failed;
            }
        };
        run_by_clock(context, clock, start());
        CHECK(peer.result() == "ok");
    });
    CHECK(failed == 3 * static_cast<int>(normal.steps()));
}

namespace {

/// By the system's clock, which a real network has.
asio::awaitable<bool> wait_until(std::function<bool()> holds) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer pause(executor);
    for (int i = 0; i != 2000 && !holds(); ++i) {
        pause.expires_after(5ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
    co_return holds();
}

/// Asks again while the service is away.
asio::awaitable<std::string> ask_until_answered(conats::client nc, std::string subject,
                                                std::string payload) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer pause(executor);
    for (int i = 0; i != 2000; ++i) {
        std::string answer = co_await ask(nc, subject, payload);
        if (answer != "no_responders")
            co_return answer;
        pause.expires_after(5ms);
        co_await pause.async_wait(asio::use_awaitable);
    }
    co_return "never answered";
}

asio::awaitable<void> outlives_a_bad_network() {
    const auto executor = co_await asio::this_coro::executor;
    testing::broker broker;
    testing::fault_proxy network(executor, "127.0.0.1", broker.listen(executor));
    conats::connect_options options = broker.connect_options();
    options.transport(conats::transport()).servers(network.url()).reconnect_wait(5ms);
    options.reconnect_jitter(0ms).max_reconnects(-1);
    auto nc = co_await conats::connect(options);
    seats::seat_service service(nc, 100, seats::system_time());
    co_await service.ready();
    auto customer = co_await conats::connect(broker.connect_options());

    // The service's connection is reset, and the next one at another byte each time.
    unsigned seat = 0;
    for (unsigned bytes = 1; bytes < 200; bytes += 13) {
        const auto before = network.statistics().closed_by_faults;
        network.to_server(testing::faults().reset_after(bytes));
        network.reset_all();
        const auto both = [&] { return network.statistics().closed_by_faults >= before + 2; };
        const bool reset = co_await wait_until(both);
        INFO("reset after " << bytes << " bytes");
        CHECK(reset);
        network.pass();
        const std::string number = std::to_string(++seat);
        std::string answer = co_await ask_until_answered(customer, "seats.hold." + number, "Ann");
        CHECK(answer == "held");
        answer = co_await ask_until_answered(customer, "seats.hold.1", "Bob");
        CHECK(answer == "409"); // what was held before is not forgotten
    }
    const std::string first = co_await ask_until_answered(customer, "seats.confirm.1", "Ann");
    CHECK(first == "sold");
    CHECK(nc.statistics().reconnects >= seat);
    co_await customer.close();
    co_await nc.close();
}

} // namespace

TEST_CASE("Seats outlive a network that fails") {
    asio::io_context context;
    std::exception_ptr failure;
    asio::co_spawn(context, outlives_a_bad_network(),
                   [&](const std::exception_ptr& thrown) { failure = thrown; });
    context.run_for(60s);
    if (failure)
        std::rethrow_exception(failure);
    CHECK(context.stopped());
}
