// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace conats {
inline namespace v0 {
namespace impl {

namespace asio = boost::asio;

class connection;

/// The life of a connection: connects, then reads, writes and keeps the time until it ends.
/// Runs on the engine's strand and throws nothing.
asio::awaitable<void> run(std::shared_ptr<connection> c);

} // namespace impl
} // namespace v0
} // namespace conats
