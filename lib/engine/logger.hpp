// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/log_limiter.hpp"

#include <conats/connect_options.hpp>
#include <conats/event.hpp>
#include <conats/log.hpp>

#include <string>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// How an event stands in the log.
[[nodiscard]] log_level level_of(const event& e) noexcept;
/// `server` is the one connected to, for events that name none.
[[nodiscard]] log_record to_record(const event& e, const std::string& server);

/// What of a client's doings its log is told. Pure but for `tell`; the connection's lock guards
/// the rest.
class logger {
public:
    using time_point = log_limiter::time_point;
    using records = std::vector<log_record>;

    logger(log_level threshold, log_sink sink) : threshold_(threshold), sink_(std::move(sink)) {}

    [[nodiscard]] bool wants(log_level l) const noexcept { return l <= threshold_; }
    /// Appends what is to be told of `r`: nothing if it is above the threshold or one too many.
    void add(log_record r, time_point now, records& out);
    /// Appends what is to be told of those left out.
    void add_due(time_point now, records& out);
    [[nodiscard]] time_point next_due() const noexcept { return limiter_.next_due(); }

    /// Hands records to the user's sink. What it throws is nobody's.
    void tell(const records& all) const noexcept;

private:
    const log_level threshold_;
    const log_sink sink_;
    log_limiter limiter_;
};

} // namespace impl
} // namespace v0
} // namespace conats
