// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace chat {

/// Twenty at once, then four a second.
class rate_limit {
public:
    using clock = std::chrono::steady_clock;

    bool admit(clock::time_point now) noexcept {
        const std::chrono::duration<double> passed = now - last_;
        room_ = std::min(burst, room_ + passed.count() * per_second);
        last_ = now;
        if (room_ < 1)
            return false;
        room_ -= 1;
        return true;
    }

private:
    static constexpr double burst = 20;
    static constexpr double per_second = 4;

    double room_ = burst;
    clock::time_point last_{};
};

} // namespace chat
