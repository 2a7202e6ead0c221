// SPDX-License-Identifier: Apache-2.0
#include "client/wait.hpp"
#include "engine/event_queue.hpp"

#include <conats/event.hpp>

#include <utility>

namespace conats {
inline namespace v0 {

namespace impl {
namespace {

/// Marks the stream's consumer as waiting for as long as it lives.
class waiting_for_event {
public:
    explicit waiting_for_event(event_queue& q) : queue_(q) {
        if (!q.begin_wait())
            throw conats::system_error(
                error(errc::already_waiting, "the event stream has a waiting consumer already"));
    }
    waiting_for_event(const waiting_for_event&) = delete;
    waiting_for_event& operator=(const waiting_for_event&) = delete;
    ~waiting_for_event() { queue_.end_wait(); }

    event_queue::consumer_wait wait;

private:
    event_queue& queue_;
};

asio::awaitable<std::optional<event>> next(std::shared_ptr<event_queue> q) {
    if (!q)
        throw conats::system_error(
            error(errc::closed, "the event stream is empty: made by default, or moved from"));
    std::optional<event> e = q->take();
    while (!e && !q->closed()) {
        waiting_for_event w(*q);
        co_await park(q, w.wait);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (is_cancelled(state))
            report(aborted(), nullptr);
        e = q->take();
    }
    co_return e;
}

} // namespace
} // namespace impl

event_stream::event_stream() noexcept = default;
event_stream::event_stream(std::shared_ptr<impl::event_queue> queue) noexcept
    : queue_(std::move(queue)) {}
event_stream::event_stream(event_stream&&) noexcept = default;
event_stream& event_stream::operator=(event_stream&&) noexcept = default;
event_stream::~event_stream() = default;

asio::awaitable<std::optional<event>> event_stream::next() {
    return impl::next(queue_);
}

std::optional<event> event_stream::try_next() {
    return queue_ ? queue_->take() : std::nullopt;
}

} // namespace v0
} // namespace conats
