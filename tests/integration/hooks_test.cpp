// SPDX-License-Identifier: Apache-2.0
// The hooks around messages, by which a program traces and measures them.
#include "integration/reconnect_fixture.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"

#include <conats/observability.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using conats::errc;
using pointer = std::shared_ptr<conats::observed_operation>;

namespace {

/// Begins and ends of operations, in order.
class journal {
public:
    class operation final : public conats::observed_operation {
    public:
        operation(journal& to, std::string name) : journal_(to), name_(std::move(name)) {
            journal_.note("begin " + name_);
        }
        ~operation() override { journal_.note("end " + name_); }
        void on_error(const conats::error& e) noexcept override {
            journal_.note("error " + name_ + ": " + e.code().message());
            code = e.code();
        }

        conats::error_code code;

    private:
        journal& journal_;
        std::string name_;
    };

    void note(const std::string& line) {
        const std::lock_guard lock(mutex_);
        lines_ += line + '\n';
    }
    [[nodiscard]] std::string take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(lines_, std::string());
    }
    [[nodiscard]] bool has(const std::string& line) {
        const std::lock_guard lock(mutex_);
        return lines_.find(line) != std::string::npos;
    }

    conats::publish_hook_function on_publish() {
        return [this](conats::outgoing_message& m) -> pointer {
            std::string name(m.is_request() ? "request " : "publish ");
            return std::make_shared<operation>(*this, name.append(m.subject()));
        };
    }
    conats::delivery_hook_function on_delivery() {
        return [this](const conats::delivery& d) -> pointer {
            std::string name(d.to_handler() ? "handle " : "take ");
            name.append(d.message().text()).append(" of ").append(d.subscription());
            if (!d.queue_group().empty())
                name.append(" in ").append(d.queue_group());
            return std::make_shared<operation>(*this, name);
        };
    }

private:
    std::mutex mutex_;
    std::string lines_;
};

std::string message_of(errc e) {
    return conats::make_error_code(e).message();
}

} // namespace

TEST_CASE("L07 the publish hook sees every message, adds headers and is told of the end") {
    nats_server server;
    journal j;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        auto note = j.on_publish();
        o.publish_hook([&](conats::outgoing_message& m) -> pointer {
            CHECK(m.takes_headers());
            m.set_header("Trace", "new").add_header("Bag", "b");
            CHECK(m.headers().get("Trace") == "new");
            return note(m);
        });
        auto nc = co_await conats::connect(o);
        auto sub = co_await nc.subscribe("a.*");
        conats::publish_options with_headers;
        with_headers.headers(conats::headers().add("Trace", "old").add("Own", "1")).reply("r");
        co_await nc.publish("a.plain", "x");
        co_await nc.publish("a.headers", "y", with_headers);
        conats::error e = nc.try_publish("a.try", conats::payload_view("z"));
        CHECK_FALSE(e);
        co_await nc.publish("a.large", conats::owned_payload(std::string(40'000, 'w')));
        CHECK(with_headers.headers().get("Trace") == "old"); // the program's own are its own
        for (const std::string_view subject : {"a.plain", "a.headers", "a.try", "a.large"}) {
            auto m = co_await sub.next(scaled(5s));
            REQUIRE(m);
            CHECK(m->subject() == subject);
            CHECK(m->headers().values("Trace").size() == 1);
            CHECK(m->headers().get("Trace") == "new");
            CHECK(m->headers().get("Bag") == "b");
            CHECK(m->headers().contains("Own") == (subject == "a.headers"));
            CHECK(m->reply() == (subject == "a.headers" ? "r" : ""));
        }
        CHECK(j.take() == "begin publish a.plain\nend publish a.plain\n"
                          "begin publish a.headers\nend publish a.headers\n"
                          "begin publish a.try\nend publish a.try\n"
                          "begin publish a.large\nend publish a.large\n");
        e = nc.try_publish("a b", conats::payload_view("z"));
        CHECK(e.code() == errc::invalid_subject);
        CHECK(j.take() == "begin publish a b\nerror publish a b: " +
                              message_of(errc::invalid_subject) + "\nend publish a b\n");
    });
}

TEST_CASE("L07 a request's operation lasts until its reply, its failure or its cancellation") {
    const bool own_inboxes = GENERATE(false, true);
    CAPTURE(own_inboxes);
    nats_server server;
    journal j;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.unique_inboxes(own_inboxes).publish_hook(j.on_publish());
        o.delivery_hook(j.on_delivery()); // not for replies
        auto nc = co_await conats::connect(o);
        auto other = co_await conats::connect(server.url());
        auto service = other.on("echo", [](const conats::message& m) { m.try_respond(m.text()); });
        auto silent = co_await other.subscribe("silent");
        co_await other.flush();
        auto waiting = nc.request("echo", "hello");
        CHECK(j.take() == "begin request echo\n"); // in the call
        {
            auto reply = co_await std::move(waiting);
            CHECK(reply.text() == "hello");
            CHECK(j.take() == "end request echo\n");
        }
        conats::error e;
        auto none = co_await nc.request("nobody", "", scaled(5s), e);
        CHECK(j.take() == "begin request nobody\nerror request nobody: " +
                              message_of(errc::no_responders) + "\nend request nobody\n");
        none = co_await nc.request("silent", "", 20ms, e);
        CHECK(j.take() == "begin request silent\nerror request silent: " +
                              message_of(errc::timeout) + "\nend request silent\n");
        none = co_await nc.request("a b", "", e);
        CHECK(j.take().find("error request a b: " + message_of(errc::invalid_subject)) !=
              std::string::npos);
        { auto dropped = nc.request("silent", ""); }
        const conats::error_code nobody_waits = asio::error::operation_aborted;
        const std::string aborted =
            "begin request silent\nerror request silent: " + nobody_waits.message() +
            "\nend request silent\n";
        CHECK(j.take() == aborted);
        {
            using namespace asio::experimental::awaitable_operators;
            auto soon = pause(5ms);
            auto too_long = nc.request("silent", "", 30s);
            auto first = co_await (std::move(too_long) || std::move(soon));
            CHECK(first.index() == 1);
        }
        CHECK(j.take() == aborted);
        auto many = nc.request_many("echo", "all", conats::request_many_options().max_messages(1));
        CHECK(j.take() == "begin request echo\n");
        auto first = co_await many.next();
        CHECK(first);
        CHECK(j.take() == "end request echo\n");
        many = nc.request_many("a b", "");
        CHECK(j.take().find("error request a b: ") != std::string::npos);
        auto answered = nc.on("self", [](const conats::message& m) { m.try_respond("x"); });
        auto self = co_await nc.request("self", "q");
        CHECK(self.text() == "x");
        const std::string all = j.take();
        // The answer is a publication like any other, made while the request is handled.
        CHECK(all.find("begin request self\nbegin handle q of self\nbegin publish ") == 0);
        CHECK(all.find("end request self\n") != std::string::npos);
    });
}

