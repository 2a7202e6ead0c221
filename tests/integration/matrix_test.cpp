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
enum class moment { before, during, after };

constexpr std::string_view operations[] = {"connect", "publish", "next",
                                           "request", "flush",   "drain"};
constexpr std::string_view endings[] = {"cancel", "close", "destroy", "disconnect"};
constexpr std::string_view moments[] = {"before", "during", "after"};

/// A server that does all it is asked: a message for each subscription, a reply to each request.
void be_friendly(peer_session& s) {
    s.handshake();
    std::string inbox;
    for (;;) {
        const std::string line = s.line();
        if (line == "PING")
            s.send("PONG\r\n");
        if (line.starts_with("SUB _INBOX."))
            inbox = line.substr(line.rfind(' ') + 1);
        if (line.starts_with("SUB a "))
            s.send_message("a", line.substr(line.rfind(' ') + 1), "x");
        if (line.starts_with("PUB a _INBOX.")) {
            (void)s.read(2); // an empty payload
            s.send_message(line.substr(6, line.rfind(' ') - 6), inbox, "x");
        }
        if (line == "PUB b 1")
            (void)s.read(3);
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
    field(operation o, ending e, moment m) : operation_(o), ending_(e), moment_(m) {
        peer_options options;
        options.receive_buffer(4096);
        const bool deaf = m == moment::during;
        peer_.emplace(options, !deaf                     ? be_friendly
                               : o == operation::connect ? say_nothing
                                                         : be_deaf);
    }

    /// How often the handler was called, and with what.
    std::string outcome() {
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
            run_until([&] { return is_suspended(); });
        if (moment_ == moment::after)
            run_until([&] { return calls_ != 0; });
        if (moment_ != moment::before)
            end();
        run_until([&] { return calls_ != 0; });
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

private:
    [[nodiscard]] conats::connect_options options() const {
        conats::connect_options o(peer_->url());
        o.max_reconnects(0).high_water_mark(32 << 10).close_timeout(20ms).drain_timeout(
            scaled(20s));
        return o.connect_timeout(scaled(20s));
    }

    void prepare() {
        bool ready = false;
        const auto set_up = [&]() -> asio::awaitable<void> {
            client_ = co_await conats::connect(options());
            // To what the server sends a message for, only where it is to be read.
            if (operation_ == operation::next || operation_ == operation::drain)
                subscription_ = co_await client_.subscribe(
                    moment_ == moment::after && operation_ == operation::next ? "a" : "c");
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
        case operation::publish: spawn(client_.publish("b", "x")); break;
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
            if (moment_ == moment::before)
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

    bool is_suspended() {
        if (operation_ == operation::connect)
            return peer_->connections() == 1;
        context_->run_for(scaled(20ms));
        return calls_ == 0;
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
    std::optional<scripted_peer> peer_;
    std::optional<asio::io_context> context_{std::in_place};
    asio::cancellation_signal signal_;
    conats::client client_;
    std::optional<conats::subscription> subscription_;
    std::string result_;
    int calls_ = 0;
};

/// By operation and ending: the outcomes before it starts, while it waits, and behind its success.
/// What has succeeded is not undone. There is no client to close before it is connected, and with
/// the context goes who waits in it: then nothing is called.
const std::map<std::string, std::string> expected{
    {"connect cancel", "cancelled, cancelled, ok"},
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

} // namespace

TEST_CASE("C17, D11 each operation ends once, however and whenever it is ended") {
    const auto o = GENERATE(range(0, 6));
    for (int e = 0; e != 4; ++e) {
        const std::string name = std::string(operations[o]) + " " + std::string(endings[e]);
        if (name == "connect close")
            continue;
        std::string outcomes;
        for (int m = 0; m != 3; ++m) {
            INFO(name << " " << moments[m]);
            field f(static_cast<operation>(o), static_cast<ending>(e), static_cast<moment>(m));
            outcomes += (m == 0 ? "" : ", ") + f.outcome();
        }
        CAPTURE(name);
        CHECK(outcomes == expected.at(name));
    }
}
