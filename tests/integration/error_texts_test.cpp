// SPDX-License-Identifier: Apache-2.0
// Errors as those read them who did not write the program: with the subject, the limit and what it
// is.
#include "support/catch.hpp"
#include "support/nats_server.hpp"
#include "support/run.hpp"
#include "support/scripted_peer.hpp"

#include <conats/conats.hpp>

#include <chrono>
#include <string>

using namespace conats::test;
using namespace std::chrono_literals;

TEST_CASE("Texts: what came too late says what and within which time") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto own =
            co_await conats::connect(conats::connect_options(server.url()).unique_inboxes(true));
        auto silent = co_await nc.subscribe("silent");
        co_await nc.flush();
        conats::error e;
        co_await nc.request("silent", "", 20ms, e);
        CHECK(e.what() == "timeout: no reply within 20 ms [silent]");
        co_await own.request("silent", "", 20ms, e);
        CHECK(e.what() == "timeout: no reply within 20 ms [silent]");
        auto nothing = co_await nc.subscribe("nothing");
        co_await nothing.next(1500us, e);
        CHECK(e.what() == "timeout: no message within 1500 us [nothing]");
        co_await nc.barrier(20ms, e); // what `silent` got is not taken
        CHECK(e.what() == "timeout: its messages are not handled within 20 ms [silent]");
    });
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        s.wait_for_test();
    });
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(peer.url());
        o.drain_timeout(20ms).close_timeout(20ms);
        auto nc = co_await conats::connect(o);
        conats::error e;
        co_await nc.flush(20ms, e);
        CHECK(e.what() == "timeout: no PONG within 20 ms");
        auto sub = co_await nc.subscribe("orders");
        co_await sub.drain(e);
        CHECK(e.what() == "timeout: draining took longer than the drain timeout of 20 ms [orders]");
        peer.proceed();
    });
}

TEST_CASE("Texts: a timeout that cannot be is named with the call and its value") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        conats::error e;
        co_await nc.request("a", "", 0s, e);
        CHECK(e.what() == "invalid_argument: request: the timeout is 0 s and has to be above zero");
        co_await nc.flush(-5ms, e);
        CHECK(e.what() == "invalid_argument: flush: the timeout is -5 ms and has to be above zero");
        co_await nc.barrier(0s, e);
        CHECK(e.what() == "invalid_argument: barrier: the timeout is 0 s and has to be above zero");
        auto replies = nc.request_many("orders", "", conats::request_many_options().timeout(0s));
        CHECK(
            replies.failure().what() ==
            "invalid_argument: request_many: the timeout is 0 s and has to be above zero [orders]");
    });
}

TEST_CASE("Texts: an empty handle says how it came to be so") {
    run([]() -> asio::awaitable<void> {
        conats::error e;
        co_await conats::client().flush(1s, e);
        CHECK(e.what() == "closed: the handle is empty: made by default, or moved from");
        conats::subscription none;
        co_await none.next(1s, e);
        CHECK(e.what() == "closed: the subscription is empty: made by default, or moved from");
    });
}

TEST_CASE("Texts: what a server does not take is named with its subject") {
    scripted_peer peer([](peer_session& s) {
        s.info().headers(false);
        s.handshake();
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        conats::headers headers;
        headers.add("a", "b");
        conats::publish_options with;
        with.headers(headers);
        CHECK(nc.try_publish("orders", "", with).what() ==
              "headers_not_supported: the message has headers, and the server does not support "
              "them [orders]");
    });
}
