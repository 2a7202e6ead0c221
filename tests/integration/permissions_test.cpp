// SPDX-License-Identifier: Apache-2.0
// What the server does not allow ends exactly the operation that it is about.
#include "helpers.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"

#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using conats::event_kind;

namespace {

/// A server with one user, `u:p`, of these permissions; `more` goes beside.
server_options restricted(const std::string& permissions, const std::string& more = {}) {
    return {"authorization { users: [ { user: u, password: p, permissions: { " + permissions +
            " } } ] }\n" + more};
}

/// The server's words of the events of this kind.
std::vector<std::string> texts(conats::event_stream& stream, event_kind kind) {
    std::vector<std::string> all;
    for (const auto& e : take_events(stream))
        if (e.kind() == kind)
            all.push_back(e.what().text());
    return all;
}

asio::awaitable<conats::error_code> publish_outcome(conats::client nc, std::string subject) {
    conats::error e;
    auto reply = co_await nc.request(subject, "", scaled(10s), e);
    co_return e.code();
}

} // namespace

TEST_CASE("C26 P2.29 S34 a refused subscription ends alone, with and without a queue group") {
    nats_server server(restricted(R"(subscribe: { deny: ["no.>", "shared q.>"] })"));
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url("u:p"));
        auto events = nc.events();
        auto first = co_await nc.subscribe("yes");
        auto refused = co_await nc.subscribe("no.1");
        auto same = co_await nc.subscribe("no.1");
        conats::subscribe_options group;
        group.queue_group("q.1");
        auto in_group = co_await nc.subscribe("shared", group);
        auto without_group = co_await nc.subscribe("shared");
        auto second = co_await nc.subscribe("yes");
        for (auto* sub : {&refused, &same, &in_group}) {
            auto m = co_await sub->next();
            CHECK_FALSE(m);
            CHECK(sub->end_reason().code() == errc::permission_denied);
            CHECK(sub->end_reason().code() == conats::condition::permission);
            CHECK(sub->end_reason().text().starts_with("Permissions Violation for Subscription"));
            CHECK(sub->end_reason().subject() == sub->subject());
            CHECK_FALSE(sub->active());
        }
        const auto told = texts(events, event_kind::permission_denied);
        CHECK(told.size() == 3);
        CHECK(told.back().find("using queue \"q.1\"") != std::string::npos);
        for (const char* subject : {"yes", "shared"})
            co_await nc.publish(subject, "x");
        for (auto* sub : {&first, &second, &without_group}) {
            auto m = co_await sub->next(5s);
            CHECK(m->text() == "x");
        }
        conats::error e;
        conats::subscribe_options confirmed;
        confirmed.confirm(true);
        auto none = co_await nc.subscribe("no.2", confirmed, e);
        CHECK(e.code() == errc::permission_denied);
        auto handled = nc.on("no.3", [](const conats::message&) {});
        bool thrown = false;
        try {
            co_await handled.ready();
        } catch (const conats::system_error& failure) {
            thrown = failure.code() == errc::permission_denied;
        }
        CHECK(thrown);
        CHECK(nc.status() == conats::status::connected);
        CHECK(nc.statistics().subscriptions == 3);
    });
}

TEST_CASE("C27 P2.29 S34 a refused publish is an event, and the next one arrives") {
    nats_server server(restricted("publish: { deny: \"no.>\" }"));
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url("u:p"));
        auto events = nc.events();
        auto sub = co_await nc.subscribe(">");
        co_await nc.publish("no.pub", "1");
        co_await nc.publish("yes", "2");
        auto m = co_await sub.next(5s);
        CHECK(m->text() == "2");
        int told = 0;
        for (const auto& e : take_events(events))
            if (e.kind() == event_kind::permission_denied) {
                ++told;
                CHECK(e.what().code() == errc::permission_denied);
                CHECK(e.what().subject() == "no.pub");
                CHECK(e.what().server() == server.url());
            }
        CHECK(told == 1);
        CHECK(nc.status() == conats::status::connected);
    });
}

