// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "output.hpp"
#include "settings.hpp"

#include <conats/connect_options.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace tool {

class interrupts;

/// Reads the payload from stdin where that is to be sent as a whole, and throws a failure where
/// subjects or headers are wrong, before anything is connected. It may block: no signal is handled
/// yet.
void prepare(verb_settings& settings, output& out);

// The subcommands: each connects, does what it is asked and returns the program's exit code, or
// throws. Unless it says what else to do, the first signal cancels it.

boost::asio::awaitable<int> pub(conats::connect_options options, const pub_settings& settings,
                                output& out, interrupts& signals);
boost::asio::awaitable<int> sub(conats::connect_options options, const sub_settings& settings,
                                output& out, interrupts& signals);
boost::asio::awaitable<int> req(conats::connect_options options, const req_settings& settings,
                                output& out);
boost::asio::awaitable<int> reply(conats::connect_options options, const reply_settings& settings,
                                  output& out, interrupts& signals);
boost::asio::awaitable<int> rtt(conats::connect_options options, const rtt_settings& settings,
                                output& out);
boost::asio::awaitable<int> info(conats::connect_options options, const info_settings& settings,
                                 output& out);
/// `context` is the one it runs in.
boost::asio::awaitable<int> bench(conats::connect_options options, const bench_settings& settings,
                                  output& out, interrupts& signals,
                                  boost::asio::io_context& context);

} // namespace tool
