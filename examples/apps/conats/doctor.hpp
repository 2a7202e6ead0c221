// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "output.hpp"
#include "settings.hpp"

#include <conats/connect_options.hpp>

#include <boost/asio/awaitable.hpp>

namespace tool {

/// Finds out step by step what keeps this machine from a server, and says what to do. Returns the
/// program's exit code.
boost::asio::awaitable<int> doctor(conats::connect_options options, const doctor_settings& settings,
                                   output& out);

} // namespace tool
