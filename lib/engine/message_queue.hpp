// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/arrival_marks.hpp"
#include "engine/message_barriers.hpp"
#include "engine/record_ring.hpp"
#include "engine/turn.hpp"

#include <conats/hooks.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// What a subscription has for its messages. Made with the first of them, so that an idle one, of
/// which there may be millions, does without. Its parts are guarded as `subscription_state` says:
/// by its lock, unless it is said otherwise here.
struct message_queue {
    static constexpr std::size_t overhead = 64; ///< counted beside each payload

    message_queue() = default;
    message_queue(const message_queue&) = delete;
    message_queue& operator=(const message_queue&) = delete;
    ~message_queue() {
        drop_taken();
        for (; head != tail; ++head)
            release_reference(ring.at(head).memory);
    }

    static std::size_t cost(const record& r) noexcept {
        return std::size_t{r.header_size} + r.payload_size + overhead;
    }

    // The reader's: what came is staged, then committed.

    [[nodiscard]] bool has_place() const noexcept {
        return staged_end - known_head < ring.capacity();
    }
    /// Where there is one: for a record of the current chunk, to be filled and then staged.
    [[nodiscard]] record& place() noexcept { return ring.at(staged_end); }
    /// The reference to its chunk is taken by `subscription_state::commit`.
    void stage(const record& filled) noexcept {
        staged_bytes += cost(filled);
        ++staged_end;
    }
    [[nodiscard]] bool is_staged() const noexcept { return staged_end != tail; }

    /// The consumer's: the next of those moved out, of which there is one.
    [[gnu::always_inline]] void hand_out(record& out) noexcept {
        out = *next_taken++;
        // One writer, so no read-modify-write is needed.
        delivered.store(delivered.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        delivered_bytes.store(delivered_bytes.load(std::memory_order_relaxed) + cost(out),
                              std::memory_order_relaxed);
    }
    [[nodiscard]] bool any_taken() const noexcept { return next_taken != end_taken; }
    /// Likewise: the references go.
    void drop_taken() noexcept {
        while (any_taken())
            release_reference((next_taken++)->memory);
    }

    [[nodiscard]] std::uint64_t pending_messages() const noexcept {
        return tail - removed - delivered.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t pending_bytes() const noexcept {
        return committed_bytes - removed_bytes - delivered_bytes.load(std::memory_order_relaxed);
    }
    /// `tail` if nothing is pending.
    [[nodiscard]] std::uint64_t oldest_position() const noexcept {
        const std::uint64_t n = delivered.load(std::memory_order_relaxed) - batch_delivered;
        return batch_begin + n < batch_end ? batch_begin + n : head;
    }

    record_ring ring;
    std::uint64_t head = 0; ///< of the ring: what the consumer takes next
    std::uint64_t tail = 0; ///< committed up to here; written by the reader, under the lock
    std::uint64_t committed_bytes = 0;
    std::uint64_t removed = 0; ///< messages dropped after they were committed
    std::uint64_t removed_bytes = 0;
    std::uint64_t received = 0; ///< counts toward max_messages, dropped ones too
    std::uint64_t max_messages = 0;
    std::uint64_t dropped = 0;
    std::uint64_t max_pending_messages = 0;
    std::uint64_t max_pending_bytes = 0;
    std::uint64_t compacted_to = 0; ///< what lies before has blocks of its own
    arrival_marks arrivals;
    std::uint64_t batch_begin = 0;     ///< position of the first record moved out
    std::uint64_t batch_end = 0;       ///< and behind the last
    std::uint64_t batch_delivered = 0; ///< what `delivered` was then
    message_barriers barriers;
    bool slow = false;
    bool pause_given_up = false;

    // The reader's alone.
    std::uint64_t staged_end = 0;
    std::uint64_t staged_bytes = 0;
    std::uint64_t known_head = 0; ///< an old `head`, to see without the lock that there is room

    // The consumer's alone.
    std::vector<record> taken; ///< records moved out of the ring; these are left:
    record* next_taken = nullptr;
    record* end_taken = nullptr;
    turn consumer_turn; ///< since it was suspended last
    /// What the delivery hook wants kept of the messages taken, until the consumer comes back.
    std::vector<std::shared_ptr<observed_operation>> deliveries;

    // Written by the consumer only, read by all.
    std::atomic<std::uint64_t> delivered{0};
    std::atomic<std::uint64_t> delivered_bytes{0};
};

} // namespace impl
} // namespace v0
} // namespace conats
