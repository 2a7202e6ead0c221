// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// Whose PING it was.
enum class ping_kind : std::uint8_t {
    keep_alive,
    barrier,            ///< flush, rtt, ready: `id` names the waiter
    subscription_drain, ///< behind an UNSUB: `id` is the sid
    client_drain,       ///< behind the UNSUBs of all subscriptions
    move,               ///< likewise, of a server that is left for another
    goodbye             ///< behind everything that was accepted before closing
};

struct sent_ping {
    ping_kind kind = ping_kind::barrier;
    std::uint64_t id = 0;

    friend bool operator==(const sent_ping&, const sent_ping&) = default;
};

/// Pairs PONG n with PING n: all PINGs of a connection, in the order of their bytes in the outbox.
/// Who stops waiting leaves its entry here; its PONG then finds no waiter of that id. Pure.
///
/// Allocates only while the number of unanswered PINGs reaches a new maximum.
class pong_queue {
public:
    void push(ping_kind kind, std::uint64_t id = 0);
    /// So that the next `push` cannot fail.
    void reserve_one();
    /// The PING that the PONG just read answers; nothing if the server was not asked.
    std::optional<sent_ping> pop() noexcept;
    /// Forgets what a lost connection cannot answer.
    void clear() noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

private:
    void grow();

    std::vector<sent_ping> ring_; // a power of two of places
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

} // namespace impl
} // namespace v0
} // namespace conats
