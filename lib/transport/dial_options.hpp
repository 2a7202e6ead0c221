// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/proxy_address.hpp"

#include <conats/transport.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// Resolves a host to IP addresses in text form, on the user's executor.
using host_resolver = std::function<asio::awaitable<std::vector<std::string>>(std::string host)>;

/// What is set on a TCP socket.
struct socket_settings {
    socket_settings() noexcept = default; // no aggregate: g++ 12 destroys those twice

    std::optional<asio::ip::tcp::endpoint> local; ///< bound to; port 0: any
    std::function<void(int)> hook;                ///< called with the connected socket
    std::size_t send_buffer = 0;                  ///< 0: as the system has it
    std::size_t receive_buffer = 0;
    bool no_delay = true;
    bool keep_alive = false;
};

/// How a server is reached over TCP.
struct dial_options {
    dial_options() noexcept = default; // no aggregate: g++ 12 destroys those twice

    host_resolver resolver;                ///< instead of the system's
    std::function<std::uint64_t()> random; ///< shuffles addresses; empty: they stay in order
    std::optional<proxy_address> proxy;
    socket_settings socket;
    ip_order order = ip_order::any;
};

/// Parses `127.0.0.9`, `127.0.0.9:5000`, `::1` or `[::1]:5000`. An error is
/// `errc::invalid_options`.
[[nodiscard]] error parse_local_address(std::string_view text, asio::ip::tcp::endpoint& out);

/// Opens a socket for the family of `to`, with all that has to be set before it connects.
[[nodiscard]] error open_socket(asio::ip::tcp::socket& socket, const asio::ip::tcp::endpoint& to,
                                const socket_settings& settings);
/// What can be set only on a connected socket, and the user's hook; it may throw.
[[nodiscard]] error finish_socket(asio::ip::tcp::socket& socket, const socket_settings& settings);

} // namespace impl
} // namespace v0
} // namespace conats
