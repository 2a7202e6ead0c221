// SPDX-License-Identifier: Apache-2.0
// Every operation, ended in every way at every time: its handler is called exactly once, with the
// documented outcome.
#include "integration/helpers.hpp"
#include "support/catch.hpp"
#include "support/scripted_peer.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace conats::test;
using namespace std::chrono_literals;

namespace {

enum class operation { connect, publish, next, request, flush, drain };
enum class ending { cancel, close, destroy, disconnect };
enum class moment { before, during, ready, after };

constexpr std::string_view operations[] = {"connect", "publish", "next",
                                           "request", "flush",   "drain"};
constexpr std::string_view endings[] = {"cancel", "close", "destroy", "disconnect"};

/// Between a server and what it answers: with `holds` the answer that ends the operation waits
/// until the test wants it.
class answer_gate {
public:
    answer_gate(operation o, bool holds) : operation_(o), holds_(holds) {}

    /// For the server, before an answer that ends such an operation.
    void pass(peer_session& s, operation o) {
        if (o != operation_ || !holds_)
            return;
        asked_ = true;
        s.wait_for_test();
    }
    /// Behind it.
    void passed(operation o) { answered_ = answered_ || o == operation_; }

    [[nodiscard]] bool asked() const { return asked_; }
    [[nodiscard]] bool answered() const { return answered_; }

private:
    const operation operation_;
    const bool holds_;
    std::atomic<bool> asked_ = false;
    std::atomic<bool> answered_ = false;
};

/// A server that does all it is asked: a message for each subscription, a reply to each request.
void be_friendly(peer_session& s, answer_gate& gate) {
    const auto answer = [&](operation ended, const std::function<void()>& send) {
        gate.pass(s, ended);
        send();
        gate.passed(ended);
    };
    const auto pong = [&] { s.send("PONG\r\n"); };
    s.send_info();
    (void)s.expect_connect();
    (void)s.expect("PING");
    answer(operation::connect, pong);
    std::string inbox;
    for (int pings = 0;;) {
        const std::string line = s.line();
        const std::string last = line.substr(line.rfind(' ') + 1);
        if (line == "PING") // the second of a drain is its end
            answer(++pings == 1 ? operation::flush : operation::drain, pong);
        if (line.starts_with("SUB _INBOX."))
            inbox = last;
        if (line.starts_with("SUB a "))
            answer(operation::next, [&] { s.send_message("a", last, "x"); });
        if (line.starts_with("PUB "))
            (void)s.read(std::stoul(last) + 2);
        if (line.starts_with("PUB a _INBOX."))
            answer(operation::request,
                   [&] { s.send_message(line.substr(6, line.rfind(' ') - 6), inbox, "x"); });
    }
}

/// One that says nothing any more, and takes nothing.
void be_deaf(peer_session& s) {
    s.handshake();
    s.stop_reading();
}

void say_nothing(peer_session& s) {
    s.stop_reading();
}

/// One field of the matrix, in a context of its own.
class field {
public:
    field(operation o, ending e, moment m)
        : operation_(o),
          ending_(e),
          moment_(m),
          gate_(o, m == moment::ready) {
        peer_options options;
        const bool deaf = m == moment::during;
        if (deaf)
            options.receive_buffer(4096);
        const peer_script friendly = [this](peer_session& s) { be_friendly(s, gate_); };
        peer_.emplace(options, !deaf ? friendly : o == operation::connect ? say_nothing : be_deaf);
    }

    /// How often the handler was called, and with what. For `ready`: when it is ended, the answer
    /// has come and the executor has had so many turns.
    std::string outcome(int turns = 0) {
        if (closes_connect() && moment_ == moment::before)
            return "no client";
        if (operation_ != operation::connect)
            prepare();
        if (moment_ == moment::before && operation_ != operation::connect &&
            ending_ != ending::cancel)
            end();
        start();
        if (moment_ == moment::before &&
            (operation_ == operation::connect || ending_ == ending::cancel))
            end(); // before its first step
        if (moment_ == moment::during)
            suspend();
        if (moment_ == moment::ready)
            be_answered();
        if (moment_ == moment::after)
            run_until([&] { return calls_ != 0; });
        if (moment_ == moment::during && calls_ != (closes_connect() ? 1 : 0))
            return std::to_string(calls_) + " calls before it was ended";
        if (moment_ == moment::ready)
            end_after(turns);
        else if (moment_ != moment::before)
            end();
        run_until([&] { return calls_ != 0; });
        if (closes_connect() && client_.status() != conats::status::closed)
            return "not closed";
        // What would call it a second time has its chance.
        client_ = conats::client();
        subscription_.reset();
        peer_.reset();
        if (context_) {
            context_->restart();
            context_->run_for(scaled(100ms));
        }
        return calls_ == 1 ? result_ : std::to_string(calls_) + " calls";
    }

    /// How often the handler had been called when the operation was ended.
    [[nodiscard]] int calls_before() const { return calls_before_; }

private:
    /// Before `connect` has returned it nobody has a client to close. One that is returned while it
    /// still tries has no connection either, and is closed during the next attempt.
    [[nodiscard]] bool closes_connect() const {
        return operation_ == operation::connect && ending_ == ending::close;
    }

