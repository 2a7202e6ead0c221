// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/lease.hpp"

#include <conats/error.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// What an empty handle refers to.
inline const std::shared_ptr<connection> no_connection;

inline const std::shared_ptr<connection>& connection_of(const std::shared_ptr<lease>& l) {
    return l ? l->shared() : no_connection;
}

inline error empty_handle() {
    return error(errc::closed, "the handle is empty: made by default, or moved from");
}

/// Publishes now; what is returned waits for room or reports the error. `c` null: no client.
asio::awaitable<void> publish(const std::shared_ptr<connection>& c, const publication& p,
                              std::chrono::nanoseconds timeout, error* out);

/// Waits for a barrier, up to `timeout`.
asio::awaitable<void> flush(std::shared_ptr<connection> c, std::chrono::nanoseconds timeout,
                            error* out);

/// Whether addresses can be used with these options, before anything is tried.
[[nodiscard]] error check_servers(const std::vector<server_address>& servers,
                                  const connect_options& options);

} // namespace impl
} // namespace v0
} // namespace conats
