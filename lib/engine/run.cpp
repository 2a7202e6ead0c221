// SPDX-License-Identifier: Apache-2.0
#include "engine/run.hpp"

#include "engine/abandon_guard.hpp"
#include "engine/connect_walk.hpp"
#include "engine/connection.hpp"
#include "engine/session.hpp"
#include "engine/timekeeper.hpp"
#include "engine/together.hpp"
#include "transport/timer.hpp"
#include "values/no_memory.hpp"

#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <memory>
#include <new>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

/// The pause between two rounds over all servers.
class rest final : public loop_control {
public:
    rest(connection& c, const asio::any_io_executor& strand) : connection_(c), timer_(strand) {}

    asio::awaitable<void> until(connection::clock::time_point t) {
        const control_scope control(connection_, *this);
        timer_.expires_at(t);
        co_await timer_.wait();
    }

    void stop(const error& /*why*/) override { timer_.cancel(); }
    void hurry() override { timer_.cancel(); }

private:
    connection& connection_;
    timer timer_;
};

/// In a frame of its own, which goes with the timer.
asio::awaitable<void> rest_until(connection& c, connection::clock::time_point t) {
    const auto strand = co_await asio::this_coro::executor;
    rest between(c, strand);
    co_await between.until(t);
}

using walk_pointer = std::unique_ptr<connect_walk>;

/// One attempt, whose walk is left in `made`.
asio::awaitable<error> try_server(connection& c, std::shared_ptr<const server_address> server,
                                  walk_pointer& made) {
    try {
        made = std::make_unique<connect_walk>(c);
    } catch (const std::bad_alloc&) {
        co_return no_memory();
    }
    error e = co_await made->try_server(std::move(server));
    co_return e;
}

/// One session after another, for as long as the client moves from a server to the next. A walk
/// lives no longer than its session's beginning: an idle connection is small.
asio::awaitable<error> serve(connection& c, walk_pointer walk) {
    for (;;) {
        walk_pointer next;
        error e;
        {
            session s(c, walk->release_stream(), walk->release_input(), next);
            walk.reset();
            e = co_await s.serve();
        }
        if (!c.take_move())
            co_return e;
        next->adopt();
        walk = std::move(next);
    }
}

/// Connects and serves, again and again; returns why that is over.
asio::awaitable<error> live(const std::shared_ptr<connection>& c) {
    while (!c->stopping()) {
        const run_step step = c->next_step();
        if (step.action == run_action::give_up)
            co_return step.failure;
        if (step.action == run_action::wait) {
            co_await rest_until(*c, step.until);
            continue;
        }
        walk_pointer walk;
        error e = co_await try_server(*c, step.server, walk);
        if (e) {
            c->on_dial_failed(std::move(e));
            continue;
        }
        e = co_await serve(*c, std::move(walk));
        if (!c->on_session_end(e))
            co_return e;
    }
    co_return error(errc::closed);
}

// Throws nothing: that would end the timekeeper, and with it who waits for a deadline.
asio::awaitable<void> live_and_finish(std::shared_ptr<connection> c, timekeeper& time,
                                      abandon_guard guard) {
    error cause;
    const auto strand = co_await asio::this_coro::executor;
    co_await asio::post(strand, asio::deferred);
    if (!time.is_running()) // there was no memory for it, and it was posted before this
        c->abandon();
    try {
        if (!c->is_over())
            cause = co_await live(c);
    } catch (...) {
        cause = thrown_error(errc::disconnected);
    }
    c->finish(cause ? cause : error(errc::closed));
    time.stop();
    guard.dismiss();
}

asio::awaitable<void> run(std::shared_ptr<connection> c, abandon_guard guard) {
    const auto strand = co_await asio::this_coro::executor;
    {
        timekeeper time(*c);
        auto living = live_and_finish(c, time, guard.another());
        auto keeping = time.run(guard.another());
        auto loops = together(strand, std::move(living), std::move(keeping));
        const auto outcome = co_await std::move(loops);
        rethrow_failure(outcome);
    }
    guard.dismiss();
}

} // namespace

asio::awaitable<void> run(std::shared_ptr<connection> c) {
    abandon_guard guard(c);
    return run(std::move(c), std::move(guard));
}

} // namespace impl
} // namespace v0
} // namespace conats
