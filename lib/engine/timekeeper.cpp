// SPDX-License-Identifier: Apache-2.0
#include "engine/timekeeper.hpp"

#include "engine/abandon_guard.hpp"

#include <exception>

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

asio::awaitable<void> timekeeper::run() {
    abandon_guard guard(connection_.shared_from_this());
    while (!over_) {
        try {
            timer_.expires_at(connection_.on_tick());
        } catch (const std::exception& thrown) { // no memory
            connection_.stop_now(error(errc::disconnected, thrown.what()));
        }
        co_await timer_.wait();
    }
    guard.dismiss();
}

} // namespace impl
} // namespace v0
} // namespace conats
