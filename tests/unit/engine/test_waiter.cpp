// SPDX-License-Identifier: Apache-2.0
#include "engine/waiter.hpp"
#include "queue_fixture.hpp"
#include "support/catch.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace {

using namespace conats::impl;
using conats::test::feed;
using conats::test::make_subscription;
using conats::test::sleeper;
namespace asio = boost::asio;

void run(asio::io_context& context) {
    context.restart();
    context.poll();
}

/// One wait as the client does it: afterwards the log says how it ended, and what was taken.
asio::awaitable<void> wait_once(std::shared_ptr<subscription_state> s, std::string* log) {
    subscription_state::consumer_wait w;
    s->begin_wait(w);
    co_await park(s, w);
    s->end_wait();
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        *log += "cancelled";
    else
        *log += conats::test::take(*s);
}

/// A coroutine in `wait_once`.
struct waiting_coroutine {
    explicit waiting_coroutine(asio::io_context& context) : context_(&context) {
        asio::co_spawn(context, wait_once(s, &log),
                       asio::bind_cancellation_slot(cancellation.slot(), asio::detached));
        run(context);
    }
    /// Cancels it as those who are to do so do: on its executor.
    void cancel() {
        asio::post(*context_, [this] { cancellation.emit(asio::cancellation_type::terminal); });
    }
    [[nodiscard]] std::string outcome() {
        run(*context_);
        return log;
    }

    std::shared_ptr<subscription_state> s = make_subscription();
    std::string log;
    asio::cancellation_signal cancellation;

private:
    asio::io_context* context_;
};

} // namespace

TEST_CASE("parked_handler is resumed by post, later, once") {
    asio::io_context context;
    const sleeper operation(context);
    parked_handler h = operation.handler();
    CHECK(static_cast<bool>(h));
    h.post();
    CHECK_FALSE(static_cast<bool>(h));
    CHECK(operation.parked() == 1); // in the context's queue now
    h.post();
    h.destroy();
    CHECK(operation.resumed() == 1);
    CHECK(operation.parked() == 0);
}

TEST_CASE("parked_handler that is destroyed does not run") {
    asio::io_context context;
    const sleeper operation(context);
    parked_handler h = operation.handler();
    h.destroy();
    CHECK(operation.parked() == 0);
    h.destroy();
    h.post();
    {
        const parked_handler leaves_scope = operation.handler();
        CHECK(operation.parked() == 1);
    }
    CHECK(operation.parked() == 0);
    CHECK(operation.resumed() == 0);
}

TEST_CASE("parked_handler moves") {
    asio::io_context context;
    const sleeper first(context);
    const sleeper second(context);
    parked_handler a = first.handler();
    parked_handler b(std::move(a));
    CHECK_FALSE(static_cast<bool>(a)); // NOLINT(bugprone-use-after-move): it is empty then
    CHECK(first.parked() == 1);

    parked_handler c = second.handler();
    c = std::move(b); // what it held is destroyed
    CHECK(second.parked() == 0);
    CHECK(first.parked() == 1);
    parked_handler& same = c;
    c = std::move(same);
    CHECK(static_cast<bool>(c));
    c = parked_handler();
    CHECK(first.parked() == 0);
    CHECK(first.resumed() == 0);
}

TEST_CASE("parked_handler knows whose it is, and that it is empty") {
    asio::io_context context;
    asio::io_context other;
    const parked_handler h = sleeper(context).handler();
    CHECK(h.context() == &context);
    CHECK(h.context() != &other);
    parked_handler empty;
    CHECK_FALSE(static_cast<bool>(empty));
    CHECK(empty.context() == nullptr);
    empty.post();
    empty.destroy();
}

TEST_CASE("parked_handler runs on its own executor, whoever posts it") {
    asio::io_context own;
    asio::io_context other;
    const sleeper operation(own);
    parked_handler h = operation.handler();
    asio::post(other, [&h] { h.post(); });
    run(other);
    CHECK(operation.parked() == 1); // not run there
    CHECK(operation.resumed() == 1);
}

TEST_CASE("parked coroutine is resumed by a message") {
    asio::io_context context;
    feed reader;
    waiting_coroutine w(context);
    CHECK(w.outcome().empty());
    reader.arrive(*w.s, "a").consumer.post();
    CHECK(w.log.empty()); // not from within
    CHECK(w.outcome() == "a");
}

TEST_CASE("parked coroutine that is cancelled takes nothing") {
    asio::io_context context;
    feed reader;
    waiting_coroutine w(context);
    w.cancel();
    CHECK(w.outcome() == "cancelled");
    reader.arrive(*w.s, "a").consumer.post();
    CHECK(conats::test::take(*w.s) == "a");
}

TEST_CASE("parked coroutine cancelled after the message came takes nothing either") {
    asio::io_context context;
    feed reader;
    waiting_coroutine w(context);
    asio::post(context, [&] {
        reader.arrive(*w.s, "a").consumer.post();
        w.cancellation.emit(asio::cancellation_type::terminal); // it has not resumed yet
    });
    CHECK(w.outcome() == "cancelled");
    CHECK(conats::test::take(*w.s) == "a");
}

TEST_CASE("parked coroutine cancelled twice, and after its end, is resumed once") {
    asio::io_context context;
    feed reader;
    waiting_coroutine w(context);
    w.cancel();
    w.cancel();
    CHECK(w.outcome() == "cancelled");
    w.cancel();
    CHECK(w.outcome() == "cancelled");
}

TEST_CASE("parked coroutine goes with its frame when its keeper destroys it") {
    asio::io_context context;
    std::optional<waiting_coroutine> w(context);
    const std::weak_ptr<subscription_state> watch = w->s;
    parked_handler h = w->s->abandon();
    CHECK(h.context() == &context);
    w.reset();
    CHECK_FALSE(watch.expired()); // the frame holds it
    h.destroy();
    run(context); // Asio unwinds it on its executor
    CHECK(watch.expired());
}
