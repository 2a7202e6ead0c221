// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/chunk_pool.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace conats {
inline namespace v0 {
namespace impl {

namespace asio = boost::asio;

/// The store that the connections of the executor's context share. It lives, with what it keeps, as
/// long as the context and the last of its connections.
[[nodiscard]] std::shared_ptr<chunk_store> shared_chunks(const asio::any_io_executor& executor);

} // namespace impl
} // namespace v0
} // namespace conats
