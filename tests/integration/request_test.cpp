// SPDX-License-Identifier: Apache-2.0
// Requests: what they leave behind, how they end, and that no reply goes astray.
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>

#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;

namespace {

conats::connect_options named(const nats_server& server, std::string_view name) {
    conats::connect_options o(server.url());
    o.name(name);
    return o;
}

void echo(const conats::message& m) {
    m.try_respond(m.text());
}

/// The code a request ends with.
asio::awaitable<conats::error_code> outcome(conats::client nc, std::string subject,
                                            conats::request_options options) {
    conats::error e;
    auto reply = co_await nc.request(subject, "", options, e);
    co_return e.code();
}

} // namespace

TEST_CASE("D01 100 000 requests need one subscription, and leave none pending") {
    nats_server server;
    run(
        [&]() -> asio::awaitable<void> {
            auto executor = co_await asio::this_coro::executor;
            auto nc = co_await conats::connect(named(server, "requester"));
            auto other = co_await conats::connect(server.url());
            auto service = other.on("echo", echo);
            co_await other.flush();
            constexpr int workers = 50;
            constexpr int each = sanitized ? 200 : 2000;
            int wrong = 0;
            int ended = 0;
            const auto work = [&](int id) -> asio::awaitable<void> {
                for (int i = 0; i != each; ++i) {
                    const std::string text = std::to_string(id * each + i);
                    auto reply = co_await nc.request("echo", text, scaled(10s));
                    wrong += reply.text() == text ? 0 : 1;
                }
                ++ended;
            };
            for (int id = 0; id != workers; ++id)
                asio::co_spawn(executor, work(id), asio::detached);
            const bool all = co_await async_eventually([&] { return ended == workers; }, 50s);
            CHECK(all);
            CHECK(wrong == 0);
            CHECK(server.monitor().subscriptions("requester") == 1);
            CHECK(nc.statistics().subscriptions == 1);
            CHECK(nc.statistics().pending_requests == 0);
            const auto subjects = server.monitor().subjects("requester");
            CHECK(subjects.front().starts_with("_INBOX."));
            CHECK(subjects.front().size() == std::string("_INBOX.").size() + 22 + 2);
        },
        60s);
}

TEST_CASE("D01 P2.40 requests that time out, or are dropped, are forgotten") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(named(server, "requester"));
        auto other = co_await conats::connect(server.url());
        auto silent = co_await other.subscribe("silent");
        co_await other.flush();
        constexpr std::size_t count = 10'000;
        std::deque<asio::awaitable<conats::message>> pending;
        std::vector<conats::error> errors(count);
        for (std::size_t i = 0; i != count; ++i)
            pending.push_back(nc.request("silent", "x", 20ms, errors[i]));
        CHECK(nc.statistics().pending_requests == count);
        for (; !pending.empty(); pending.pop_front())
            auto reply = co_await std::move(pending.front());
        for (const auto& e : errors)
            if (e.code() != errc::timeout)
                FAIL(e.what());
        CHECK(nc.statistics().pending_requests == 0);
        for (std::size_t i = 0; i != count; ++i)
            pending.push_back(nc.request("silent", "x", 10s));
        CHECK(nc.statistics().pending_requests == count);
        pending.clear();
        CHECK(nc.statistics().pending_requests == 0);
        CHECK(server.monitor().subscriptions("requester") == 1);
    });
}

TEST_CASE("D06 half of 10 000 requests cancelled: no leak, every reply where it belongs") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(server.url());
        auto events = nc.events();
        auto other = co_await conats::connect(server.url());
        auto requests = co_await other.subscribe("late");
        co_await other.flush();
        constexpr std::size_t count = 10'000;
        std::deque<asio::cancellation_signal> signals(count);
        std::size_t right = 0;
        std::size_t aborted = 0;
        std::size_t ended = 0;
        const auto ask = [&](std::size_t i) -> asio::awaitable<void> {
            auto reply = co_await nc.request("late", std::to_string(i), scaled(15s));
            right += reply.text() == std::to_string(i) && i % 2 == 0 ? 1 : 0;
        };
        const auto on_end = [&](const std::exception_ptr& failure) {
            ++ended;
            try {
                if (failure)
                    std::rethrow_exception(failure);
            } catch (const boost::system::system_error& e) {
                aborted += e.code() == asio::error::operation_aborted ? 1 : 0;
            }
        };
        for (std::size_t i = 0; i != count; ++i)
            asio::co_spawn(executor, ask(i),
                           asio::bind_cancellation_slot(signals[i].slot(), on_end));
        co_await nc.flush();
        CHECK(nc.statistics().pending_requests == count);
        for (std::size_t i = 1; i < count; i += 2)
            signals[i].emit(asio::cancellation_type::terminal);
        const bool half = co_await async_eventually([&] { return ended == count / 2; });
        CHECK(half);
        CHECK(nc.statistics().pending_requests == count / 2);
        for (std::size_t i = 0; i != count; ++i) { // late for each second one
            auto m = co_await requests.next(5s);
            co_await m->respond(m->text());
        }
        const bool all = co_await async_eventually([&] { return ended == count; });
        CHECK(all);
        CHECK(aborted == count / 2);
        CHECK(right == count / 2);
        CHECK(nc.statistics().pending_requests == 0);
        CHECK(take_events(events).size() == 1);
    });
}

