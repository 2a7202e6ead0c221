// SPDX-License-Identifier: Apache-2.0
#include "transport/address_order.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

using asio::ip::tcp;

bool is_v4(const tcp::endpoint& e) {
    return e.address().is_v4();
}
bool is_v6(const tcp::endpoint& e) {
    return e.address().is_v6();
}

// std::stable_partition would do, but clang finds what it uses deprecated.
void put_first(std::vector<tcp::endpoint>& addresses, bool (*is_preferred)(const tcp::endpoint&)) {
    std::vector<tcp::endpoint> all;
    std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(all), is_preferred);
    std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(all),
                 std::not_fn(is_preferred));
    addresses = std::move(all);
}

} // namespace

void arrange_addresses(std::vector<tcp::endpoint>& addresses, ip_order order,
                       const std::function<std::uint64_t()>& random) {
    for (std::size_t left = addresses.size(); random && left > 1; --left)
        std::swap(addresses[left - 1], addresses[static_cast<std::size_t>(random() % left)]);
    switch (order) {
    case ip_order::any: break;
    case ip_order::v4_first: put_first(addresses, is_v4); break;
    case ip_order::v6_first: put_first(addresses, is_v6); break;
    case ip_order::v4_only: std::erase_if(addresses, is_v6); break;
    case ip_order::v6_only: std::erase_if(addresses, is_v4); break;
    }
}

bool restrict_to_family(ip_order& order, const asio::ip::address& local) noexcept {
    const auto own = local.is_v4() ? ip_order::v4_only : ip_order::v6_only;
    const auto other = local.is_v4() ? ip_order::v6_only : ip_order::v4_only;
    const bool fits = order != other;
    order = own;
    return fits;
}

std::string_view only_family(ip_order order) noexcept {
    switch (order) {
    case ip_order::v4_only: return "IPv4";
    case ip_order::v6_only: return "IPv6";
    default: return {};
    }
}

} // namespace impl
} // namespace v0
} // namespace conats
