// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/server_address.hpp"

#include <conats/error.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// Uniformly distributed 64-bit numbers.
using random_source = std::function<std::uint64_t()>;

enum class pool_order : std::uint8_t {
    shuffled,    ///< the default: clients spread over the servers
    first_stays, ///< the first server is tried first, the others are shuffled
    as_given
};

/// A server and what became of the attempts to reach it.
class pool_server {
public:
    explicit pool_server(server_address a, bool is_discovered = false);

    [[nodiscard]] const server_address& address() const noexcept { return address_; }
    /// Whether a server's connect_urls named it, not the user.
    [[nodiscard]] bool is_discovered() const noexcept { return is_discovered_; }
    /// Attempts that failed since the last one that did not.
    [[nodiscard]] std::uint32_t failures() const noexcept { return failures_; }
    [[nodiscard]] const error& last_error() const noexcept { return last_error_; }

private:
    friend class server_pool;

    server_address address_;
    error last_error_;
    std::uint32_t failures_ = 0;
    bool is_discovered_;
};

/// The servers to connect to, in the order of trying. Pure.
///
/// A walk visits each server once: `current`, and `next` after a failure, until they return null.
class server_pool {
public:
    server_pool() = default;
    server_pool(std::vector<server_address> servers, pool_order order, const random_source& random);

    /// Starts the walk anew at the first server.
    void begin_walk() noexcept { position_ = 0; }
    /// The server to try now; null when the walk is over. Valid until the pool changes.
    [[nodiscard]] const pool_server* current() const noexcept;
    /// Leaves the current server and returns the one after it.
    const pool_server* next() noexcept;

    /// Notes that the current server could not be used. Does not move on.
    void on_failed(const error& e);
    /// Notes that the current server was reached.
    void on_connected() noexcept;

    [[nodiscard]] const std::vector<pool_server>& servers() const noexcept { return servers_; }
    [[nodiscard]] std::size_t size() const noexcept { return servers_.size(); }

private:
    std::vector<pool_server> servers_;
    std::size_t position_ = 0;
};

} // namespace impl
} // namespace v0
} // namespace conats
