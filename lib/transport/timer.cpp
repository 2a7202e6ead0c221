// SPDX-License-Identifier: Apache-2.0
#include "transport/timer.hpp"

#include <boost/asio/query.hpp>

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

manual_time* manual_time_of(const asio::any_io_executor& executor) {
    asio::execution_context& context = asio::query(executor, asio::execution::context);
    return asio::has_service<manual_time>(context) ? &asio::use_service<manual_time>(context)
                                                   : nullptr;
}

} // namespace

manual_time::manual_time(asio::execution_context& owner, clock::time_point start)
    : service(owner),
      now_(start) {}

manual_time& manual_time::of(asio::execution_context& context) {
    return asio::use_service<manual_time>(context);
}

manual_time::clock::time_point manual_time::next_deadline() const noexcept {
    auto first = clock::time_point::max();
    for (const timer* t : waiting_)
        if (t->at_ > now_)
            first = std::min(first, t->at_);
    return first;
}

void manual_time::advance_to(clock::time_point t) {
    now_ = std::max(now_, t);
    for (timer* w : waiting_)
        if (w->expired())
            w->cancel();
}

const time_source& time_of(const asio::any_io_executor& executor) {
    static const system_time system;
    const manual_time* manual = manual_time_of(executor);
    if (manual != nullptr)
        return *manual;
    return system;
}

timer::timer(const asio::any_io_executor& executor)
    : timer_(executor),
      time_(&time_of(executor)),
      manual_(manual_time_of(executor)) {
    if (manual_ != nullptr)
        manual_->waiting_.push_back(this);
}

timer::~timer() {
    if (manual_ != nullptr)
        std::erase(manual_->waiting_, this);
}

void timer::expires_at(clock::time_point t) {
    at_ = t;
    if (manual_ == nullptr)
        timer_.expires_at(t);
    else
        timer_.expires_at(expired() ? clock::time_point::min() : clock::time_point::max());
}

} // namespace impl
} // namespace v0
} // namespace conats
