// SPDX-License-Identifier: Apache-2.0
// One request, many replies: how the gathering goes and ends.
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>

#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::end_of_replies;
using conats::errc;
using conats::request_many_options;
using clock_type = std::chrono::steady_clock;

namespace {

/// Long enough that nobody has to hurry.
const auto span = scaled(200ms);

/// Five services on one connection, and who asks on another.
struct five_responders {
    conats::client nc;
    conats::client other;
    std::vector<conats::subscription> services;

    asio::awaitable<void> start(const nats_server& server) {
        conats::connect_options named(server.url());
        named.name("requester");
        nc = co_await conats::connect(named);
        other = co_await conats::connect(server.url());
        for (int i = 0; i != 5; ++i) {
            const std::string name = "service " + std::to_string(i);
            services.push_back(other.on("who", [name](const conats::message& m) {
                conats::publish_options o;
                o.headers(conats::headers(m.headers()));
                m.try_respond(name, o);
            }));
        }
        co_await other.flush();
    }
};

/// Takes all replies.
asio::awaitable<std::vector<conats::message>> all_replies(conats::reply_stream& replies) {
    std::vector<conats::message> all;
    while (auto m = co_await replies.next())
        all.push_back(*m);
    co_return all;
}

/// Nothing of the gathering is left, here or at the server.
asio::awaitable<void> check_gone(conats::client nc, const nats_server& server) {
    co_await nc.flush();
    CHECK(nc.statistics().subscriptions == 0);
    CHECK(server.monitor().subscriptions("requester") == 0);
}

} // namespace

TEST_CASE("D10, P2.45 five replies, then the whole timeout") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        five_responders r;
        co_await r.start(server);
        const auto begin = clock_type::now();
        auto replies = r.nc.request_many("who", "", span);
        CHECK(replies.end_reason() == end_of_replies::none);
        auto all = co_await all_replies(replies);
        CHECK(clock_type::now() - begin >= span - 1ms);
        std::set<std::string> names;
        for (const auto& m : all)
            names.emplace(m.text());
        CHECK(names.size() == 5);
        CHECK(all.size() == 5);
        CHECK(replies.end_reason() == end_of_replies::timeout);
        CHECK_FALSE(replies.failure());
        CHECK(replies.status().code == 0);
        auto none = co_await replies.next(); // as often as one likes
        CHECK_FALSE(none);
        co_await check_gone(r.nc, server);
    });
}

TEST_CASE("D10 the timeout is the client's where none is given") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.request_timeout(span);
        auto nc = co_await conats::connect(o);
        auto silent = co_await nc.subscribe("silent");
        co_await nc.flush();
        const auto begin = clock_type::now();
        auto replies = nc.request_many("silent", "");
        auto all = co_await all_replies(replies);
        CHECK(all.empty());
        const auto took = clock_type::now() - begin;
        CHECK(took >= span - 1ms);
        CHECK(took < scaled(4s));
        CHECK(replies.end_reason() == end_of_replies::timeout);
    });
}

TEST_CASE("D10, P2.45 a stall of 100 ms ends it long before the timeout") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        five_responders r;
        co_await r.start(server);
        const auto stall = scaled(100ms);
        const auto begin = clock_type::now();
        auto replies = r.nc.request_many("who", "", request_many_options(scaled(20s)).stall(stall));
        auto all = co_await all_replies(replies);
        const auto took = clock_type::now() - begin;
        CHECK(all.size() == 5);
        CHECK(took >= stall - 1ms);
        CHECK(took < scaled(10s));
        CHECK(replies.end_reason() == end_of_replies::stall);
        co_await check_gone(r.nc, server);
    });
}

TEST_CASE("D10, P2.45 the first reply may take longer than the stall") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url());
        const auto slow = [](conats::message m) -> asio::awaitable<void> {
            asio::steady_timer timer(co_await asio::this_coro::executor, scaled(100ms));
            co_await timer.async_wait(asio::use_awaitable);
            co_await m.respond("late");
        };
        auto service = nc.on("who", slow);
        auto replies = nc.request_many("who", "", request_many_options(scaled(20s)).stall(5ms));
        auto all = co_await all_replies(replies);
        CHECK(all.size() == 1);
        CHECK(replies.end_reason() == end_of_replies::stall);
    });
}

TEST_CASE("D10 a stall below a millisecond, or not below the timeout, is none") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        five_responders r;
        co_await r.start(server);
        for (const std::chrono::nanoseconds stall : {999us + 0ns, span + 0ns, -1s + 0ns}) {
            auto replies = r.nc.request_many("who", "", request_many_options(span).stall(stall));
            auto all = co_await all_replies(replies);
            CHECK(all.size() == 5);
            CHECK(replies.end_reason() == end_of_replies::timeout);
        }
    });
}

TEST_CASE("D10 at most three of five") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        five_responders r;
        co_await r.start(server);
        auto replies =
            r.nc.request_many("who", "", request_many_options(scaled(20s)).max_messages(3));
        for (int i = 0; i != 3; ++i) {
            auto m = co_await replies.next();
            CHECK(m);
        }
        CHECK(replies.end_reason() == end_of_replies::max_messages);
        auto none = co_await replies.next();
        CHECK_FALSE(none);
        co_await check_gone(r.nc, server);
    });
}

