// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace conats {
inline namespace v0 {
namespace impl {

/// What tells a connection the time: the system, or a test that sets it.
class time_source {
public:
    using clock = std::chrono::steady_clock;

    time_source() = default;
    time_source(const time_source&) = delete;
    time_source& operator=(const time_source&) = delete;

    [[nodiscard]] virtual clock::time_point now() const noexcept = 0;

protected:
    ~time_source() = default;
};

/// The system's monotonic clock.
class system_time final : public time_source {
public:
    [[nodiscard]] clock::time_point now() const noexcept override { return clock::now(); }
};

} // namespace impl
} // namespace v0
} // namespace conats
