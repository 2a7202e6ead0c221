// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a block of C++ in a document finds around it: the public headers and a few names. The
// includes a block needs beside conats's are those a reader has from the block before, or his own.

#include <conats/conats.hpp>
#include <conats/observability.hpp>
#include <conats/stream.hpp>
#include <conats/testing/broker.hpp>
#include <conats/testing/fault_proxy.hpp>
#include <conats/testing/manual_clock.hpp>
#include <conats/testing/scripted_peer.hpp>
#include <conats/token.hpp>
#include <conats/websocket.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace asio = boost::asio;
using namespace std::chrono_literals;

using snippet = asio::awaitable<void> (*)(conats::client);

/// Makes a block known to the program that runs it; true, so that a constant can do it.
bool add_snippet(const char* name, snippet block);
