// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/server_address.hpp"

#include <conats/error.hpp>
#include <conats/reconnect.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// Uniformly distributed 64-bit numbers.
using random_source = std::function<std::uint64_t()>;

enum class pool_order : std::uint8_t {
    shuffled, ///< the default: clients spread over the servers
    as_given
};

/// A server and what became of the attempts to reach it.
class pool_server {
public:
    explicit pool_server(server_address a);
    explicit pool_server(std::shared_ptr<const server_address> a) noexcept;

    /// Shared, so that an attempt under way outlives a change of the pool.
    [[nodiscard]] const std::shared_ptr<const server_address>& address() const noexcept {
        return address_;
    }
    /// Whether a server's connect_urls named it, not the user.
    [[nodiscard]] bool is_discovered() const noexcept { return is_discovered_; }
    /// Attempts that failed since the last one that did not.
    [[nodiscard]] std::uint32_t failures() const noexcept { return failures_; }
    [[nodiscard]] const error& last_error() const noexcept { return last_error_; }

private:
    friend class server_pool;

    std::shared_ptr<const server_address> address_;
    error last_error_;
    std::uint32_t failures_ = 0;
    bool is_discovered_ = false;
    bool is_current_ = false;
};

/// The servers that may be tried, in the order of trying: the first is the next. Pure.
class server_pool {
public:
    server_pool() = default;
    server_pool(std::vector<server_address> servers, pool_order order, random_source random);

    [[nodiscard]] const std::vector<pool_server>& servers() const noexcept { return servers_; }
    [[nodiscard]] std::size_t size() const noexcept { return servers_.size(); }
    [[nodiscard]] bool empty() const noexcept { return servers_.empty(); }
    /// The one to try next. The pool is not empty.
    [[nodiscard]] const pool_server& front() const noexcept { return servers_.front(); }
    [[nodiscard]] std::vector<server_state> states() const;

    /// Makes the server at this position the next.
    void prefer(std::size_t index);
    /// Makes this server the next. If the pool has lost it meanwhile it is as one discovered.
    void prefer(const std::shared_ptr<const server_address>& a);
    /// All but the current one, in the order of trying.
    [[nodiscard]] std::vector<std::shared_ptr<const server_address>> others() const;
    /// The first server has accepted: its failures are forgotten, and it is the current one.
    void on_connected() noexcept;
    /// The first server could not be used: it is tried last from now on, or removed once it has
    /// failed `max_failures` times in a row.
    void on_failed(const error& e, std::uint32_t max_failures);
    /// The connection to the current server is lost: it is tried last. False if the pool does not
    /// hold it any more.
    bool on_lost();

    /// Replaces all servers; those that stay keep what is known of them.
    void replace(std::vector<server_address> servers);
    /// Takes over a cluster's list of `host:port` as the current server announced it: adds those
    /// that are new, with its scheme, userinfo and TLS name; removes discovered ones that are
    /// gone, but neither the current one nor those of the user. An empty list changes nothing.
    /// What does not parse is left out. Returns how many were added.
    std::size_t discover(std::span<const std::string> urls);

private:
    /// A server that lies cannot make the list larger.
    static constexpr std::size_t max_discovered = 1024;

    [[nodiscard]] pool_server* find(const server_address& a) noexcept;
    [[nodiscard]] const server_address* current() const noexcept;
    void shuffle(std::size_t first);

    std::vector<pool_server> servers_;
    pool_order order_ = pool_order::shuffled;
    random_source random_;
};

} // namespace impl
} // namespace v0
} // namespace conats
