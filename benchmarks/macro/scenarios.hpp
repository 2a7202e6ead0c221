// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/result.h"
#include "macro/options.hpp"
#include "macro/progress.hpp"

#include <conats/client.hpp>

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace bench {

namespace asio = boost::asio;

/// What a scenario is run on. It outlives the scenario.
struct setting {
    const options& wanted;
    progress& bar;
    std::vector<conats::client> clients;

    /// A subject of its own for each connection.
    [[nodiscard]] static std::string subject(std::size_t client) {
        return "bench." + std::to_string(client);
    }
};

// Each sets the messages and the times of the result.
asio::awaitable<void> run_publish(setting& s, bench_result& result);
asio::awaitable<void> run_subscribe(setting& s, bench_result& result);
asio::awaitable<void> run_publish_subscribe(setting& s, bench_result& result);
asio::awaitable<void> run_request(setting& s, bench_result& result);

/// Publishes `count` messages to `subject`, in the form `publish` or `try_publish`.
asio::awaitable<void> publish_all(conats::client nc, std::string subject, std::string form,
                                  std::size_t size, std::uint64_t count, progress* bar);

} // namespace bench