TEST_CASE("D10 a sentinel ends it and is not delivered: an empty reply, or what one says it is") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.name("requester");
        auto nc = co_await conats::connect(o);
        auto other = co_await conats::connect(server.url());
        auto service = other.on("list", [](const conats::message& m) {
            for (const char* text : {"a", "b", "last", "", "too late"})
                m.try_respond(text);
        });
        co_await other.flush();
        auto by_default = nc.request_many("list", "", scaled(200ms));
        auto all = co_await all_replies(by_default);
        CHECK(all.size() == 5);
        auto replies =
            nc.request_many("list", "", request_many_options(scaled(20s)).sentinel_is_empty());
        all = co_await all_replies(replies);
        REQUIRE(all.size() == 3);
        CHECK(all[2].text() == "last");
        CHECK(replies.end_reason() == end_of_replies::sentinel);
        request_many_options by_text(scaled(20s));
        by_text.sentinel([](const conats::message& m) { return m.text() == "last"; });
        replies = nc.request_many("list", "", by_text);
        all = co_await all_replies(replies);
        CHECK(all.size() == 2);
        CHECK(replies.end_reason() == end_of_replies::sentinel);
        by_text.sentinel([](const conats::message&) -> bool { throw std::logic_error("thrown"); });
        replies = nc.request_many("list", "", by_text);
        std::string thrown;
        try {
            auto none = co_await replies.next();
        } catch (const std::logic_error& e) {
            thrown = e.what();
        }
        CHECK(thrown == "thrown");
        replies = conats::reply_stream();
        co_await check_gone(nc, server);
    });
}

TEST_CASE("D10 nobody there is a status that ends it at once; so is any other") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.name("requester");
        auto nc = co_await conats::connect(o);
        auto nobody = nc.request_many("nobody", "", scaled(20s));
        const auto begin = clock_type::now();
        auto all = co_await all_replies(nobody);
        CHECK(clock_type::now() - begin < scaled(10s));
        CHECK(all.empty());
        CHECK(nobody.end_reason() == end_of_replies::status);
        CHECK(nobody.status().code == 503);
        co_await check_gone(nc, server);

        auto requests = co_await nc.subscribe("odd");
        auto odd = nc.request_many("odd", "", scaled(20s));
        auto request = co_await requests.next(5s);
        REQUIRE(request);
        const std::string inbox(request->reply());
        send_raw(server, "PUB " + inbox + " 5\r\nreply\r\n" +
                             raw_headers("HPUB", inbox, "NATS/1.0 408 Not Now\r\n\r\n", "text") +
                             "PUB " + inbox + " 4\r\nlate\r\n");
        all = co_await all_replies(odd);
        CHECK(all.size() == 1);
        CHECK(odd.end_reason() == end_of_replies::status);
        CHECK(odd.status().code == 408);
        CHECK(odd.status().description == "Not Now");
    });
}

TEST_CASE("D10 headers go with the request, and come back") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        five_responders r;
        co_await r.start(server);
        request_many_options o(scaled(20s));
        o.max_messages(5).headers(conats::headers().add("Trace", "42"));
        auto replies = r.nc.request_many("who", "", o);
        auto all = co_await all_replies(replies);
        CHECK(all.size() == 5);
        for (const auto& m : all)
            CHECK(m.headers().get("Trace") == "42");
    });
}

TEST_CASE("D10 a stream that is destroyed, or replaced, ends at once, also under a waiting next") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        five_responders r;
        co_await r.start(server);
        {
            auto replies = r.nc.request_many("who", "", scaled(20s));
            auto first = co_await replies.next();
            CHECK(first);
            CHECK(r.nc.statistics().subscriptions == 1);
        }
        co_await check_gone(r.nc, server);
        auto silent = co_await r.other.subscribe("silent");
        co_await r.other.flush();
        std::optional<conats::reply_stream> replies(r.nc.request_many("silent", "", scaled(20s)));
        bool ended = false;
        bool empty = false;
        const auto wait = [&]() -> asio::awaitable<void> {
            auto m = co_await replies->next();
            empty = !m;
            ended = true;
        };
        asio::co_spawn(executor, wait(), asio::detached);
        co_await turns(3);
        CHECK_FALSE(ended);
        replies.reset();
        const bool done = co_await async_eventually([&] { return ended; });
        CHECK(done);
        CHECK(empty);
        co_await check_gone(r.nc, server);
    });
}