TEST_CASE("L07 a delivery lasts while the message is handled") {
    nats_server server;
    journal j;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        auto nc = co_await conats::connect(o.delivery_hook(j.on_delivery()));
        {
            auto plain = nc.on("p", [&](const conats::message&) { j.note("plain"); });
            co_await nc.publish("p", "1");
            const bool done = co_await async_eventually([&] { return j.has("end handle 1"); });
            CHECK(done);
            CHECK(j.take() == "begin handle 1 of p\nplain\nend handle 1 of p\n");
        }
        gate held(co_await asio::this_coro::executor);
        for (const std::size_t at_once : {std::size_t{1}, std::size_t{2}}) {
            held.close();
            conats::subscribe_options so;
            auto handler = [&](const conats::message&) -> asio::awaitable<void> {
                j.note("before");
                co_await held.pass();
                j.note("after");
            };
            auto awaiting = nc.on("w.*", handler, so.queue_group("q").max_concurrent(at_once));
            co_await nc.publish("w.x", "2");
            const bool begun = co_await async_eventually([&] { return held.waiting() == 1; });
            CHECK(begun);
            CHECK(j.take() == "begin handle 2 of w.* in q\nbefore\n");
            held.open();
            const bool done = co_await async_eventually([&] { return j.has("end handle 2"); });
            CHECK(done);
            CHECK(j.take() == "after\nend handle 2 of w.* in q\n");
        }
        auto throws = nc.on("t", [](const conats::message&) { throw std::runtime_error("no"); });
        auto throws_later = nc.on("l", [](const conats::message&) -> asio::awaitable<void> {
            throw std::runtime_error("no");
            co_return;
        });
        for (const std::string subject : {"t", "l"}) {
            co_await nc.publish(subject, "3");
            const bool done = co_await async_eventually([&] { return j.has("end handle 3"); });
            CHECK(done);
            CHECK(j.take() == "begin handle 3 of " + subject + "\nerror handle 3 of " + subject +
                                  ": " + message_of(errc::handler_failed) + "\nend handle 3 of " +
                                  subject + "\n");
        }
    });
}