TEST_CASE("D06 P2.40 a late reply is no reply to the next request") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto other = co_await conats::connect(server.url());
        auto requests = co_await other.subscribe("r");
        co_await other.flush();
        std::set<std::string> inboxes;
        for (int round = 0; round != 50; ++round) {
            conats::error e;
            auto none = co_await nc.request("r", "first", 1ms, e);
            CHECK(e.code() == errc::timeout);
            auto first = co_await requests.next(5s);
            auto second_reply = nc.request("r", "second", scaled(5s));
            auto second = co_await requests.next(5s);
            CHECK(second->text() == "second");
            co_await first->respond("late");
            co_await second->respond("right");
            co_await second->respond("one too many");
            auto reply = co_await std::move(second_reply);
            CHECK(reply.text() == "right");
            inboxes.emplace(first->reply());
            inboxes.emplace(second->reply());
        }
        CHECK(inboxes.size() == 100);
        CHECK(nc.statistics().pending_requests == 0);
    });
}

TEST_CASE("D02 D03 D05 own inboxes are gone with their requests, however those end") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto options = named(server, "requester");
        options.unique_inboxes(true);
        auto nc = co_await conats::connect(options);
        auto other = co_await conats::connect(server.url());
        auto service = other.on("echo", echo);
        auto silent = co_await other.subscribe("silent");
        co_await other.flush();
        for (int i = 0; i != 200; ++i) {
            auto reply = co_await nc.request("echo", std::to_string(i));
            CHECK(reply.text() == std::to_string(i));
        }
        auto code = co_await outcome(nc, "nobody", 5s);
        CHECK(code == errc::no_responders);
        code = co_await outcome(nc, "silent", 10ms);
        CHECK(code == errc::timeout);
        asio::cancellation_signal signal;
        bool cancelled = false;
        const auto on_end = [&](const std::exception_ptr& e) { cancelled = e != nullptr; };
        const auto ask = [&]() -> asio::awaitable<void> {
            auto reply = co_await nc.request("silent", "", 10s);
        };
        asio::co_spawn(executor, ask(), asio::bind_cancellation_slot(signal.slot(), on_end));
        co_await nc.flush();
        CHECK(server.monitor().subscriptions("requester") == 1);
        signal.emit(asio::cancellation_type::terminal);
        const bool ended = co_await async_eventually([&] { return cancelled; });
        CHECK(ended);
        { auto dropped = nc.request("silent", "", 10s); }
        co_await nc.flush();
        CHECK(server.monitor().subscriptions("requester") == 0);
        CHECK(nc.statistics().subscriptions == 0);
    });
}

TEST_CASE("D05 replies to own inboxes may come before anybody waits for them") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto options = named(server, "requester");
        options.unique_inboxes(true);
        auto nc = co_await conats::connect(options);
        auto service = nc.on("echo", echo);
        auto first = nc.request("echo", "1");
        auto second = nc.request("echo", "2");
        auto third = nc.request("nobody", "");
        co_await nc.flush();
        co_await nc.flush(); // behind the replies of the handler
        auto reply = co_await std::move(second);
        CHECK(reply.text() == "2");
        reply = co_await std::move(first);
        CHECK(reply.text() == "1");
        conats::error e;
        try {
            reply = co_await std::move(third);
        } catch (const conats::system_error& failure) {
            e = failure.details();
        }
        CHECK(e == errc::no_responders);
        CHECK(e.was_written());
    });
}

TEST_CASE("D03 S87 nobody there: an error at once") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto code = co_await outcome(nc, "nobody", 5s); // the inbox is there now
        const auto begin = std::chrono::steady_clock::now();
        code = co_await outcome(nc, "nobody", 5s);
        CHECK(std::chrono::steady_clock::now() - begin < scaled(20ms));
        CHECK(code == errc::no_responders);
        CHECK(code == conats::condition::no_responders);
        CHECK(nc.statistics().pending_requests == 0);
        // What the server sends for it.
        const std::string inbox = nc.new_inbox();
        auto sub = co_await nc.subscribe(inbox);
        conats::publish_options o;
        o.reply(inbox);
        co_await nc.publish("nobody", "", o);
        auto m = co_await sub.next(5s);
        CHECK(m->status().code == 503);
        CHECK(m->payload().empty());
        const auto subject = m->headers().get("Nats-Subject");
        CHECK(subject.has_value() == (server.version() >= server_version(2, 12)));
        CHECK(subject.value_or("nobody") == "nobody");
    });
}

