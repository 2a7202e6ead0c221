// SPDX-License-Identifier: Apache-2.0
#include "receiver.hpp"

#include "exit_code.hpp"

#include <exception>
#include <utility>

namespace tool {

receiver::receiver(std::shared_ptr<ending> end, std::uint64_t count, consumer take)
    : end_(std::move(end)),
      left_(count),
      take_(std::move(take)),
      counts_(count != 0) {}

void receiver::subscribe(const conats::client& nc, const std::string& subject,
                         const std::string& queue) {
    conats::subscribe_options o;
    // Also at the server: others of the group get what is not wanted here.
    o.queue_group(queue).max_messages(left_);
    subscriptions_.push_back(
        nc.on(subject, [this](const conats::message& m) { on_message(m); }, o));
    const conats::error e = subscriptions_.back().end_reason();
    if (e)
        throw failure(code_of(e), advise(e));
}

asio::awaitable<void> receiver::confirm(conats::client nc, std::chrono::nanoseconds limit) const {
    co_await nc.flush(limit);
    for (const conats::subscription& sub : subscriptions_) {
        const conats::error e = sub.end_reason();
        if (e && e != conats::errc::max_messages_reached)
            throw failure(code_of(e), advise(e));
    }
}

void receiver::on_message(const conats::message& m) {
    if (counts_ && left_ == 0)
        return; // of another subject, behind the last one that was wanted
    idle_since_ = std::chrono::steady_clock::now();
    try {
        take_(m, ++number_);
    } catch (...) {
        end_->reach(std::current_exception());
    }
    if (counts_ && --left_ == 0)
        end_->reach(done);
}

asio::awaitable<void> drain(conats::client nc) {
    conats::error e;
    co_await nc.drain(e);
    if (e && e != conats::condition::disconnected && e != conats::condition::closed)
        throw failure(code_of(e), "not everything was handled: " + advise(e));
}

} // namespace tool
