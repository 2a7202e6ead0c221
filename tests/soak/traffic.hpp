// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/conats.hpp>

#include <boost/asio/thread_pool.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace conats::soak {

namespace asio = boost::asio;

inline constexpr std::size_t publishers = 4;
inline constexpr std::size_t subscriptions = 50;

/// What a subscription has seen. Written by its consumer alone.
struct seen {
    std::array<std::atomic<std::uint64_t>, publishers> last{}; ///< number of the last message
    std::atomic<std::uint64_t> received{0};
};

/// Publishers and subscribers of one client, each on a strand of its own. Every message carries
/// its publisher and a number that grows from message to message.
class traffic {
public:
    traffic(asio::thread_pool& threads, conats::client nc);
    traffic(const traffic&) = delete;
    traffic& operator=(const traffic&) = delete;
    ~traffic() = default;

    void start();
    void stop() { stopping_ = true; }
    /// How many coroutines have not ended.
    [[nodiscard]] std::size_t running() const { return running_; }

    [[nodiscard]] std::uint64_t sent() const { return sent_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }
    [[nodiscard]] std::uint64_t received() const;
    /// Messages that came after a later one of the same publisher, or twice.
    [[nodiscard]] std::uint64_t out_of_order() const { return out_of_order_; }
    /// Consumers that ended while there was no reason to, or threw.
    [[nodiscard]] std::uint64_t broken() const { return broken_; }
    /// How much each subscription has received.
    [[nodiscard]] std::vector<std::uint64_t> counts() const;

private:
    asio::awaitable<void> publish(std::size_t publisher);
    asio::awaitable<void> consume(std::size_t index);
    void check(seen& s, std::string_view text);

    asio::thread_pool& threads_;
    conats::client client_;
    std::array<seen, subscriptions> seen_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> running_{0};
    std::atomic<std::uint64_t> sent_{0};
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<std::uint64_t> out_of_order_{0};
    std::atomic<std::uint64_t> broken_{0};
};

} // namespace conats::soak
