// SPDX-License-Identifier: Apache-2.0
#include "engine/server_pool.hpp"

#include <limits>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

// Without the bias a plain remainder has.
std::size_t below(std::size_t limit, const random_source& random) {
    const std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t usable = max - max % limit;
    std::uint64_t number = random();
    while (number >= usable) {
        number = random();
    }
    return static_cast<std::size_t>(number % limit);
}

void shuffle(std::vector<pool_server>& servers, std::size_t first, const random_source& random) {
    for (std::size_t i = servers.size(); i > first + 1; --i) {
        std::swap(servers[i - 1], servers[first + below(i - first, random)]);
    }
}

} // namespace

pool_server::pool_server(server_address a, bool is_discovered)
    : address_(std::move(a)),
      is_discovered_(is_discovered) {}

server_pool::server_pool(std::vector<server_address> servers, pool_order order,
                         const random_source& random) {
    servers_.reserve(servers.size());
    for (auto& address : servers) {
        servers_.emplace_back(std::move(address));
    }
    if (order != pool_order::as_given) {
        shuffle(servers_, order == pool_order::first_stays ? 1 : 0, random);
    }
}

const pool_server* server_pool::current() const noexcept {
    return position_ < servers_.size() ? &servers_[position_] : nullptr;
}

const pool_server* server_pool::next() noexcept {
    if (position_ < servers_.size()) {
        ++position_;
    }
    return current();
}

void server_pool::on_failed(const error& e) {
    if (current() == nullptr) {
        return;
    }
    ++servers_[position_].failures_;
    servers_[position_].last_error_ = e;
}

void server_pool::on_connected() noexcept {
    if (current() != nullptr) {
        servers_[position_].failures_ = 0;
        servers_[position_].last_error_ = error();
    }
}

} // namespace impl
} // namespace v0
} // namespace conats
