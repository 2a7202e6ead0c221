// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/transport.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// Puts the addresses of a host into the order of trying: shuffled if there is `random`, then by
/// family, and without those that `order` excludes. Pure.
void arrange_addresses(std::vector<asio::ip::tcp::endpoint>& addresses, ip_order order,
                       const std::function<std::uint64_t()>& random);

/// The order as far as one can connect from `local`: addresses of its family alone. False if the
/// two exclude each other.
[[nodiscard]] bool restrict_to_family(ip_order& order, const asio::ip::address& local) noexcept;

/// "IPv4" or "IPv6" where the order takes nothing else; else empty.
[[nodiscard]] std::string_view only_family(ip_order order) noexcept;

} // namespace impl
} // namespace v0
} // namespace conats
