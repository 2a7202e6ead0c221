// SPDX-License-Identifier: Apache-2.0

#include "support/timing.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

namespace conats::test {

double time_scale() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no test writes to the environment
    const char* text = std::getenv("CONATS_TIME_SCALE");
    const double scale = text == nullptr ? 1.0 : std::strtod(text, nullptr);
    return std::isfinite(scale) && scale > 0 ? scale : 1.0;
}

duration scaled(duration span) {
    return std::chrono::duration_cast<duration>(span * time_scale());
}

deadline::deadline(duration span) : time_(std::chrono::steady_clock::now() + scaled(span)) {}

bool deadline::passed() const {
    return std::chrono::steady_clock::now() >= time_;
}

int deadline::milliseconds_left() const {
    const auto left = time_ - std::chrono::steady_clock::now();
    const auto rounded = std::chrono::ceil<std::chrono::milliseconds>(left).count();
    return static_cast<int>(std::clamp<long long>(rounded, 0, 1'000'000'000));
}

bool eventually(const std::function<bool()>& holds, duration within) {
    const deadline end(within);
    while (!end.passed()) {
        if (holds())
            return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return holds();
}

} // namespace conats::test