TEST_CASE("L07 a delivery to who takes lasts until the next is asked for, or the end") {
    nats_server server;
    journal j;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        auto nc = co_await conats::connect(o.delivery_hook(j.on_delivery()));
        auto sub = co_await nc.subscribe("a");
        for (const char* payload : {"1", "2", "3", "4", "5"})
            co_await nc.publish("a", payload);
        co_await nc.flush();
        auto m = co_await sub.next();
        CHECK(j.take() == "begin take 1 of a\n");
        m = co_await sub.next(scaled(5s));
        CHECK(j.take() == "end take 1 of a\nbegin take 2 of a\n");
        m = sub.try_next();
        CHECK(j.take() == "end take 2 of a\nbegin take 3 of a\n");
        std::vector<conats::message> batch;
        const std::size_t n = co_await sub.next_batch(batch, 10);
        CHECK(n == 2);
        CHECK(j.take() == "end take 3 of a\nbegin take 4 of a\nbegin take 5 of a\n");
        m = sub.try_next();
        CHECK_FALSE(m);
        CHECK(j.take() == "end take 4 of a\nend take 5 of a\n");
        co_await nc.publish("a", "6");
        co_await sub.wait();
        m = sub.try_next();
        CHECK(j.take() == "begin take 6 of a\n");
        sub = conats::subscription();
        CHECK(j.take() == "end take 6 of a\n");
        {
            auto another = co_await nc.subscribe("b");
            co_await nc.publish("b", "7");
            m = co_await another.next(scaled(5s));
            CHECK(j.take() == "begin take 7 of b\n");
        }
        CHECK(j.take() == "end take 7 of b\n");
    });
}

TEST_CASE("L07 hooks that throw, return nothing, or use the client harm nobody") {
    nats_server server;
    int asked = 0;
    conats::client self;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(server.url());
        o.publish_hook([&](conats::outgoing_message& m) -> pointer {
            ++asked;
            m.set_header("Depth", m.subject() == "a" ? "outer" : "inner");
            if (m.subject() == "a")
                self.try_publish("inner", "from the hook");
            m.add_header("Depth", "again");
            if (m.payload().text() == "throw")
                throw std::runtime_error("the hook's");
            return nullptr;
        });
        o.delivery_hook([&](const conats::delivery&) -> pointer {
            ++asked;
            throw std::runtime_error("the hook's");
        });
        self = co_await conats::connect(o);
        auto inner = co_await self.subscribe("inner");
        auto outer = co_await self.subscribe("a");
        co_await self.publish("a", "throw");
        auto first = co_await inner.next(scaled(5s));
        auto second = co_await outer.next(scaled(5s));
        REQUIRE(first);
        REQUIRE(second);
        CHECK(first->headers().values("Depth") == std::vector<std::string_view>{"inner", "again"});
        CHECK(second->headers().values("Depth") == std::vector<std::string_view>{"outer", "again"});
        CHECK(asked == 4);
        self = conats::client();
    });
}

TEST_CASE("L07 a publish hook may destroy the client that it was called by") {
    nats_server server;
    for (const std::string verb :
         {"publish", "publish a large one", "try_publish", "request", "request_many"}) {
        CAPTURE(verb);
        run([&]() -> asio::awaitable<void> {
            std::optional<conats::client> nc;
            conats::connect_options o(server.url());
            o.high_water_mark(32 << 10).publish_hook([&](conats::outgoing_message&) -> pointer {
                nc.reset();
                return nullptr;
            });
            nc = co_await conats::connect(o);
            const std::string large(40'000, 'x');
            conats::error e;
            if (verb == "publish")
                co_await nc->publish("a", "x", e);
            else if (verb == "publish a large one")
                co_await nc->publish("a", large, e);
            else if (verb == "try_publish")
                e = nc->try_publish("a", conats::payload_view("x"));
            else if (verb == "request")
                (void)co_await nc->request("a", "x", scaled(5s), e);
            else
                (void)co_await nc->request_many("a", "x").next(e);
            CHECK_FALSE(nc);
            if (verb == "request_many") // its inbox is a handle too
                CHECK_FALSE(e);
            else
                CHECK(e.code() == errc::closed);
        });
    }
}

TEST_CASE(
    "L07 a header that is none is an error of the call, and a server without headers is told") {
    scripted_peer old([](peer_session& s) {
        s.info().headers(false);
        s.handshake();
        s.serve();
    });
    bool takes = true;
    run([&]() -> asio::awaitable<void> {
        conats::connect_options o(old.url());
        o.publish_hook([&](conats::outgoing_message& m) -> pointer {
            takes = m.takes_headers();
            if (m.subject() == "bad")
                m.set_header("no name:", "x");
            return nullptr;
        });
        auto nc = co_await conats::connect(o);
        CHECK_FALSE(nc.try_publish("good", conats::payload_view("x")));
        CHECK_FALSE(takes);
        CHECK(nc.try_publish("bad", conats::payload_view("x")).code() == errc::invalid_header);
        // The fault does not stay in the room that is used again.
        CHECK_FALSE(nc.try_publish("good", conats::payload_view("x")));
    });
}
