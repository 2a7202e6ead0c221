// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/nats_server.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace conats::test {

/// Several real nats-servers with routes between each other, all on free ports. When the
/// constructor returns, each of them knows the others and names them to its clients.
///
///     nats_cluster cluster;                       // three servers
///     connect(cluster[0].url());                  // learns of the other two
///     cluster[0].kill();
///     cluster[0].start();                         // joins again
///
/// `config` goes into every server's config file; each has a name of its own, "n0" and so on.
class nats_cluster {
public:
    explicit nats_cluster(std::size_t size = 3, std::string config = {});

    [[nodiscard]] nats_server& operator[](std::size_t i) { return *servers_[i]; }
    [[nodiscard]] std::size_t size() const { return servers_.size(); }
    /// One more server joins; returns when all that run know it.
    nats_server& add();
    /// Waits until each server that runs knows so many, itself included; throws if that fails.
    void wait_for(std::size_t known);
    /// The addresses of all, separated by commas, with or without userinfo.
    [[nodiscard]] std::string urls(std::string_view userinfo = {}) const;
    /// The server at this address, as `client::connected_url()` tells it; size() if none.
    [[nodiscard]] std::size_t index_of(std::string_view url) const;

private:
    void start_one();
    [[nodiscard]] std::string config_of(std::size_t i) const;

    std::string config_;
    std::vector<std::unique_ptr<nats_server>> servers_;
    std::vector<std::string> routes_; // where each listens for the others
};

} // namespace conats::test
