// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/conats.hpp>

#include <boost/asio/thread_pool.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace conats::soak {

namespace asio = boost::asio;

inline constexpr std::size_t publishers = 4;
inline constexpr std::size_t subscriptions = 50;

/// Messages of one publisher that have not come, though later ones have.
struct gap {
    std::uint64_t first = 0;
    std::uint64_t last = 0; ///< 0: there is none
};

/// What a subscription has seen. Written by its consumer alone.
struct seen {
    std::array<std::atomic<std::uint64_t>, publishers> last{}; ///< number of the last message
    std::atomic<std::uint64_t> received{0};
    std::array<std::array<gap, 4>, publishers> gaps{}; ///< the latest of each publisher
};

/// What a publisher has sent on one subject.
struct sent {
    std::uint64_t number = 0;     ///< of the last message
    std::uint64_t connection = 0; ///< on which it went at the earliest
};

/// Publishers and subscribers of one client, each on a strand of its own. Every message carries
/// its publisher, a number that counts the publisher's messages on this subject, and on which
/// connection the one before it has gone at the earliest. Connections are counted from 0.
///
/// One client publishes and subscribes. What it sends on a connection comes back on it, in order;
/// so a message is lost with its connection or by a mistake, whatever happens between the servers.
/// Only what a server that lives on had not read yet when it lost the client may come late, over
/// the next one: behind what was sent there, but in order, and once.
class traffic {
public:
    traffic(asio::thread_pool& threads, conats::client nc);
    traffic(const traffic&) = delete;
    traffic& operator=(const traffic&) = delete;
    ~traffic() = default;

    void subscribe();
    /// How many subscriptions there are.
    [[nodiscard]] std::size_t subscribed() const { return subscribed_; }
    /// Once all are there.
    void publish();
    void stop_publishing() { publishing_ = false; }
    /// Before the end of the subscriptions.
    void stop() { stopping_ = true; }
    /// How many coroutines have not ended.
    [[nodiscard]] std::size_t publishing() const { return running_publishers_; }
    [[nodiscard]] std::size_t consuming() const { return running_consumers_; }
    /// All have ended: what came last may be lost, too.
    void check_tails();

    /// Nothing may be lost with this connection, which the client leaves by itself.
    void expect_no_loss(std::uint64_t connection) { gentle_ = connection; }

    /// Whether the server that the client loses next goes on to read what it has got.
    void expect_late(bool on) { reads_on_ = on; }

    [[nodiscard]] std::uint64_t sent_messages() const { return sent_messages_; }
    [[nodiscard]] std::uint64_t refused() const { return refused_; }
    [[nodiscard]] std::uint64_t received() const;
    /// Messages that came after a later one of the same publisher, or twice.
    [[nodiscard]] std::uint64_t out_of_order() const { return out_of_order_; }
    /// Messages that came over the connection after theirs, behind later ones.
    [[nodiscard]] std::uint64_t late() const { return late_; }
    /// Messages that never came, with a connection or without a reason.
    [[nodiscard]] std::uint64_t lost() const { return lost_; }
    /// The latter, in words; the first of them.
    [[nodiscard]] std::vector<std::string> unexplained() const;
    /// Consumers and publishers that ended while there was no reason to, or threw.
    [[nodiscard]] std::uint64_t broken() const { return broken_; }
    /// How much each subscription has received.
    [[nodiscard]] std::vector<std::uint64_t> counts() const;

private:
    asio::awaitable<void> publish(std::size_t publisher);
    asio::awaitable<void> publish_one(std::size_t publisher, std::size_t subject);
    asio::awaitable<void> consume(std::size_t index);
    void check(std::size_t index, std::string_view text);
    /// Whether it is one of those that are missing, which then no longer are.
    bool fills_gap(std::size_t index, std::size_t publisher, std::uint64_t number,
                   std::uint64_t connection);
    void note_gap(std::size_t index, std::size_t publisher, std::uint64_t last,
                  const sent& missing);
    [[nodiscard]] std::uint64_t earliest_connection() const;

    asio::thread_pool& threads_;
    conats::client client_;
    std::array<seen, subscriptions> seen_;
    std::array<std::array<sent, subscriptions>, publishers> sent_; // each row its publisher's
    std::atomic<std::uint64_t> gentle_{std::numeric_limits<std::uint64_t>::max()};
    std::atomic<bool> reads_on_{false};
    std::atomic<bool> publishing_{true};
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> subscribed_{0};
    std::atomic<std::size_t> running_publishers_{0};
    std::atomic<std::size_t> running_consumers_{0};
    std::atomic<std::uint64_t> sent_messages_{0};
    std::atomic<std::uint64_t> refused_{0};
    std::atomic<std::uint64_t> lost_{0};
    std::atomic<std::uint64_t> out_of_order_{0};
    std::atomic<std::uint64_t> late_{0};
    std::atomic<std::uint64_t> broken_{0};
    mutable std::mutex mutex_;
    std::vector<std::string> unexplained_;
};

} // namespace conats::soak
