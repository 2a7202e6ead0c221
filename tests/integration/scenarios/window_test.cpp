// SPDX-License-Identifier: Apache-2.0
// An operation is cancelled when it has completed already and its caller does not know yet: the
// client runs on one context and its caller on another, and the test decides which of them goes on.
#include "integration/helpers.hpp"
#include "support/catch.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;
using namespace asio::experimental::awaitable_operators;
using conats::errc;

namespace {

using work = std::function<asio::awaitable<void>()>;

/// How a coroutine ended, if it has.
class outcome {
public:
    outcome() {} // not an aggregate, for g++ 12
    outcome(const outcome&) = delete;
    outcome& operator=(const outcome&) = delete;

    int ends = 0;
    conats::error_code code;

    [[nodiscard]] auto token() {
        return [this](const std::exception_ptr& failure) {
            ++ends;
            try {
                if (failure)
                    std::rethrow_exception(failure);
            } catch (const boost::system::system_error& e) {
                code = e.code();
            }
        };
    }
};

template <class T>
asio::awaitable<void> swallow(asio::awaitable<T> a) {
    (void)co_await std::move(a);
}

/// A client and its caller. What the client resumes of the caller stays queued until the caller has
/// its turn.
class stage {
    asio::io_context own_;
    asio::io_context caller_;

public:
    stage(const nats_server& server, bool unique_inboxes) : subscriptions(unique_inboxes ? 3 : 4) {
        conats::connect_options o(server.url());
        o.high_water_mark(32 << 10).unique_inboxes(unique_inboxes).reconnect_wait(1ms);
        client_does([&]() -> asio::awaitable<void> {
            nc = co_await conats::connect(o);
            sub = co_await nc.subscribe("own");
            silent = co_await nc.subscribe("silent");
            const auto echo = [](const conats::message& m) { m.try_respond(m.text()); };
            service = nc.on("echo", echo);
            events = nc.events();
            co_await settle();
        });
    }
    stage(const stage&) = delete;
    stage& operator=(const stage&) = delete;

    conats::client nc;
    conats::subscription sub; // of "own"
    conats::subscription silent;
    conats::subscription service;
    conats::subscription other; // an operation's own
    conats::reply_stream replies;
    conats::event_stream events;
    const std::uint64_t subscriptions; // own, silent, echo and, where it is shared, the inbox
    int sent = 0;                      // to "own"
    int taken = 0;                     // by whoever it was

    /// The client's context runs until `what` has ended.
    void client_does(const work& what) {
        outcome o;
        asio::co_spawn(own_, what(), o.token());
        const deadline end(10s);
        own_.restart();
        while (o.ends == 0 && !end.passed())
            own_.run_one_for(10ms);
        if (o.ends == 0 || o.code)
            throw timed_out("the client's side: " + o.code.message());
    }
    [[nodiscard]] asio::io_context& caller() { return caller_; }
    /// The caller does all it can without the client.
    void caller_goes_on() {
        caller_.restart();
        caller_.poll();
    }

    // --- Steps of the client's side

    /// What was under way before has been answered.
    asio::awaitable<void> settle() {
        co_await nc.flush();
        auto reply = co_await nc.request("echo", "still");
        if (reply.text() != "still")
            throw std::runtime_error("another request's reply");
        co_await nc.flush();
    }
    asio::awaitable<void> send() {
        ++sent;
        co_await nc.publish("own", "x");
        co_await nc.flush();
    }
    asio::awaitable<void> reconnect() {
        const auto before = nc.statistics().reconnects;
        nc.force_reconnect();
        const bool there = co_await async_eventually([&] {
            return nc.statistics().reconnects > before && nc.status() == conats::status::connected;
        });
        if (!there)
            throw std::runtime_error("the client has not reconnected");
    }
    asio::awaitable<void> is_closed() {
        const bool there =
            co_await async_eventually([&] { return nc.status() == conats::status::closed; });
        if (!there)
            throw std::runtime_error("the client has not closed");
    }

    // --- Steps of the caller

