// SPDX-License-Identifier: Apache-2.0
#include "chat/hub.hpp"
#include "chat/rate_limit.hpp"
#include "chat/room.hpp"
#include "fixture.hpp"
#include "support/catch.hpp"

#include <conats/conats.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>

#include <chrono>
#include <set>
#include <string>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using conats::testing::manual_clock;

namespace {

chat::said said_of(std::string id, std::string text = "hi") {
    chat::said s;
    s.id = std::move(id);
    s.from = "Ann";
    s.text = std::move(text);
    s.unix_ms = 7;
    return s;
}

chat::presence presence_of(std::string server, std::set<std::string> names) {
    chat::presence p;
    p.server = std::move(server);
    p.names = std::move(names);
    return p;
}

} // namespace

TEST_CASE("App chat: what a name and a text may be") {
    CHECK(chat::is_name("Ann"));
    CHECK(chat::is_name("caf\xc3\xa9 <b>&\"'"));
    CHECK(chat::is_name(std::string(72, 'x')));
    CHECK_FALSE(chat::is_name(""));
    CHECK_FALSE(chat::is_name(" Ann"));
    CHECK_FALSE(chat::is_name("Ann "));
    CHECK_FALSE(chat::is_name("An\nn"));
    CHECK_FALSE(chat::is_name(std::string(73, 'x')));
    CHECK(chat::is_text(" "));
    CHECK_FALSE(chat::is_text(""));
    CHECK_FALSE(chat::is_text("a\x7f"));
    CHECK_FALSE(chat::is_text(std::string(2001, 'x')));
}

TEST_CASE("App chat: what comes over NATS is taken only as it is written") {
    const chat::said s = said_of("x.1", "<script>\"\\ \xf0\x9f\x91\x8b");
    const auto again = chat::said_from_json(chat::to_json(s));
    REQUIRE(again);
    CHECK(again->id == s.id);
    CHECK(again->from == s.from);
    CHECK(again->text == s.text);
    CHECK(again->unix_ms == 7);
    for (const char* const bad :
         {"", "null", "[]", "{}", R"({"id":"","from":"a","text":"b","unix_ms":1})",
          R"({"id":"x","from":"","text":"b","unix_ms":1})",
          R"({"id":"x","from":"a","text":"","unix_ms":1})",
          R"({"id":"x","from":"a","text":"b","unix_ms":"1"})",
          R"({"id":"x","from":"a","text":"b"})",
          "{\"id\":\"x\",\"from\":\"a\",\"text\":\"\xff\",\"unix_ms\":1}"}) {
        INFO(bad);
        CHECK_FALSE(chat::said_from_json(bad));
        CHECK_FALSE(chat::history_from_json("[" + std::string(bad) + "x]"));
    }
    CHECK(chat::history_from_json("[]")->empty());
    const auto p = chat::presence_from_json(chat::to_json(presence_of("s", {"Ann", "Bob"})));
    REQUIRE(p);
    CHECK(p->server == "s");
    CHECK(p->names == std::set<std::string>{"Ann", "Bob"});
    for (const char* const bad :
         {"", "{}", R"({"server":"","names":[]})", R"({"server":"s"})",
          R"({"server":"s","names":[1]})", R"({"server":"s","names":[""]})"})
        CHECK_FALSE(chat::presence_from_json(bad));
}

TEST_CASE("App chat: a room keeps the last hundred, each once") {
    chat::room room;
    CHECK(room.add(said_of("since")));
    CHECK_FALSE(room.add(said_of("since")));
    room.begin_with({said_of("first"), said_of("since"), said_of("second")});
    REQUIRE(room.history().size() == 3);
    CHECK(room.history().front().id == "first");
    CHECK(room.history().back().id == "second");
    for (int i = 0; i != 200; ++i)
        room.add(said_of(std::to_string(i)));
    CHECK(room.history().size() == chat::room::history_limit);
    CHECK(room.history().front().id == "100");
    CHECK(room.history().back().id == "199");
}

TEST_CASE("App chat: people are there until their server says so, or falls silent") {
    chat::room room;
    CHECK(room.update(presence_of("1", {"Ann", "Bob"})));
    CHECK(room.update(presence_of("2", {"Cid"})));
    CHECK_FALSE(room.update(presence_of("3", {"Ann"}))); // nobody new
    CHECK(room.people() == std::set<std::string>{"Ann", "Bob", "Cid"});
    CHECK(room.update(presence_of("2", {})));
    for (int i = 0; i != chat::room::patience; ++i) {
        CHECK_FALSE(room.beat());
        CHECK_FALSE(room.update(presence_of("3", {"Ann"})));
    }
    CHECK(room.beat()); // server 1 has been silent for too long
    CHECK(room.people() == std::set<std::string>{"Ann"});
}