    [[nodiscard]] conats::connect_options options() const {
        conats::connect_options o(peer_->url());
        o.max_reconnects(0).high_water_mark(32 << 10).close_timeout(20ms).drain_timeout(
            scaled(20s));
        o.connect_timeout(scaled(20s));
        if (closes_connect() && moment_ == moment::during)
            o.retry_on_failed_connect(true).max_reconnects(-1).connect_timeout(scaled(50ms));
        return o.reconnect_wait(1ms).reconnect_jitter(0ms);
    }

    void prepare() {
        bool ready = false;
        const auto set_up = [&]() -> asio::awaitable<void> {
            client_ = co_await conats::connect(options());
            // To what the server sends a message for, only where it is to be read.
            if (operation_ == operation::next || operation_ == operation::drain)
                subscription_ = co_await client_.subscribe(
                    moment_ >= moment::ready && operation_ == operation::next ? "a" : "c");
            ready = true;
        };
        asio::co_spawn(*context_, set_up, asio::detached);
        run_until([&] { return ready; });
        // The socket and both of the outbox's buffers are full.
        if (operation_ == operation::publish && moment_ == moment::during)
            for (int i = 0; i != 8; ++i) {
                (void)client_.try_publish("b", std::string(std::size_t{1} << 20U, 'x'));
                context_->restart();
                context_->run_for(scaled(20ms));
            }
    }

    template <class T>
    void spawn(asio::awaitable<T> what, const std::function<std::string(T&)>& tell) {
        asio::co_spawn(*context_, std::move(what),
                       asio::bind_cancellation_slot(
                           signal_.slot(), [this, tell](const std::exception_ptr& e, T value) {
                               done(e, e ? std::string() : tell(value));
                           }));
    }
    void spawn(asio::awaitable<void> what) {
        asio::co_spawn(*context_, std::move(what),
                       asio::bind_cancellation_slot(
                           signal_.slot(), [this](const std::exception_ptr& e) { done(e, "ok"); }));
    }

    void start() {
        switch (operation_) {
        case operation::connect:
            spawn<conats::client>(conats::connect(options()), [this](conats::client& c) {
                client_ = std::move(c);
                return "ok";
            });
            break;
        case operation::publish: // above the mark, where it is to wait a little
            spawn(client_.publish("b", std::string(moment_ == moment::ready ? 40 << 10 : 1, 'x')));
            break;
        case operation::next:
            spawn<std::optional<conats::message>>(next_of(*subscription_),
                                                  [](auto& m) { return m ? "ok" : "end"; });
            break;
        case operation::request:
            spawn<conats::message>(client_.request("a", "", scaled(20s)),
                                   [](auto&) { return "ok"; });
            break;
        case operation::flush: spawn(client_.flush(scaled(20s))); break;
        case operation::drain: spawn(client_.drain()); break;
        }
    }

    static asio::awaitable<std::optional<conats::message>> next_of(conats::subscription& s) {
        return s.next();
    }

    void end() {
        switch (ending_) {
        case ending::cancel: signal_.emit(asio::cancellation_type::terminal); break;
        case ending::close:
            if (client_)
                asio::co_spawn(*context_, client_.close(), asio::detached);
            if (moment_ == moment::before || closes_connect())
                run_until([&] { return client_.status() == conats::status::closed; });
            break;
        case ending::destroy:
            if (operation_ == operation::connect) {
                context_.reset(); // there is no handle yet
                break;
            }
            client_ = conats::client();
            if (moment_ != moment::before)
                subscription_.reset();
            else if (subscription_)
                conats::subscription(std::move(*subscription_));
            break;
        case ending::disconnect:
            peer_.reset();
            if (moment_ == moment::before && client_)
                run_until([&] { return client_.status() == conats::status::closed; });
            break;
        }
    }

    /// Runs until it waits for what does not come.
    void suspend() {
        if (operation_ == operation::connect)
            run_until([&] { return peer_->connections() == (closes_connect() ? 2 : 1); });
        if (closes_connect())
            return;
        context_->restart();
        context_->run_for(scaled(20ms));
    }

    /// Lets the answer come that ends the operation.
    void be_answered() {
        if (operation_ == operation::publish)
            return; // nobody answers that
        run_until([&] { return gate_.asked(); });
        context_->restart();
        context_->poll();
        peer_->proceed();
        REQUIRE(eventually([&] { return gate_.answered(); }));
    }

    /// Ends it after so many turns of the executor, and in one: a cancellation from outside would
    /// come a turn later.
    void end_after(int turns) {
        context_->restart();
        if (operation_ == operation::connect && ending_ == ending::destroy) { // not by a handler
            for (int i = 0; i != turns; ++i)
                context_->poll_one();
            calls_before_ = calls_;
            end();
            return;
        }
        bool ended = false;
        std::function<void()> turn = [&] {
            if (turns-- != 0)
                return asio::post(*context_, turn);
            calls_before_ = calls_;
            end();
            ended = true;
        };
        asio::post(*context_, turn);
        run_until([&] { return ended; });
    }

