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
enum class harm : std::uint8_t {
    kill,
    freeze,
    lame_duck,
    reset,
    cut_to_server,
    cut_to_client,
    blackhole
};
inline constexpr std::size_t harms = 7;

std::string_view to_string(harm h);

/// Whether the client notices by silence only.
[[nodiscard]] constexpr bool is_silent(harm h) {
    return h == harm::freeze || h == harm::blackhole;
}

/// The server does not live to read what it has got.
[[nodiscard]] constexpr bool ends_server(harm h) {
    return h == harm::kill || h == harm::freeze || h == harm::lame_duck;
}

/// Whether the client leaves by itself, without losing anything.
[[nodiscard]] constexpr bool is_gentle(harm h) {
    return h == harm::lame_duck;
}

/// A cluster of three servers, each behind a proxy that spoils the network.
class chaos {
public:
    explicit chaos(std::uint64_t seed);

    /// The proxies' addresses.
    [[nodiscard]] std::string urls() const;
    /// Which server is behind an address.
    [[nodiscard]] std::size_t index_of(std::string_view url) const;
    [[nodiscard]] std::size_t size() const { return proxies_.size(); }
    [[nodiscard]] test::nats_server& server(std::size_t i) { return cluster_[i]; }

    [[nodiscard]] harm next_harm();
    /// `at`: where the client is.
    void begin(harm h, std::size_t at);
    /// Mends it; returns when the cluster is whole again.
    void end(harm h, std::size_t at);

private:
    void cut(std::size_t at, bool to_server);

    test::nats_cluster cluster_;
    std::vector<std::unique_ptr<testing::fault_proxy>> proxies_;
    std::vector<testing::fault_statistics> idle_; // of each, when the client was last elsewhere
    std::mt19937_64 random_;
    std::vector<harm> order_; // each kind once, then again in another order
};

} // namespace conats::soak
