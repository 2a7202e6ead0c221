// SPDX-License-Identifier: Apache-2.0
#include "transport/address_order.hpp"

#include <algorithm>
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

/// Moves those of a family to the front; the order within each stays. std::stable_partition does
/// this with a function that clang calls deprecated.
void move_to_front(std::vector<tcp::endpoint>& addresses, bool (*is_wanted)(const tcp::endpoint&)) {
    auto front = addresses.begin();
    for (auto at = addresses.begin(); at != addresses.end(); ++at)
        if (is_wanted(*at))
            std::rotate(front++, at, at + 1);
}

} // namespace

void arrange_addresses(std::vector<tcp::endpoint>& addresses, ip_order order,
                       const std::function<std::uint64_t()>& random) {
    for (std::size_t left = addresses.size(); random && left > 1; --left)
        std::swap(addresses[left - 1], addresses[static_cast<std::size_t>(random() % left)]);
    switch (order) {
    case ip_order::any: break;
    case ip_order::v4_first: move_to_front(addresses, is_v4); break;
    case ip_order::v6_first: move_to_front(addresses, is_v6); break;
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