    void run_until(const std::function<bool()>& f) {
        if (!context_)
            return;
        const auto until = std::chrono::steady_clock::now() + scaled(5s);
        context_->restart();
        while (!f() && std::chrono::steady_clock::now() < until)
            context_->run_one_for(5ms);
    }

    void done(const std::exception_ptr& e, std::string result) {
        ++calls_;
        result_ = std::move(result);
        if (!e)
            return;
        try {
            std::rethrow_exception(e);
        } catch (const conats::system_error& failure) {
            result_ = std::string(to_string(static_cast<conats::errc>(failure.code().value())));
        } catch (const boost::system::system_error& failure) {
            result_ = failure.code() == asio::error::operation_aborted ? "cancelled"
                                                                       : failure.code().message();
        }
    }

    operation operation_;
    ending ending_;
    moment moment_;
    answer_gate gate_;
    std::optional<scripted_peer> peer_;
    std::optional<asio::io_context> context_{std::in_place};
    asio::cancellation_signal signal_;
    conats::client client_;
    std::optional<conats::subscription> subscription_;
    std::string result_;
    int calls_ = 0;
    int calls_before_ = 0;
};

/// By operation and ending: the outcomes before it starts, while it waits, and behind its success.
/// What has succeeded is not undone. With the context goes who waits in it: then nothing is called.
const std::map<std::string, std::string> expected{
    {"connect cancel", "cancelled, cancelled, ok"},
    {"connect close", "no client, ok, ok"},
    {"connect destroy", "0 calls, 0 calls, ok"},
    {"connect disconnect", "connection_refused, disconnected, ok"},
    {"publish cancel", "ok, cancelled, ok"}, // before: it is accepted in the call
    {"publish close", "closed, closed, ok"},
    {"publish destroy", "closed, closed, ok"},
    {"publish disconnect", "disconnected, disconnected, ok"},
    {"next cancel", "cancelled, cancelled, ok"},
    {"next close", "end, end, ok"},
    {"next destroy", "closed, end, ok"},
    {"next disconnect", "end, end, ok"},
    {"request cancel", "cancelled, cancelled, ok"},
    {"request close", "closed, closed, ok"},
    {"request destroy", "closed, closed, ok"},
    {"request disconnect", "disconnected, disconnected, ok"},
    {"flush cancel", "cancelled, cancelled, ok"},
    {"flush close", "closed, closed, ok"},
    {"flush destroy", "closed, closed, ok"},
    {"flush disconnect", "disconnected, disconnected, ok"},
    {"drain cancel", "cancelled, cancelled, ok"},
    {"drain close", "closed, closed, ok"},
    {"drain destroy", "closed, closed, ok"},
    {"drain disconnect", "disconnected, disconnected, ok"},
};

std::string name_of(int o, int e) {
    return std::string(operations[o]) + " " + std::string(endings[e]);
}

/// What comes of it where it is ended while it waits.
std::string expected_during(const std::string& name) {
    const std::string& all = expected.at(name);
    const auto from = all.find(", ") + 2;
    return all.substr(from, all.find(", ", from) - from);
}

/// Whether a success that has come is none before the waiting coroutine has taken it: a result is
/// not, once that is cancelled. With a subscription go its messages, with a context its coroutines.
bool needs_taking(std::string_view name) {
    for (const char* one :
         {"connect cancel", "next cancel", "request cancel", "next destroy", "connect destroy"})
        if (name == one)
            return true;
    return false;
}

} // namespace

TEST_CASE("D11 each operation ends once, however and whenever it is ended") {
    const auto o = GENERATE(range(0, 6));
    for (int e = 0; e != 4; ++e) {
        const std::string name = name_of(o, e);
        std::string outcomes;
        for (const moment m : {moment::before, moment::during, moment::after}) {
            field f(static_cast<operation>(o), static_cast<ending>(e), m);
            outcomes += (m == moment::before ? "" : ", ") + f.outcome();
        }
        CAPTURE(name);
        CHECK(outcomes == expected.at(name));
    }
}

TEST_CASE("D11, S73 an operation that is ended while its success is under way ends once") {
    const auto o = GENERATE(range(0, 6));
    for (int e = 0; e != 4; ++e) {
        const std::string name = name_of(o, e);
        if (name == "connect close")
            continue; // who waits for the client cannot close it
        bool succeeded_untold = false;
        bool told = false;
        for (int turns = 0; turns <= 12; ++turns) {
            field f(static_cast<operation>(o), static_cast<ending>(e), moment::ready);
            const std::string outcome = f.outcome(turns);
            CAPTURE(name, turns, outcome);
            told = f.calls_before() == 1;
            CHECK((told || f.calls_before() == 0));
            CHECK((outcome == "ok" || (!told && outcome == expected_during(name))));
            succeeded_untold = succeeded_untold || (!told && outcome == "ok");
        }
        CAPTURE(name);
        CHECK(told);                                    // in the end
        CHECK(succeeded_untold == !needs_taking(name)); // that moment was met
    }
}