TEST_CASE("App chat: twenty at once, then four a second") {
    chat::rate_limit limit;
    chat::rate_limit::clock::time_point now{1h};
    const auto admitted = [&](int n) {
        int count = 0;
        for (int i = 0; i != n; ++i)
            count += limit.admit(now) ? 1 : 0;
        return count;
    };
    CHECK(admitted(50) == 20);
    now += 1s;
    CHECK(admitted(50) == 4);
    now += 1h;
    CHECK(admitted(50) == 20);
}

namespace {

/// A browser that remembers what it was sent.
class listener : public chat::member {
public:
    void send(std::shared_ptr<const std::string> frame) override { frames.push_back(*frame); }
    /// The last frame of a type; empty if there is none.
    [[nodiscard]] std::string last(const std::string& type) const {
        for (auto f = frames.rbegin(); f != frames.rend(); ++f)
            if (f->find("{\"type\":\"" + type + "\"") == 0)
                return *f;
        return "";
    }

    std::vector<std::string> frames;
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("App chat: servers share what is said, what was said, and who is there") {
    run_by_clock([](const manual_clock&) -> asio::awaitable<void> {
        conats::testing::broker broker;
        auto nc1 = co_await conats::connect(broker.connect_options());
        auto nc2 = co_await conats::connect(broker.connect_options());
        chat::hub one(nc1, manual_clock::sleep_for);
        co_await one.start();
        listener ann;
        one.enter(ann, "Ann");
        CHECK(one.say(ann, "anybody <b>here</b>?"));
        co_await nc1.flush();

        chat::hub two(nc2, manual_clock::sleep_for);
        co_await two.start();
        listener bob;
        two.enter(bob, "Bob");
        CHECK(has(bob.last("history"), "anybody <b>here</b>?"));
        CHECK(two.say(bob, "me"));
        broker.publish("chat.said", "nonsense");
        broker.publish("chat.present", "{}");
        co_await nc2.flush();
        co_await nc1.flush();
        CHECK(has(ann.last("said"), "\"from\":\"Bob\",\"text\":\"me\""));
        CHECK(has(bob.last("said"), "\"from\":\"Bob\",\"text\":\"me\""));
        CHECK(ann.last("people") == R"({"type":"people","names":["Ann","Bob"]})");

        // Who came later learns of those that were there before with the next beat.
        const auto beats = []() -> asio::awaitable<void> {
            co_await manual_clock::sleep_for(chat::hub::beat + 1s);
        };
        co_await (one.run() || two.run() || beats());
        CHECK(bob.last("people") == R"({"type":"people","names":["Ann","Bob"]})");

        two.leave(bob);
        CHECK_FALSE(two.say(bob, "still there?"));
        co_await nc2.flush();
        co_await nc1.flush();
        CHECK(ann.last("people") == R"({"type":"people","names":["Ann"]})");

        two.enter(bob, "Bob");
        co_await nc2.flush();
        co_await nc1.flush();
        CHECK(has(ann.last("people"), "Bob"));
        co_await nc2.close(); // a server that falls silent
        const auto time = []() -> asio::awaitable<void> {
            co_await manual_clock::sleep_for(5 * chat::hub::beat);
        };
        co_await (one.run() || time());
        CHECK(ann.last("people") == R"({"type":"people","names":["Ann"]})");
        one.leave(ann);
    });
}

TEST_CASE("App chat: browsers are told when the server loses NATS, and what they write is kept") {
    run_by_clock([](const manual_clock&) -> asio::awaitable<void> {
        conats::testing::broker broker;
        auto nc = co_await conats::connect(broker.connect_options());
        chat::hub hub(nc, manual_clock::sleep_for);
        co_await hub.start();
        listener ann;
        hub.enter(ann, "Ann");
        const auto story = [&]() -> asio::awaitable<void> {
            broker.stop();
            co_await manual_clock::sleep_for(100ms);
            CHECK(ann.last("connection") == R"({"type":"connection","connected":false})");
            CHECK(hub.say(ann, "into the void"));
            broker.start();
            co_await manual_clock::sleep_for(10s);
            CHECK(ann.last("connection") == R"({"type":"connection","connected":true})");
            CHECK(has(ann.last("said"), "into the void"));
        };
        co_await (hub.run() || story());
        hub.leave(ann);
    });
}
