// SPDX-License-Identifier: Apache-2.0
#include "engine/request_mux.hpp"
#include "queue_fixture.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace {

using namespace conats;
using impl::request_mux;
using impl::request_slot;
using impl::wake;

const std::string inbox = "_INBOX.abcdefghijklmnopqrstuv.";

std::string reply_subject(request_mux& mux, const request_slot& s) {
    return std::string(mux.reply_subject(s));
}

} // namespace

TEST_CASE("request_mux finds a request by the subject it asked the reply to") {
    request_mux mux;
    mux.prefix(inbox);
    request_slot& a = mux.acquire("a");
    request_slot& b = mux.acquire("b");
    CHECK(&a != &b);
    CHECK(mux.size() == 2);
    const std::string to_a = reply_subject(mux, a);
    const std::string to_b = reply_subject(mux, b);
    CHECK(to_a.substr(0, inbox.size()) == inbox);
    CHECK(to_a != to_b);
    CHECK(mux.find(to_a) == &a);
    CHECK(mux.find(to_b) == &b);
}

TEST_CASE("request_mux finds nobody for a late reply, though the slot is used again") {
    request_mux mux;
    mux.prefix(inbox);
    request_slot& first = mux.acquire("a");
    const std::string late = reply_subject(mux, first);
    mux.release(first);
    CHECK(mux.size() == 0);
    CHECK(mux.find(late) == nullptr);

    request_slot& second = mux.acquire("a");
    CHECK(&second == &first);
    CHECK(mux.find(late) == nullptr);
    CHECK(mux.find(reply_subject(mux, second)) == &second);
}

TEST_CASE("request_mux takes the first reply only") {
    request_mux mux;
    mux.prefix(inbox);
    request_slot& s = mux.acquire("a");
    const std::string to = reply_subject(mux, s);
    impl::wait_list woken;
    impl::wait_list::take(s.node, wake::ready, woken);
    CHECK(mux.find(to) == nullptr);
    CHECK(mux.size() == 1); // until the requester lets it go
    mux.release(s);
    CHECK(mux.size() == 0);
}

TEST_CASE("request_mux knows no subjects but those it gave out") {
    request_mux mux;
    CHECK(mux.find("") == nullptr);
    CHECK(mux.find("1") == nullptr); // no inbox yet
    mux.prefix(inbox);
    CHECK(mux.find(inbox + "1") == nullptr); // no request yet
    request_slot& s = mux.acquire("a");
    const std::string to = reply_subject(mux, s);
    CHECK(mux.find(to) == &s);
    for (const std::string& wrong : std::vector<std::string>{
             "", inbox, inbox.substr(0, 10), "_INBOX.other." + to.substr(inbox.size()), to + ".x",
             to + "!", to + "1", inbox + " " + to.substr(inbox.size()), inbox + "zzzzzzzzzzz",
             inbox + "zzzzzzzzzzzz", inbox + std::string(1000, '1'), inbox + "\xff"}) {
        CAPTURE(wrong);
        CHECK(mux.find(wrong) == nullptr);
    }
}

TEST_CASE("request_mux gives every request a token of its own, short and legal") {
    request_mux mux;
    mux.prefix("i.");
    std::set<std::string> seen;
    for (int round = 0; round != 200; ++round) {
        std::vector<request_slot*> slots;
        for (int i = 0; i != 50; ++i) {
            request_slot& s = mux.acquire("a");
            const std::string to = reply_subject(mux, s);
            REQUIRE(seen.insert(to).second);
            REQUIRE(to.size() <= 2 + request_mux::max_token_size);
            REQUIRE(to.find_first_of(" .*>") == 1); // of the prefix
            REQUIRE(to.find_last_of(" .*>") == 1);
            slots.push_back(&s);
        }
        for (request_slot* s : slots)
            mux.release(*s);
    }
    CHECK(mux.size() == 0);
}

TEST_CASE("request_mux drops a reply that nobody took") {
    test::feed feed;
    {
        request_mux mux;
        request_slot& taken = mux.acquire("a");
        request_slot& dropped = mux.acquire("b");
        request_slot& left = mux.acquire("c");
        for (request_slot* s : {&taken, &dropped, &left})
            s->reply.memory = feed.make_chunk(10);
        CHECK(feed.chunks() == 3);

        impl::release_reference(taken.reply.memory); // the requester's now
        taken.reply = impl::record();
        mux.release(taken);
        CHECK(feed.chunks() == 2);
        mux.release(dropped);
        CHECK(feed.chunks() == 1);
    }
    CHECK(feed.chunks() == 0); // the last went with the connection
}

TEST_CASE("request_mux hands out a slot without traces of the one before") {
    request_mux mux;
    request_slot& first = mux.acquire("a");
    impl::wait_list list;
    list.push(first.node);
    first.failure = error(errc::disconnected, "gone");
    first.node.outcome = wake::cancelled;
    mux.release(first);
    CHECK(list.empty());

    const request_slot& second = mux.acquire("b");
    CHECK(&second == &first);
    CHECK(second.subject == "b");
    CHECK(second.node.outcome == wake::pending);
    CHECK_FALSE(second.failure);
    CHECK(second.reply.memory == nullptr);
}

TEST_CASE("request_mux blames the oldest pending request for an error about its subject") {
    request_mux mux;
    request_slot& answered = mux.acquire("x");
    request_slot& younger = mux.acquire("x");
    request_slot& older = mux.acquire("x");
    request_slot& other = mux.acquire("y");
    answered.begin = 1;
    older.begin = 10;
    younger.begin = 20;
    other.begin = 5;
    answered.node.outcome = wake::ready;
    CHECK(mux.find_by_subject("x") == &older);
    mux.release(older);
    CHECK(mux.find_by_subject("x") == &younger);
    mux.release(younger);
    CHECK(mux.find_by_subject("x") == nullptr);
    CHECK(mux.find_by_subject("y") == &other);
    CHECK(mux.find_by_subject("z") == nullptr);
}

TEST_CASE("request_mux visits what is pending, not what is answered or free") {
    request_mux mux;
    request_slot& free = mux.acquire("free");
    request_slot& answered = mux.acquire("answered");
    mux.acquire("a");
    mux.acquire("b");
    mux.release(free);
    answered.node.outcome = wake::timeout;
    std::set<std::string> visited;
    mux.for_each_pending([&](const request_slot& s) { visited.insert(s.subject); });
    CHECK(visited == std::set<std::string>{"a", "b"});
}

TEST_CASE("request_mux does as a map does, at random") {
    for (const std::uint32_t seed : {21U, 22U, 23U}) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        request_mux mux;
        mux.prefix(inbox);
        std::map<std::string, request_slot*> waiting;
        std::vector<std::string> gone;
        for (int step = 0; step != 10'000; ++step) {
            if (waiting.size() < random() % 100) {
                request_slot& s = mux.acquire("a");
                REQUIRE(waiting.emplace(reply_subject(mux, s), &s).second);
            } else if (!waiting.empty()) {
                auto it = waiting.lower_bound(inbox + static_cast<char>('0' + random() % 75));
                if (it == waiting.end())
                    it = waiting.begin();
                REQUIRE(mux.find(it->first) == it->second);
                mux.release(*it->second);
                gone.push_back(it->first);
                waiting.erase(it);
            }
            REQUIRE(mux.size() == waiting.size());
            if (!gone.empty())
                REQUIRE(mux.find(gone[random() % gone.size()]) == nullptr);
        }
    }
}