TEST_CASE("P2.29 maximum subscriptions exceeded and Invalid Publish Subject are not fatal") {
    nats_server server("max_subscriptions: 2");
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.pedantic(true).allow_empty_tokens(true);
        auto nc = co_await conats::connect(o);
        auto events = nc.events();
        auto first = co_await nc.subscribe("a");
        auto second = co_await nc.subscribe("b");
        auto third = co_await nc.subscribe("c");
        co_await nc.publish("a..b", "");
        co_await nc.publish("a", "1");
        co_await nc.publish("b", "2");
        auto m = co_await first.next(5s);
        CHECK(m->text() == "1");
        m = co_await second.next(5s);
        CHECK(m->text() == "2");
        std::vector<conats::error_code> codes;
        for (const auto& e : take_events(events))
            if (e.what())
                codes.push_back(e.what().code());
        const std::vector<conats::error_code> expected(
            {errc::maximum_subscriptions_exceeded, errc::invalid_subject});
        CHECK(codes == expected);
        CHECK(first.active());
        CHECK(second.active());
        CHECK(nc.status() == conats::status::connected);
    });
}

TEST_CASE("P2.29 Invalid Subject, sids and unknown texts: what is not fatal is an event") {
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        std::vector<std::string> sids;
        for (int i = 0; i != 3; ++i)
            sids.push_back(s.expect_subscribe().back());
        s.send("-ERR 'Invalid Subject'\r\n"
               "-ERR 'Something nobody has heard of'\r\n"
               "-ERR 'Permissions Violation for Subscription to \"a\" (sid \"" +
               sids[1] +
               "\")'\r\n"
               "-ERR 'Permissions Violation for Subscription to \"never\" (sid \"77\")'\r\n");
        s.send_message("a", sids[0], "0");
        s.send_message("a", sids[2], "2");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto events = nc.events();
        std::vector<conats::subscription> subs;
        for (int i = 0; i != 3; ++i)
            subs.emplace_back(nc, "a");
        auto m = co_await subs[0].next(5s);
        CHECK(m->text() == "0");
        m = co_await subs[2].next(5s);
        CHECK(m->text() == "2");
        m = co_await subs[1].next(5s);
        CHECK_FALSE(m);
        CHECK(subs[1].end_reason().code() == errc::permission_denied);
        co_await nc.flush();
        std::vector<std::string> told;
        for (const auto& e : take_events(events))
            if (e.kind() != event_kind::subscription_changed && e.what())
                told.push_back(e.what().text().substr(0, 15));
        const std::vector<std::string> expected(
            {"Invalid Subject", "Something nobod", "Permissions Vio", "Permissions Vio"});
        CHECK(told == expected);
        CHECK(peer.result() == "ok");
    });
}

TEST_CASE("F22 P2.29 what the server says of one operation leaves the connection as it is") {
    using transient = std::pair<const char*, errc>;
    const auto [text, code] = GENERATE(
        transient("Permissions Violation for Publish to \"b\"", errc::permission_denied),
        transient("Permissions Violation for Subscription to \"b\"", errc::permission_denied),
        transient("Permissions Violation for Publish with Reply of \"b\"", errc::permission_denied),
        transient("Permissions Violation", errc::permission_denied),
        transient("maximum subscriptions exceeded", errc::maximum_subscriptions_exceeded),
        transient("Invalid Subject", errc::invalid_subject),
        transient("Invalid Publish Subject", errc::invalid_subject),
        transient("Failed Account Registration", errc::server_error));
    CAPTURE(text);
    const std::string words = text;
    scripted_peer peer([words](peer_session& s) {
        s.handshake();
        const auto sid = s.expect_subscribe().back();
        s.send("-ERR '" + words + "'\r\n");
        s.send_message("a", sid, "behind it");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        auto events = nc.events();
        auto sub = co_await nc.subscribe("a");
        auto m = co_await sub.next(5s);
        REQUIRE(m);
        CHECK(m->text() == "behind it");
        co_await nc.flush();
        std::vector<conats::error_code> told;
        for (const auto& e : take_events(events))
            if (e.what())
                told.push_back(e.what().code());
        CHECK(told == std::vector<conats::error_code>(1, code));
        CHECK(sub.active());
        CHECK(nc.status() == conats::status::connected);
        CHECK(nc.statistics().reconnects == 0);
    });
    CHECK(peer.connections() == 1);
    CHECK(peer.result() == "ok");
}

