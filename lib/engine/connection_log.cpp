// SPDX-License-Identifier: Apache-2.0
// What the client's log is told, and of attempts to connect. Records are made where something
// happens, under the lock, and told on the strand, one after the other.
#include "engine/connection.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

void connection::log(log_record r) {
    const lock_guard lock(mutex_);
    add_to_log(std::move(r));
}

void connection::add_to_log(log_record r) {
    if (!log_)
        return;
    logger::records told;
    log_->add(std::move(r), now(), told);
    post_log(std::move(told));
    arm(log_->next_due());
}

void connection::log_due(clock::time_point now) {
    logger::records told;
    log_->add_due(now, told);
    post_log(std::move(told));
}

void connection::log_pause(clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now());
    add_to_log(
        {log_level::info, "reconnect_wait",
         std::to_string(std::max<std::int64_t>(left.count(), 0)) + " ms until the next attempt"});
}

connect_attempt connection::last_attempt() const {
    const lock_guard lock(mutex_);
    return last_attempt_;
}

void connection::on_attempt(const connect_attempt& a) {
    if (logs(log_level::debug)) {
        std::ostringstream text;
        text << a;
        log({log_level::debug, "attempt", text.str(), a.server()});
    }
    {
        const lock_guard lock(mutex_);
        last_attempt_ = a;
        statistics_.failed_attempts += a.what() ? 1 : 0;
    }
    if (!options_.on_attempt())
        return;
    try {
        options_.on_attempt()(a);
    } catch (...) { // there is nobody to tell of it
    }
}

void connection::post_log(logger::records records) {
    if (records.empty() || !alive_)
        return;
    post_surely(strand_,
                [self = shared_from_this(), all = std::move(records)] { self->log_->tell(all); });
}

} // namespace impl
} // namespace v0
} // namespace conats
