// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/result.h"
#include "scenarios/options.hpp"

#include <conats/client.hpp>
#include <conats/connect_options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace bench {

namespace asio = boost::asio;

class gate;

/// What a scenario is run on. It outlives the scenario.
class setting {
public:
    setting(const options& what, asio::io_context& ctx, conats::connect_options how);
    setting(const setting&) = delete;
    setting& operator=(const setting&) = delete;

    [[nodiscard]] asio::awaitable<conats::client> connect() const;
    /// Where a coroutine of its own runs: in the one thread, or on a strand.
    [[nodiscard]] asio::any_io_executor place() const;
    /// A subject of its own for each connection, if that is wanted.
    [[nodiscard]] std::string subject(std::size_t client) const;

    /// A counter that somebody increments; on lines of its own, as that may be in another thread.
    [[nodiscard]] std::uint64_t& new_counter() { return counters_.emplace_back().value; }
    /// Has `done` add up this number, too.
    void watch(const std::uint64_t& number) { watched_.push_back(&number); }
    void watch_none() { watched_.clear(); }
    /// What the watched numbers have come to. Only where one thread runs everything.
    [[nodiscard]] std::uint64_t done() const;

    /// Closed until somebody opens it, or the scenario fails.
    [[nodiscard]] std::shared_ptr<gate> new_gate(const asio::any_io_executor& where);
    /// Closes the clients and opens the gates, so that whatever runs ends; the first reason counts.
    /// Where the scenario runs.
    void fail(const std::exception_ptr& why);
    /// Why it failed; none if it has not.
    [[nodiscard]] const std::exception_ptr& failure() const { return failure_; }

    const options& wanted;
    asio::io_context& context;
    std::vector<conats::client> clients;
    std::function<void()> on_ready; // every subscription is known to the server

private:
    struct alignas(64) padded {
        std::uint64_t value = 0;
    };

    conats::connect_options how_;
    std::deque<padded> counters_;
    std::vector<const std::uint64_t*> watched_;
    std::vector<std::weak_ptr<gate>> gates_;
    std::exception_ptr failure_;
};

// Each sets the messages and the times of the result.
asio::awaitable<void> run_publish(setting& s, bench_result& result);
asio::awaitable<void> run_subscribe(setting& s, bench_result& result);
asio::awaitable<void> run_publish_subscribe(setting& s, bench_result& result);
asio::awaitable<void> run_request(setting& s, bench_result& result);
asio::awaitable<void> run_pipeline(setting& s, bench_result& result);
asio::awaitable<void> run_random(setting& s, bench_result& result);
asio::awaitable<void> run_memory(setting& s, bench_result& result);

/// Publishes `count` messages to `subject` in the given form; `done` counts them.
asio::awaitable<void> publish_all(const options& o, conats::client nc, std::string subject,
                                  std::string form, std::uint64_t count, std::uint64_t& done);

} // namespace bench
