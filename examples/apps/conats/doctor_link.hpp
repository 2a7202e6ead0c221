// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doctor_report.hpp"

#include <conats/client.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>

namespace tool {

/// Checks what a connection is good for: round trips, an own message there and back, JetStream.
/// Each step takes at most `limit`.
[[nodiscard]] boost::asio::awaitable<void> check_link(conats::client nc, doctor_settings settings,
                                                      std::chrono::nanoseconds limit,
                                                      doctor_printer& to);

} // namespace tool
