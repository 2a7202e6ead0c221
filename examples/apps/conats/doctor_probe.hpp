// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doctor_facts.hpp"

#include <conats/connect_attempt.hpp>
#include <conats/connect_options.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>

namespace tool {

/// Finds out what listens where a server sent no INFO: asks it as a web browser would, then as a
/// client that encrypts first, each for at most `limit`. It is shown no credentials.
[[nodiscard]] boost::asio::awaitable<neighbour> ask_neighbour(conats::connect_options options,
                                                              conats::connect_attempt attempt,
                                                              std::chrono::nanoseconds limit);

} // namespace tool