TEST_CASE("D10 a cancelled next takes nothing, and the next one goes on") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        auto executor = co_await asio::this_coro::executor;
        auto nc = co_await conats::connect(server.url());
        auto requests = co_await nc.subscribe("slow");
        auto replies =
            nc.request_many("slow", "", request_many_options(scaled(20s)).max_messages(1));
        asio::cancellation_signal signal;
        bool cancelled = false;
        const auto wait = [&]() -> asio::awaitable<void> { auto m = co_await replies.next(); };
        const auto on_end = [&](const std::exception_ptr& e) { cancelled = e != nullptr; };
        asio::co_spawn(executor, wait(), asio::bind_cancellation_slot(signal.slot(), on_end));
        co_await turns(3);
        conats::error e;
        auto second = co_await replies.next(e);
        CHECK(e.code() == errc::already_waiting);
        signal.emit(asio::cancellation_type::terminal);
        const bool done = co_await async_eventually([&] { return cancelled; });
        CHECK(done);
        auto request = co_await requests.next(5s);
        co_await request->respond("here");
        auto m = co_await replies.next();
        REQUIRE(m);
        CHECK(m->text() == "here");
        CHECK(replies.end_reason() == end_of_replies::max_messages);
    });
}

TEST_CASE("D10 what cannot be asked is thrown by next, and leaves nothing behind") {
    nats_server server("authorization { users: [ { user: u, password: p, "
                       "permissions: { publish: { deny: [\"secret\"] } } } ] }");
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url("u:p"));
        o.name("requester");
        auto nc = co_await conats::connect(o);
        const auto code_of = [&](conats::reply_stream replies) -> asio::awaitable<conats::error> {
            conats::error e;
            auto m = co_await replies.next(e);
            CHECK_FALSE(m);
            CHECK(replies.end_reason() == end_of_replies::refused);
            CHECK(replies.failure() == e);
            co_return e;
        };
        auto e = co_await code_of(nc.request_many("a..b", ""));
        CHECK(e.code() == errc::invalid_subject);
        e = co_await code_of(nc.request_many("", ""));
        CHECK(e.code() == errc::invalid_subject);
        e = co_await code_of(nc.request_many("a", "", 0s));
        CHECK(e.code() == errc::invalid_argument);
        const std::string huge(std::size_t{2} << 20U, 'x');
        e = co_await code_of(nc.request_many("a", huge));
        CHECK(e.code() == errc::payload_too_large);
        // The server's no is this request's alone.
        auto served = nc.on("open", [](const conats::message& m) { m.try_respond("yes"); });
        auto open = nc.request_many("open", "", request_many_options(scaled(20s)).max_messages(1));
        e = co_await code_of(nc.request_many("secret", "", scaled(20s)));
        CHECK(e.code() == errc::permission_denied);
        CHECK(e.was_written());
        auto m = co_await open.next();
        CHECK(m);
        served.unsubscribe();
        co_await check_gone(nc, server);
        conats::reply_stream empty;
        conats::error failure;
        auto none = co_await empty.next(failure);
        CHECK(failure.code() == errc::closed);
        CHECK(empty.end_reason() == end_of_replies::closed);
        co_await nc.close();
        e = co_await code_of(nc.request_many("a", ""));
        CHECK(e.code() == errc::closed);
        e = co_await code_of(conats::client().request_many("a", ""));
        CHECK(e.code() == errc::closed);
        CHECK(e.subject() == "a");
    });
}

TEST_CASE("D10 the end of the connection ends it, after the replies that came") {
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        five_responders r;
        co_await r.start(server);
        auto replies = r.nc.request_many("who", "", scaled(20s));
        co_await r.nc.flush();
        auto first = co_await replies.next();
        CHECK(first);
        co_await r.nc.close();
        while (auto m = co_await replies.next()) {}
        CHECK(replies.end_reason() == end_of_replies::closed);
        CHECK(replies.failure().code() == errc::closed);
        CHECK(replies.failure().was_written());
    });
}

TEST_CASE("D10 a lost connection is disconnected") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        const auto words = s.expect_subscribe();
        const auto sid = words.back();
        const auto request = s.expect_publish();
        s.send_message(request.reply, sid, "one");
        s.close();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto replies = nc.request_many("who", "", scaled(20s));
        auto m = co_await replies.next();
        REQUIRE(m);
        CHECK(m->text() == "one");
        m = co_await replies.next();
        CHECK_FALSE(m);
        CHECK(replies.end_reason() == end_of_replies::disconnected);
        CHECK(replies.failure().was_written());
    });
    CHECK(peer.result() == "ok");
}

TEST_CASE("D10 what is wanted is unsubscribed with its count, what is not by itself") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        const auto sid = s.expect_subscribe().back();
        s.expect("UNSUB " + sid + " 2");
        const auto request = s.expect_publish();
        for (const char* text : {"one", "two", "three"})
            s.send_message(request.reply, sid, text);
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto replies =
            nc.request_many("who", "", request_many_options(scaled(20s)).max_messages(2));
        auto all = co_await all_replies(replies);
        CHECK(all.size() == 2);
        CHECK(replies.end_reason() == end_of_replies::max_messages);
    });
    CHECK(peer.result() == "ok");
}

TEST_CASE("D10 reasons have names") {
    CHECK(conats::to_string(end_of_replies::none) == "none");
    CHECK(conats::to_string(end_of_replies::refused) == "refused");
    CHECK(conats::to_string(static_cast<end_of_replies>(200)) == "unknown");
    std::ostringstream out;
    out << end_of_replies::max_messages;
    CHECK(out.str() == "max_messages");
}
