// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>

namespace conats {
inline namespace v0 {
namespace impl {

/// How long a consumer that always finds a message may go on before others on its executor (the
/// connection's reader, timers, what cancels) get their turn: for 256 messages, and on while they
/// take no longer than `span`. By number alone the reader, which brings thousands of small messages
/// in one turn, would bring more than the consumer takes away.
class turn {
public:
    using clock = std::chrono::steady_clock;
    static constexpr std::chrono::microseconds span{500};

    /// Counts messages; true when `is_over` is to be asked.
    bool add(std::size_t messages = 1) noexcept {
        count_ += messages;
        return count_ >= block;
    }

    /// If it is, the next one begins.
    bool is_over(clock::time_point now) noexcept {
        count_ = 0;
        if (began_ == clock::time_point()) {
            began_ = now; // half of the 256 are through
            return false;
        }
        if (now - began_ < span)
            return false;
        restart();
        return true;
    }

    /// After a suspension.
    void restart() noexcept {
        count_ = 0;
        began_ = clock::time_point();
    }

private:
    static constexpr std::size_t block = 128; // so seldom is the clock read

    std::size_t count_ = 0;
    clock::time_point began_; // the epoch: not read yet
};

} // namespace impl
} // namespace v0
} // namespace conats