TEST_CASE("D12 P2.41 a denied request ends at once, and no other") {
    nats_server server(restricted("publish: { deny: \"no.>\" }"));
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url("u:p"));
        auto events = nc.events();
        auto silent = co_await nc.subscribe("yes");
        auto before = nc.request("yes", "1", scaled(15s));
        conats::error e;
        const auto begin = std::chrono::steady_clock::now();
        auto none = co_await nc.request("no.1", "", scaled(10s), e);
        CHECK(std::chrono::steady_clock::now() - begin < scaled(1s));
        CHECK(e.code() == errc::permission_denied);
        CHECK(e.subject() == "no.1");
        CHECK(e.text().starts_with("Permissions Violation for Publish to"));
        CHECK(e.was_written());
        auto denied1 = nc.request("no.1", "", scaled(10s));
        auto denied2 = nc.request("no.2", "", scaled(10s));
        co_await nc.flush();
        CHECK(nc.statistics().pending_requests == 3); // ended, not yet looked at
        int failed = 0;
        for (auto* r : {&denied1, &denied2}) {
            try {
                auto reply = co_await std::move(*r);
            } catch (const conats::system_error& failure) {
                failed += failure.code() == errc::permission_denied ? 1 : 0;
            }
        }
        CHECK(failed == 2);
        CHECK(nc.statistics().pending_requests == 1);
        auto m = co_await silent.next(5s);
        co_await m->respond("answer");
        auto reply = co_await std::move(before);
        CHECK(reply.text() == "answer");
        CHECK(texts(events, event_kind::permission_denied).empty());
    });
}

TEST_CASE("D12 a reply subject that is refused ends exactly the request that has it") {
    // Servers keep this prefix for themselves.
    nats_server server;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.inbox_prefix("_R_");
        auto nc = co_await conats::connect(o);
        auto sub = co_await nc.subscribe("r");
        conats::error e;
        auto none = co_await nc.request("r", "", scaled(10s), e);
        CHECK(e.code() == errc::permission_denied);
        CHECK(e.text().starts_with("Permissions Violation for Publish with Reply of"));
        CHECK(nc.status() == conats::status::connected);
    });
    scripted_peer peer([](peer_session& s) {
        s.handshake();
        const std::string sid = s.expect_subscribe().back();
        std::vector<std::string> replies;
        for (int i = 0; i != 3; ++i)
            replies.push_back(s.expect_publish().reply);
        s.send("-ERR 'Permissions Violation for Publish with Reply of \"" + replies[1] + "\"'\r\n");
        s.send_message(replies[0], sid, "0");
        s.send_message(replies[2], sid, "2");
        s.serve();
    });
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(peer.url());
        conats::error e;
        auto first = nc.request("same", "", scaled(10s));
        auto second = nc.request("same", "", scaled(10s), e);
        auto third = nc.request("same", "", scaled(10s));
        auto reply = co_await std::move(second);
        CHECK(e.code() == errc::permission_denied);
        reply = co_await std::move(first);
        CHECK(reply.text() == "0");
        reply = co_await std::move(third);
        CHECK(reply.text() == "2");
        CHECK(peer.result() == "ok");
    });
}

