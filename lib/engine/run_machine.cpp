// SPDX-License-Identifier: Apache-2.0
#include "engine/run_machine.hpp"

#include "support/later.hpp"
#include "support/thrown_text.hpp"

#include <algorithm>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

run_machine::run_machine(server_pool& pool, run_options options, random_source random)
    : pool_(pool),
      options_(std::move(options)),
      random_(std::move(random)) {}

run_step run_machine::next(clock::time_point now, const server_info& last_info) {
    if (fatal_ || pool_.empty()) {
        return give_up();
    }
    if (pausing_ && now < resume_ && !hurry_) {
        run_step step;
        step.action = run_action::wait;
        step.until = resume_;
        return step;
    }
    pausing_ = false;
    if (tried_ >= pool_.size()) {
        tried_ = 0;
        ++rounds_;
        if (is_first_ && !options_.retry_first_connect) {
            return give_up();
        }
        if (!options_.chooser && !hurry_) { // a chooser has a delay of its own
            return pause(now);
        }
    }
    return dial(now, last_info);
}

run_step run_machine::give_up() {
    run_step step;
    step.failure = fatal_;
    if (!step.failure && is_first_ && !pool_.empty()) {
        step.failure = cause_.result();
    } else if (!step.failure) {
        const error last = cause_.result();
        step.failure = error(errc::no_servers, "no server is left to try; " + last.what());
    }
    return step;
}

run_step run_machine::pause(clock::time_point now) {
    resume_ = later(now, delay());
    pausing_ = true;
    run_step step;
    step.action = run_action::wait;
    step.until = resume_;
    return step;
}

std::chrono::nanoseconds run_machine::delay() {
    if (options_.delay) {
        try {
            return options_.delay(std::max<std::uint64_t>(rounds_, 1));
        } catch (...) { // the default will do
        }
    }
    const scheme s = pool_.front().address()->scheme();
    return with_wait(jitter(options_.is_tls || s == scheme::tls || s == scheme::wss));
}

std::chrono::nanoseconds run_machine::with_wait(std::chrono::nanoseconds more) const {
    return more > std::chrono::nanoseconds::max() - options_.wait ? std::chrono::nanoseconds::max()
                                                                  : options_.wait + more;
}

std::chrono::nanoseconds run_machine::jitter(bool is_tls) {
    const auto most =
        static_cast<std::uint64_t>((is_tls ? options_.jitter_tls : options_.jitter).count());
    const std::uint64_t random = most == 0 ? 0 : random_() % (most + 1);
    return std::chrono::nanoseconds(static_cast<std::int64_t>(random));
}

std::chrono::nanoseconds run_machine::moving_delay(bool is_tls, bool again) {
    // Without a pause between rounds, and with no other server, it would ask for ever.
    constexpr std::chrono::nanoseconds least = std::chrono::milliseconds(100);
    return again ? std::max(with_wait(jitter(is_tls)), least) : jitter(is_tls);
}

run_step run_machine::dial(clock::time_point now, const server_info& last_info) {
    run_step step;
    if (options_.chooser && !std::exchange(chosen_, false) && choose(step, now, last_info)) {
        return step;
    }
    hurry_ = false;
    step.action = run_action::dial;
    step.server = pool_.front().address();
    return step;
}

// True if the choice is to wait.
bool run_machine::choose(run_step& step, clock::time_point now, const server_info& last_info) {
    server_choice choice;
    try {
        choice = options_.chooser(pool_.states(), last_info);
    } catch (...) {
        step.chooser_fault = "server_chooser threw: " + thrown_text();
    }
    if (choice.index() && *choice.index() >= pool_.size()) {
        step.chooser_fault = "server_chooser named server " + std::to_string(*choice.index()) +
                             ", and the last is " + std::to_string(pool_.size() - 1);
        choice = server_choice();
    }
    if (choice.index()) {
        pool_.prefer(*choice.index());
    } else if (tried_ == 0 && rounds_ != 0) {
        choice = server_choice(0, delay()); // as without a chooser
    }
    // One that has just failed is not asked again and again; a first connect is one round anyway.
    if (choice.delay().count() <= 0 && pool_.front().address() == last_failed_ && may_go_on()) {
        choice = server_choice(0, delay());
    }
    if (choice.delay().count() <= 0 || hurry_) {
        return false;
    }
    chosen_ = true;
    resume_ = later(now, choice.delay());
    pausing_ = true;
    step.action = run_action::wait;
    step.until = resume_;
    return true;
}

void run_machine::on_connected(clock::time_point now, bool is_tls) noexcept {
    pool_.on_connected();
    connected_at_ = now;
    connected_to_ = pool_.front().address();
    options_.is_tls = options_.is_tls || is_tls;
    last_failed_ = nullptr;
    cause_ = connect_cause();
    rounds_ = 0;
    is_first_ = false;
    chosen_ = false;
    hurry_ = false;
}

bool run_machine::is_repeated_refusal(const error& e) const {
    // Only what the server says: a file that cannot be read now may be there next time.
    // Nor what came too late: that says nothing of the credentials.
    const bool by_server = e == condition::auth &&
                           e.code().value() >= static_cast<int>(errc::authorization_violation) &&
                           e.code() != errc::authentication_timeout;
    return by_server && !options_.ignore_auth_errors &&
           pool_.front().last_error().code() == e.code();
}

bool run_machine::may_go_on() const noexcept {
    return !is_first_ || options_.retry_first_connect;
}

void run_machine::on_failed(error e) {
    const bool may_go = may_go_on();
    if (may_go && is_repeated_refusal(e)) {
        fatal_ = e;
    }
    const std::size_t before = pool_.size();
    last_failed_ = pool_.front().address();
    pool_.on_failed(e, may_go ? options_.max_reconnects : run_options::unlimited);
    tried_ += pool_.size() == before ? 1 : 0;
    cause_.add(std::move(e));
}

bool run_machine::on_lost(clock::time_point now) {
    if (options_.max_reconnects == 0) {
        return false;
    }
    tried_ += leave(now) ? 1 : 0;
    return true;
}

void run_machine::on_moving(clock::time_point now) {
    (void)leave(now);
}

// The current server is tried last; false if the pool does not hold it any more.
bool run_machine::leave(clock::time_point now) {
    // Servers that all take clients and lose them soon, say over a subscription that is made anew
    // on each, would be asked in turn without a pause: it is the same round still.
    if (now - connected_at_ >= std::min(options_.wait, longest_short_session)) {
        tried_ = 0;
    } else {
        last_failed_ = connected_to_;
    }
    return pool_.on_lost();
}

void run_machine::retry_now() noexcept {
    hurry_ = true;
}

} // namespace impl
} // namespace v0
} // namespace conats
