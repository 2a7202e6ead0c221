// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/nats_cluster.hpp"

#include <conats/testing/fault_proxy.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace conats::soak {

/// What is done to the server, or the way to it, that the client is connected to.
enum class harm : std::uint8_t { kill, freeze, lame_duck, cut, blackhole };
inline constexpr std::size_t harms = 5;

std::string_view to_string(harm h);

/// Whether the client notices by silence only.
[[nodiscard]] constexpr bool is_silent(harm h) {
    return h == harm::freeze || h == harm::blackhole;
}

/// A cluster of three servers, each behind a proxy that spoils the network.
class chaos {
public:
    explicit chaos(std::uint64_t seed);

    /// The proxies' addresses.
    [[nodiscard]] std::string urls() const;
    /// Which server is behind an address.
    [[nodiscard]] std::size_t index_of(std::string_view url) const;
    [[nodiscard]] test::nats_server& server(std::size_t i) { return cluster_[i]; }

    [[nodiscard]] harm next_harm();
    void begin(harm h, std::size_t at);
    /// Mends it; returns when the cluster is whole again.
    void end(harm h, std::size_t at);

private:
    test::nats_cluster cluster_;
    std::vector<std::unique_ptr<testing::fault_proxy>> proxies_;
    std::mt19937_64 random_;
    std::vector<harm> order_; // each kind once, then again in another order
};

} // namespace conats::soak
