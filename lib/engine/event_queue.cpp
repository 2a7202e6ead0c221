// SPDX-License-Identifier: Apache-2.0
#include "engine/event_queue.hpp"

#include <algorithm>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

bool is_kept(const event& e) {
    return e.kind() == event_kind::status_changed;
}

} // namespace

void event_queue::push(const event& e) {
    parked_handler h;
    {
        const std::lock_guard lock(mutex_);
        if (closed_ || merge(e))
            return;
        if (!is_kept(e) && ++droppable_ > max_waiting)
            make_room();
        try {
            events_.push_back(e);
        } catch (...) { // no memory
            dropped_ += e.count();
            droppable_ -= is_kept(e) ? 0 : 1;
        }
        h = take_consumer(wake::ready);
    }
    h.post();
}

void event_queue::lose() noexcept {
    parked_handler h;
    {
        const std::lock_guard lock(mutex_);
        ++dropped_;
        h = take_consumer(wake::ready);
    }
    h.post();
}

bool event_queue::merge(const event& e) {
    if (is_kept(e) || events_.empty() || e.kind() == event_kind::subscription_changed)
        return false;
    event& last = events_.back();
    if (last.kind() != e.kind() || !(last.what() == e.what()))
        return false;
    last.count(last.count() + e.count());
    return true;
}

void event_queue::make_room() {
    const auto oldest = std::find_if_not(events_.begin(), events_.end(), is_kept);
    dropped_ += oldest->count();
    events_.erase(oldest);
    --droppable_;
}

void event_queue::close() {
    parked_handler h;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        h = take_consumer(wake::ended);
    }
    h.post();
}

std::optional<event> event_queue::take() {
    const std::lock_guard lock(mutex_);
    if (dropped_ != 0)
        return event(event_kind::events_dropped).count(std::exchange(dropped_, 0));
    if (events_.empty())
        return std::nullopt;
    std::optional<event> e(std::move(events_.front()));
    events_.pop_front();
    if (!is_kept(*e))
        --droppable_;
    return e;
}

bool event_queue::closed() const {
    const std::lock_guard lock(mutex_);
    return closed_ && events_.empty() && dropped_ == 0;
}

bool event_queue::begin_wait() {
    const std::lock_guard lock(mutex_);
    return !std::exchange(consumer_waits_, true);
}

void event_queue::end_wait() {
    const std::lock_guard lock(mutex_);
    consumer_waits_ = false;
    waiting_ = nullptr;
}

void event_queue::park(consumer_wait& w, parked_handler h) {
    {
        const std::lock_guard lock(mutex_);
        if (events_.empty() && dropped_ == 0 && !closed_) {
            waiting_ = &w;
            consumer_ = std::move(h);
            return;
        }
    }
    h.post();
}

void event_queue::cancel(consumer_wait& w) {
    parked_handler h;
    {
        const std::lock_guard lock(mutex_);
        if (waiting_ == &w)
            h = take_consumer(wake::cancelled);
    }
    h.post();
}

parked_handler event_queue::abandon() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    return take_consumer(wake::ended);
}

parked_handler event_queue::take_consumer(wake outcome) {
    if (consumer_)
        waiting_->outcome = outcome;
    return std::move(consumer_);
}

} // namespace impl
} // namespace v0
} // namespace conats