TEST_CASE("D03 P2.34 S87 a 503 without payload is no responders, one with payload is a reply") {
    const std::vector<std::string> blocks = {"NATS/1.0 503\r\n\r\n",
                                             "NATS/1.0 503 No Responders\r\n\r\n",
                                             "NATS/1.0 503\r\nNats-Subject: r\r\n\r\n",
                                             "NATS/1.0 503 Busy\r\n\r\n", "NATS/1.0 404\r\n\r\n"};
    scripted_peer peer([&](peer_session& s) {
        s.handshake();
        const std::string sid = s.expect_subscribe().back();
        for (std::size_t i = 0; i != blocks.size(); ++i) {
            const std::string to = s.expect_publish().reply + " " + sid;
            s.send(raw_headers("HMSG", to, blocks[i], i == 3 ? "body" : ""));
        }
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        for (int i = 0; i != 3; ++i) {
            const auto code = co_await outcome(nc, "r", 5s);
            CHECK(code == errc::no_responders);
        }
        auto busy = co_await nc.request("r", "", 5s);
        CHECK(busy.status().code == 503);
        CHECK(busy.status().description == "Busy");
        CHECK(busy.text() == "body");
        auto none = co_await nc.request("r", "", 5s);
        CHECK(none.status().code == 404);
        CHECK(peer.result() == "ok");
    });
}

TEST_CASE("D05 S88 a silent responder: timeout at the time given; 5 s by default; positive only") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto options = named(server, "requester");
        CHECK(options.request_timeout() == 5s);
        options.request_timeout(60ms);
        auto nc = co_await conats::connect(options);
        auto silent = co_await nc.subscribe("silent");
        for (const auto timeout : std::vector<std::chrono::milliseconds>(3, 40ms)) {
            const auto begin = std::chrono::steady_clock::now();
            const auto code = co_await outcome(nc, "silent", timeout);
            CHECK(code == errc::timeout);
            CHECK(code == conats::condition::timeout);
            CHECK(std::chrono::steady_clock::now() - begin >= timeout);
            CHECK(std::chrono::steady_clock::now() - begin < timeout + scaled(1s));
        }
        const auto begin = std::chrono::steady_clock::now();
        auto code = co_await outcome(nc, "silent", conats::request_options());
        CHECK(code == errc::timeout);
        CHECK(std::chrono::steady_clock::now() - begin >= 60ms);
        CHECK(std::chrono::steady_clock::now() - begin < 60ms + scaled(1s));
        const auto sent = nc.statistics().out_messages;
        code = co_await outcome(nc, "silent", 0ms);
        CHECK(code == errc::invalid_argument);
        code = co_await outcome(nc, "silent", -1ms);
        CHECK(code == errc::invalid_argument);
        CHECK(nc.statistics().out_messages == sent);
        options.request_timeout(0s);
        conats::error e;
        auto refused = co_await conats::connect(options, e);
        CHECK(e.code() == errc::invalid_options);
    });
}

TEST_CASE("D07 D09 headers on request and reply") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        const auto answer = [](const conats::message& m) {
            conats::publish_options o;
            o.headers(m.headers());
            m.try_respond(m.text(), o);
        };
        auto service = nc.on("echo", answer);
        conats::request_options o(5s);
        o.headers(conats::headers().add("A", "1").add("a", "2").add("A", ""));
        auto reply = co_await nc.request("echo", "body", o);
        CHECK(reply.text() == "body");
        CHECK(reply.headers().lines() == o.headers().view().lines());
        CHECK(reply.headers().size() == 3);
        auto plain = co_await nc.request("echo", "x", 5s);
        CHECK(plain.headers().empty());
        conats::error e;
        co_await plain.respond("", e);
        CHECK(e.code() == errc::no_reply_subject);
    });
}

TEST_CASE("D13 a pull delivers on the stream's subject to an inbox of its own") {
    server_options options;
    options.jetstream();
    nats_server server(options);
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        auto reply = co_await nc.request("$JS.API.STREAM.CREATE.S",
                                         R"({"name":"S","subjects":["js.>"],"storage":"memory"})");
        INFO(reply.text());
        CHECK(reply.text().find("\"error\"") == std::string_view::npos);
        reply = co_await nc.request("$JS.API.CONSUMER.DURABLE.CREATE.S.C",
                                    R"({"stream_name":"S","config":{"durable_name":"C",)"
                                    R"("ack_policy":"explicit"}})");
        CHECK(reply.text().find("\"error\"") == std::string_view::npos);
        for (int i = 0; i != 3; ++i) {
            reply = co_await nc.request("js." + std::to_string(i), std::to_string(i));
            CHECK(reply.text().find("\"stream\":\"S\"") != std::string_view::npos);
        }
        const std::string inbox = nc.new_inbox();
        auto sub = co_await nc.subscribe(inbox);
        conats::publish_options pull;
        pull.reply(inbox);
        co_await nc.publish("$JS.API.CONSUMER.MSG.NEXT.S.C", R"({"batch":4,"no_wait":true})", pull);
        for (int i = 0; i != 3; ++i) {
            auto m = co_await sub.next(5s);
            CHECK(m->subject() == "js." + std::to_string(i));
            CHECK(m->text() == std::to_string(i));
            CHECK(m->reply().starts_with("$JS.ACK.S.C."));
            co_await m->respond("+ACK");
        }
        auto end = co_await sub.next(5s);
        CHECK(end->subject() == inbox);
        CHECK((end->status().code == 404 || end->status().code == 408));
    });
}
