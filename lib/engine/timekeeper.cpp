// SPDX-License-Identifier: Apache-2.0
#include "engine/timekeeper.hpp"

#include "values/no_memory.hpp"

#include <new>

namespace conats {
inline namespace v0 {
namespace impl {

timekeeper::timekeeper(connection& c) : connection_(c), timer_(c.strand()) {
    connection_.keep_time_by(this);
}

timekeeper::~timekeeper() {
    connection_.keep_time_by(nullptr);
}

void timekeeper::stop() {
    over_ = true;
    timer_.cancel();
}

asio::awaitable<void> timekeeper::run(abandon_guard guard) {
    is_running_ = true;
    while (!over_ && !connection_.is_over()) {
        try {
            timer_.expires_at(connection_.on_tick());
        } catch (const std::bad_alloc&) { // the timer has expired: it asks again at once
            connection_.stop_now(no_memory());
        }
        co_await timer_.wait();
    }
    guard.dismiss();
}

} // namespace impl
} // namespace v0
} // namespace conats
