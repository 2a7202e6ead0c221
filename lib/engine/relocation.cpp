// SPDX-License-Identifier: Apache-2.0
#include "engine/relocation.hpp"

#include "engine/abandon_guard.hpp"
#include "engine/connect_walk.hpp"
#include "engine/connection.hpp"
#include "support/later.hpp"

#include <boost/asio/this_coro.hpp>

#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

relocation::relocation(connection& c, std::unique_ptr<connect_walk>& next)
    : connection_(c),
      next_(next) {}

void relocation::stop() {
    over_ = true;
    if (timer_)
        timer_->cancel();
    if (dialling_) // else it may be the next session's already
        next_->stop(error());
}

asio::awaitable<void> relocation::run(abandon_guard guard) {
    const auto self = connection_.shared_from_this();
    is_running_ = true;
    wait_node announced;
    const node_guard in_list(*self, announced);
    if (self->begin_lame_duck_wait(announced))
        co_await park(self, announced);
    try {
        if (!over_ && announced.outcome == wake::ready)
            co_await move();
    } catch (...) { // no memory: it stays until the server closes
        dialling_ = false;
        next_.reset();
    }
    guard.dismiss();
}

asio::awaitable<void> relocation::move() {
    // All clients of the server are told at once; they are not to come to the next all at once.
    co_await rest(connection_.moving_delay(false));
    while (!over_) {
        const auto servers = connection_.other_servers();
        for (const auto& s : servers) {
            const bool done = co_await move_to(s);
            if (done)
                co_return;
        }
        co_await rest(connection_.moving_delay(true));
    }
}

asio::awaitable<void> relocation::rest(std::chrono::nanoseconds t) {
    if (over_)
        co_return;
    if (!timer_) {
        const auto strand = co_await asio::this_coro::executor;
        timer_ = std::make_unique<timer>(strand);
    }
    timer_->expires_at(later(connection_.now(), t));
    co_await timer_->wait();
}

asio::awaitable<bool> relocation::move_to(std::shared_ptr<const server_address> server) {
    if (over_ || !connection_.may_move())
        co_return true;
    next_ = std::make_unique<connect_walk>(connection_);
    dialling_ = true;
    error e = co_await next_->try_ahead(server);
    dialling_ = false;
    if (over_)
        co_return true;
    if (!e) {
        if (!connection_.begin_move(std::move(server)))
            next_.reset();
        co_return true;
    }
    connection_.raise(event(event_kind::connect_failed, std::move(e)));
    co_return false;
}

} // namespace impl
} // namespace v0
} // namespace conats
