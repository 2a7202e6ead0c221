// SPDX-License-Identifier: Apache-2.0
// From a server in lame duck mode to another, without a gap for what was accepted or received.
#include "engine/connection.hpp"
#include "engine/frame_cursor.hpp"
#include "protocol/encoder.hpp"
#include "support/later.hpp"

#include <algorithm>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

bool connection::begin_lame_duck_wait(wait_node& n) {
    const lock_guard lock(mutex_);
    if (options_.when_lame_duck() == lame_duck_policy::event_only || options_.server_chooser() ||
        options_.max_reconnects() == 0 || !alive_ || session_over_)
        return false;
    if (info_.lame_duck_mode)
        n.outcome = wake::ready;
    else
        lame_duck_waiters_.push(n);
    return true;
}

std::vector<std::shared_ptr<const server_address>> connection::other_servers() {
    take_new_servers();
    return servers_.others();
}

bool connection::may_move() const {
    const lock_guard lock(mutex_);
    return is_movable();
}

bool connection::is_movable() const noexcept {
    return is_open() && !session_over_ && !failing_ && !stop_requested_ && !reconnect_forced_ &&
           status_ == conats::status::connected;
}

std::chrono::nanoseconds connection::moving_delay(bool again) {
    bool is_tls = false;
    {
        const lock_guard lock(mutex_);
        is_tls = tls_info_ != nullptr;
    }
    return machine_.moving_delay(is_tls, again);
}

std::uint64_t connection::inbox_command(std::string& out) {
    const lock_guard lock(mutex_);
    if (inbox_sid_ == 0 || inbox_refusal_)
        return 0;
    byte_buffer command;
    append_subscribe(command, requests_.prefix() + '*', "", inbox_sid_);
    out.assign(command.data(), command.size());
    return inbox_sid_;
}

// Replies are awaited at both servers until the old one is left: the second of two is nobody's.
bool connection::begin_move(std::shared_ptr<const server_address> to) {
    woken_list woken;
    woken_handler writer;
    {
        const lock_guard lock(mutex_);
        if (!is_movable())
            return false;
        append_farewell(ping_kind::move);
        swap_outbox(last_words_);
        publishers_.take_all(wake::ready, woken);
        direct_ = nullptr;
        moving_ = moving::leaving;
        move_end_ = later(now(), options_.drain_timeout());
        set_move_deadline(now());
        destination_ = std::move(to);
        writer = take_writer();
    }
    writer.post();
    woken.post_all();
    return true;
}

void connection::append_farewell(ping_kind kind) {
    byte_buffer& bytes = outbox_.bytes();
    const std::size_t before = bytes.size();
    try {
        subscriptions_.for_each([&](const auto& s) {
            if (s->sid() != 0 && !s->is_own_inbox()) // handlers may still ask before they reply
                append_unsubscribe(bytes, s->sid());
        });
        append_ping(kind);
    } catch (...) {
        bytes.truncate(before); // some subscriptions would be deaf
        throw;
    }
}

// What the old server still has for us may be a lot, so its silence counts; but not for ever, since
// all publications are held.
void connection::set_move_deadline(clock::time_point now) {
    move_deadline_ = std::min(later(now, options_.connect_timeout()), move_end_);
    arm(move_deadline_);
}

void connection::cancel_move() {
    if (moving_ == moving::leaving)
        moving_ = moving::no;
}

bool connection::take_move() {
    woken_list woken;
    std::vector<std::uint64_t> drained;
    {
        const lock_guard lock(mutex_);
        if (moving_ != moving::left || !alive_ || stop_requested_)
            return false;
        machine_.on_moving(now());
        servers_.prefer(std::exchange(destination_, nullptr));
        keep_frames([](const frame_cursor& f) { return f.is_publish(); });
        publishers_.take_all(wake::ready, woken);
        subscriptions_.for_each([&](const auto& s) {
            if (s->draining)
                drained.push_back(s->sid());
        });
        leave_server();
    }
    for (const std::uint64_t sid : drained)
        end_subscription_drain(sid); // all that came was delivered
    woken.post_all();
    return true;
}

} // namespace impl
} // namespace v0
} // namespace conats