TEST_CASE("D12 P2.41 a denied request with an inbox of its own ends at once as well") {
    nats_server server(restricted("publish: { deny: \"no.>\" }"));
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url("u:p"));
        o.unique_inboxes(true);
        auto nc = co_await conats::connect(o);
        const auto begin = std::chrono::steady_clock::now();
        const auto code = co_await publish_outcome(nc, "no.1");
        CHECK(code == errc::permission_denied);
        CHECK(std::chrono::steady_clock::now() - begin < scaled(5s));
        CHECK(nc.statistics().subscriptions == 0);
    });
}

TEST_CASE("D08 D02 where only the prefix is allowed, everything works with it, nothing without") {
    nats_server server(restricted(R"(subscribe: ["_MYBOX.>", "svc"], publish: [">"])"));
    for (const bool unique : {false, true}) {
        run([&]() -> asio::awaitable<void> {
            conats::connect_options o(server.url("u:p"));
            o.inbox_prefix("_MYBOX").unique_inboxes(unique).name("boxed");
            auto nc = co_await conats::connect(o);
            auto events = nc.events();
            auto service = nc.on("svc", [](const conats::message& m) { m.try_respond(m.text()); });
            auto reply = co_await nc.request("svc", "1", 5s);
            CHECK(reply.text() == "1");
            const auto code = co_await publish_outcome(nc, "nobody");
            CHECK(code == errc::no_responders);
            const std::string inbox = nc.new_inbox();
            CHECK(inbox.starts_with("_MYBOX."));
            auto own = co_await nc.subscribe(inbox);
            conats::publish_options to_inbox;
            to_inbox.reply(inbox);
            co_await nc.publish("svc", "2", to_inbox);
            auto m = co_await own.next(5s);
            CHECK(m->text() == "2");
            for (const auto& subject : server.monitor().subjects("boxed"))
                CHECK((subject == "svc" || subject.starts_with("_MYBOX.")));
            CHECK(texts(events, event_kind::permission_denied).empty());
        });
    }
    run([&]() -> asio::awaitable<void> {
        auto nc = co_await conats::connect(server.url("u:p"));
        auto events = nc.events();
        conats::error e;
        auto none = co_await nc.request("svc", "", 100ms, e);
        CHECK(e);
        CHECK(texts(events, event_kind::permission_denied).size() == 1);
    });
}

TEST_CASE("D08 malformed inbox prefixes are refused before any I/O") {
    run([]() -> asio::awaitable<void> {
        for (const char* prefix :
             {"", "a.", ".a", "a..b", "a.*", "*", ">", "a.>", "a b", "a\r\nb"}) {
            INFO("\"" << prefix << "\"");
            conats::connect_options o("127.0.0.1:1");
            o.inbox_prefix(prefix);
            conats::error e;
            auto nc = co_await conats::connect(o, e);
            CHECK((e.code() == errc::invalid_inbox_prefix || e.code() == errc::invalid_options));
            CHECK_FALSE(nc);
        }
    });
}

TEST_CASE("D14 a responder that may answer once: the second answer is refused, the third request "
          "answered") {
    nats_server server("authorization { users: [ { user: u, password: p, permissions: { "
                       "subscribe: \"svc\", allow_responses: true } },"
                       " { user: v, password: p } ] }");
    run([&]() -> asio::awaitable<void> {
        auto responder = co_await conats::connect(server.url("u:p"));
        auto events = responder.events();
        const auto twice = [](const conats::message& m) {
            m.try_respond(m.text());
            m.try_respond("again");
        };
        auto service = responder.on("svc", twice);
        co_await responder.flush();
        auto nc = co_await conats::connect(server.url("v:p"));
        for (int i = 0; i != 3; ++i) {
            auto reply = co_await nc.request("svc", std::to_string(i), 5s);
            CHECK(reply.text() == std::to_string(i));
        }
        co_await responder.flush();
        const auto told = texts(events, event_kind::permission_denied);
        CHECK(told.size() == 3);
        for (const auto& text : told)
            CHECK(text.starts_with("Permissions Violation for Publish to \"_INBOX."));
        CHECK(responder.status() == conats::status::connected);
        CHECK(service.active());
    });
}