    asio::awaitable<void> take(bool timed) {
        std::optional<conats::message> m;
        if (timed)
            m = co_await sub.next(1h);
        else
            m = co_await sub.next();
        taken += m.has_value();
    }
    asio::awaitable<void> take_batch() {
        std::vector<conats::message> all;
        taken += static_cast<int>(co_await sub.next_batch(all, 10));
    }
    asio::awaitable<void> subscribe_confirmed() {
        conats::subscribe_options confirmed;
        confirmed.confirm(true);
        other = co_await nc.subscribe("other", confirmed);
    }
    asio::awaitable<void> drain_other() {
        other = co_await nc.subscribe("other");
        co_await other.drain();
    }
    asio::awaitable<void> drain_handler() {
        other = nc.on("other", [](const conats::message&) {});
        co_await nc.publish("other", "x");
        co_await other.drain();
    }
    asio::awaitable<void> publish_large() {
        ++sent;
        co_await nc.publish("own", std::string(40'000, 'x')); // above the mark
    }
};

using step = std::function<asio::awaitable<void>(stage&)>;

/// An operation, and what the client has done when its completion is queued.
class window {
public:
    window(std::string_view n, step operation, step client)
        : name(n),
          begin(std::move(operation)),
          until(std::move(client)) {}

    std::string_view name;
    step begin;
    step until;
    step before;             ///< of the client's side
    conats::error_code code; ///< with which the operation ends by itself
    bool is_last = false;    ///< the client is closed afterwards

    window& ends_with(conats::error_code c) {
        code = c;
        return *this;
    }
    window& prepared_by(step s) {
        before = std::move(s);
        return *this;
    }
    window& closes() {
        is_last = true;
        return *this;
    }
};

asio::awaitable<void> settle(stage& s) {
    return s.settle();
}

/// Asks those who do not answer, and gives up.
asio::awaitable<void> ask_silent(stage& s) {
    return swallow(s.nc.request("silent", "", 1ms));
}

void add_waits(std::vector<window>& all) {
    all.emplace_back("flush", [](stage& s) { return s.nc.flush(); }, settle);
    all.emplace_back("rtt", [](stage& s) { return swallow(s.nc.rtt()); }, settle);
    all.emplace_back("ready", [](stage& s) { return s.sub.ready(); }, settle);
    all.emplace_back("confirm", [](stage& s) { return s.subscribe_confirmed(); }, settle);
    all.emplace_back("drain one", [](stage& s) { return s.drain_other(); }, settle);
    all.emplace_back("drain a handler", [](stage& s) { return s.drain_handler(); }, settle);
    all.emplace_back("publish", [](stage& s) { return s.publish_large(); }, settle);
    const auto barrier = [](stage& s) { return s.nc.barrier(1h); };
    const auto handle = [](stage& s) {
        s.taken += s.sub.try_next().has_value();
        s.taken += s.sub.try_next().has_value();
        return s.settle();
    };
    all.emplace_back("barrier", barrier, handle).prepared_by([](stage& s) { return s.send(); });
}

void add_requests(std::vector<window>& all) {
    const auto ask = [](stage& s) { return swallow(s.nc.request("echo", "x", 1h)); };
    all.emplace_back("request", ask, settle);
    const auto ask_nobody = [](stage& s) { return swallow(s.nc.request("nobody", "", 1h)); };
    all.emplace_back("request, nobody there", ask_nobody, settle).ends_with(errc::no_responders);
    // A later deadline passes later.
    const auto time_passes = [](stage& s) -> asio::awaitable<void> {
        conats::error e;
        (void)co_await s.nc.request("silent", "", 1ms, e);
        co_await s.settle();
    };
    all.emplace_back("request, timed out", ask_silent, time_passes).ends_with(errc::timeout);
    const auto gather = [](stage& s) {
        conats::request_many_options one(1h);
        one.max_messages(1);
        s.replies = s.nc.request_many("echo", "", one);
        return swallow(s.replies.next());
    };
    all.emplace_back("request_many", gather, settle);
}

void add_consumers(std::vector<window>& all) {
    const auto send = [](stage& s) { return s.send(); };
    all.emplace_back("next", [](stage& s) { return s.take(false); }, send);
    all.emplace_back("next, timed", [](stage& s) { return s.take(true); }, send);
    all.emplace_back("next_batch", [](stage& s) { return s.take_batch(); }, send);
    all.emplace_back("wait", [](stage& s) { return s.sub.wait(); }, send);
    const auto first_event = [](stage& s) {
        while (s.events.try_next()) {}
        return swallow(s.events.next());
    };
    const auto cause_event = [](stage& s) -> asio::awaitable<void> {
        s.other = co_await s.nc.subscribe("other");
        co_await s.settle();
    };
    all.emplace_back("events", first_event, cause_event);
}

void add_ends(std::vector<window>& all) {
    const auto flush = [](stage& s) { return s.nc.flush(); };
    const auto lose = [](stage& s) -> asio::awaitable<void> {
        co_await s.reconnect();
        co_await s.settle();
    };
    all.emplace_back("flush, connection lost", flush, lose).ends_with(errc::disconnected);
    const auto ask = [](stage& s) { return swallow(s.nc.request("silent", "", 1h)); };
    const auto close = [](stage& s) { return s.nc.close(); };
    all.emplace_back("request, closed", ask, close).ends_with(errc::closed).closes();
    all.emplace_back("close", [](stage& s) { return s.nc.close(); }, close).closes();
    const auto is_closed = [](stage& s) { return s.is_closed(); };
    all.emplace_back("drain", [](stage& s) { return s.nc.drain(); }, is_closed).closes();
}

std::vector<window> windows() {
    std::vector<window> all;
    add_waits(all);
    add_requests(all);
    add_consumers(all);
    add_ends(all);
    return all;
}

/// The next operations are as if nothing had been.
void check_unhurt(stage& s) {
    s.other = conats::subscription();
    s.replies = conats::reply_stream();
    s.client_does([&] { return s.settle(); });
    while (s.sub.try_next())
        ++s.taken;
    CHECK(s.taken == s.sent);
    while (s.silent.try_next()) {}
    const auto now = s.nc.statistics();
    CHECK(now.pending_requests == 0);
    CHECK(now.pings_outstanding == 0);
    CHECK(now.subscriptions == s.subscriptions);
}

/// Runs `test` once for each operation, on a client that is still open.
void for_each_window(const nats_server& server, const std::function<void(stage&, window&)>& test) {
    for (const bool unique_inboxes : {false, true}) {
        std::optional<stage> s;
        for (window& w : windows()) {
            INFO(w.name << (unique_inboxes ? ", unique inboxes" : ""));
            if (!s)
                s.emplace(server, unique_inboxes);
            if (w.before)
                s->client_does([&] { return w.before(*s); });
            test(*s, w);
            if (w.is_last)
                s.reset();
            else
                check_unhurt(*s);
        }
    }
}

/// An operand of || that is ready when the test says so.
class switched {
public:
    explicit switched(asio::io_context& context)
        : timer_(context, asio::steady_timer::time_point::max()) {}
    /// Its completion is queued now.
    void on() { timer_.cancel(); }
    [[nodiscard]] asio::awaitable<void> wait() {
        co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }

private:
    asio::steady_timer timer_;
};

/// An operation as an operand of ||.
class racing {
public:
    racing() {} // not an aggregate, for g++ 12
    racing(const racing&) = delete;
    racing& operator=(const racing&) = delete;

    int ends = 0;      ///< of the operation
    int successes = 0; ///< of them
    std::optional<std::size_t> winner;

    asio::awaitable<void> run(asio::awaitable<void> operation, switched& other) {
        auto first = counted(std::move(operation));
        auto both = std::move(first) || other.wait();
        const auto result = co_await std::move(both);
        winner = result.index();
    }

private:
    asio::awaitable<void> counted(asio::awaitable<void> operation) {
        struct end {
            explicit end(racing& r) : all(&r) {}
            end(const end&) = delete;
            end& operator=(const end&) = delete;
            ~end() { ++all->ends; }
            racing* all;
        };
        const end on_end(*this);
        co_await std::move(operation);
        ++successes;
    }
};

} // namespace

TEST_CASE("S73 an operation cancelled between its completion and its caller's turn") {
    nats_server server;
    const bool cancels = GENERATE(false, true); // without: the completion is queued indeed
    CAPTURE(cancels);
    int aborted = 0;
    for_each_window(server, [&](stage& s, window& w) {
        outcome o;
        asio::cancellation_signal signal;
        asio::co_spawn(s.caller(), w.begin(s),
                       asio::bind_cancellation_slot(signal.slot(), o.token()));
        s.caller_goes_on();
        CHECK(o.ends == 0);
        // In a turn of the caller: from elsewhere Asio posts the cancellation, behind what is
        // queued.
        asio::post(s.caller(), [&] {
            s.client_does([&] { return w.until(s); });
            CHECK(o.ends == 0);
            if (cancels) {
                signal.emit(asio::cancellation_type::terminal);
                signal.emit(asio::cancellation_type::terminal);
            }
        });
        s.caller_goes_on();
        CHECK(o.ends == 1);
        const bool as_it_was = o.code == w.code;
        const bool cancelled = o.code == asio::error::operation_aborted;
        INFO(o.code.message());
        CHECK((as_it_was || (cancels && cancelled)));
        aborted += cancelled ? 1 : 0;
    });
    CHECK((aborted > 0) == cancels); // those who look before they take have noticed
}

TEST_CASE("S72 || of two that are ready at once: whichever comes first, each ends once") {
    nats_server server;
    const bool operation_first = GENERATE(true, false);
    CAPTURE(operation_first);
    for_each_window(server, [&](stage& s, window& w) {
        outcome o;
        racing r;
        switched other(s.caller());
        asio::co_spawn(s.caller(), r.run(w.begin(s), other), o.token());
        s.caller_goes_on();
        CHECK(o.ends == 0);
        if (!operation_first)
            other.on();
        s.client_does([&] { return w.until(s); });
        if (operation_first)
            other.on();
        CHECK(r.ends == 0);
        s.caller_goes_on();
        CHECK(o.ends == 1);
        CHECK(r.ends == 1);
        INFO(o.code.message());
        CHECK_FALSE(o.code); // || lets the one that succeeds win
        REQUIRE(r.winner);
        if (operation_first)
            CHECK(*r.winner == (w.code ? 1U : 0U));
        else
            CHECK(*r.winner == 1);
        CHECK(r.successes <= (w.code ? 0 : 1));
    });
}
