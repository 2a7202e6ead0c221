// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/result.h"
#include "macro/options.hpp"

#include <conats/client.hpp>
#include <conats/connect_options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <string>
#include <vector>

namespace bench {

namespace asio = boost::asio;

/// What a scenario is run on. It outlives the scenario.
struct setting {
    const options& wanted;
    asio::io_context& context;
    std::vector<conats::client> clients;

    [[nodiscard]] conats::connect_options connecting() const;
    [[nodiscard]] asio::awaitable<conats::client> connect() const;
    /// Where a coroutine of its own runs: in the one thread, or on a strand.
    [[nodiscard]] asio::any_io_executor place() const;
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
asio::awaitable<void> run_pipeline(setting& s, bench_result& result);
asio::awaitable<void> run_random(setting& s, bench_result& result);
asio::awaitable<void> run_memory(setting& s, bench_result& result);

/// Publishes `count` messages to `subject` in the given form.
asio::awaitable<void> publish_all(const options& o, conats::client nc, std::string subject,
                                  std::string form, std::uint64_t count);

} // namespace bench
