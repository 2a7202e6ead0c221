// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/arrival_marks.hpp"
#include "engine/message_barriers.hpp"
#include "engine/record_ring.hpp"
#include "engine/subscription_deadlines.hpp"
#include "engine/turn.hpp"
#include "engine/waiter.hpp"
#include "support/deadline_queue.hpp"
#include "support/light_mutex.hpp"

#include <conats/error.hpp>
#include <conats/event.hpp>
#include <conats/hooks.hpp>
#include <conats/statistics.hpp>
#include <conats/status.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

class subscription_state;

/// Who is told what a subscription's consumer did.
class consumer_observer {
public:
    /// It has read to the end, or nothing will be read any more.
    virtual void on_finished(subscription_state& s) = 0;
    /// There is room again in a queue that paused reading.
    virtual void on_room() = 0;
    /// All messages before these barriers are handled.
    virtual void on_handled(std::span<const std::uint64_t> barriers) = 0;

protected:
    ~consumer_observer() = default;
};

/// What may wait for a consumer, and what happens above. 0: without limit.
struct pending_limits {
    std::size_t messages = 500'000;
    std::size_t bytes = std::size_t{64} << 20U;
    overflow policy = overflow::drop_newest;
    std::chrono::nanoseconds max_pause = std::chrono::seconds(5);
};

/// The deadline of a subscription that ends by itself, under the connection's lock.
struct subscription_timer : deadline_node {
    explicit subscription_timer(subscription_state& s) noexcept : owner(s) {}
    subscription_state& owner;
};

/// What `commit` found.
struct commit_result {
    parked_handler consumer;   ///< to be posted
    std::uint64_t dropped = 0; ///< messages
    bool became_slow = false;  ///< a slow-consumer episode begins
    bool recovered = false;    ///< the one before is over
    bool full = false;         ///< policy `wait`: stop reading
    bool reached_max = false;  ///< the last message of an auto-unsubscribe is in
};

/// A subscription: the queue between the connection's reader and one consumer.
///
/// The reader stages a chunk's records without a lock and commits them under one; the consumer
/// moves out up to 256 records per lock. Records moved out count as pending until taken.
/// Emptiness test and parking happen under the same lock, so no wake is lost.
/// Lock order: the connection's lock is taken before this one's, never after.
class subscription_state : public std::enable_shared_from_this<subscription_state> {
public:
    using time_point = std::chrono::steady_clock::time_point;

    subscription_state(std::string subject, std::string queue_group, pending_limits limits,
                       subscription_times times = {});
    subscription_state(const subscription_state&) = delete;
    subscription_state& operator=(const subscription_state&) = delete;
    ~subscription_state();

    [[nodiscard]] const std::string& subject() const noexcept { return subject_; }
    [[nodiscard]] const std::string& queue_group() const noexcept { return queue_group_; }

    // --- Under the connection's lock

    std::uint64_t sid = 0;           ///< 0: not registered
    bool has_handler = false;        ///< consumed by a handler of `client::on`
    bool drain_counted = false;      ///< the client's drain waits for it
    std::uint64_t drained_sid = 0;   ///< its sid, once a drain has unregistered it
    bool draining = false;           ///< the server was told that it ends, by a drain
    std::string asked_subject;       ///< of the one request whose own inbox this is
    std::uint64_t request_begin = 0; ///< outbox position of that request
    [[nodiscard]] bool is_own_inbox() const noexcept { return !asked_subject.empty(); }
    subscription_timer timer{*this}; ///< queued while it is registered, if it is timed
    /// Whether it ends by itself.
    [[nodiscard]] bool is_timed() const noexcept { return times_.any(); }
    [[nodiscard]] const subscription_times& times() const noexcept { return times_; }
    void start_deadlines(time_point now);
    /// Why it ends now, if it does. `paused`: nobody reads what the server sends.
    errc check_deadlines(time_point now, bool paused);
    [[nodiscard]] time_point next_deadline() const;

    // --- The reader's

    /// For a timed one: there are messages for it. True if its deadline is now earlier.
    bool on_arrival(time_point now);
    /// The place for a record of the current chunk, to be filled and then staged.
    record& next_staged() {
        if (staged_end_ - known_head_ >= ring_.capacity()) [[unlikely]]
            make_room();
        return ring_.at(staged_end_);
    }
    /// The reference to its chunk is taken by `commit`.
    void stage() noexcept { staged_bytes_ += cost(ring_.at(staged_end_++)); }
    [[nodiscard]] bool is_staged() const noexcept { return staged_end_ != tail_; }
    /// Forgets what was staged.
    void unstage() noexcept;
    /// Shows what was staged to the consumer, within the limits.
    commit_result commit(block& chunk, time_point now);
    /// Copies queued records into blocks of their own, so that they pin no chunk. Returns how
    /// many; `idle` tells that the queue was empty.
    std::size_t compact(const std::shared_ptr<void>& owner, bool& idle);
    bool listed_for_compaction = false;
    /// With policy `wait`: whether there is room again. If not, the consumer calls
    /// `consumer_observer::on_room` once there is.
    bool has_room_or_watch();
    /// The pause was too long: drop instead until the consumer has caught up.
    void give_up_pause();
    /// Ends the subscription after `max` messages from its start. True if it has got them.
    bool limit_messages(std::uint64_t max);
    /// How many are to come until then; 0: without limit.
    [[nodiscard]] std::uint64_t messages_left() const;

    // --- The consumer's

    /// One wait of the consumer.
    struct consumer_wait {
        wake outcome = wake::pending;
        std::uint64_t ticket = 0;
    };

    /// The next record, if there is one. Its reference goes to the caller.
    [[gnu::always_inline]] bool take(record& out) {
        if (flags_.load(std::memory_order_relaxed) != 0) [[unlikely]]
            return take_flagged(out);
        if (taken_next_ == taken_.size() && !refill())
            return false;
        hand_out(out);
        if (policy_ == overflow::wait) [[unlikely]]
            tell_room_if_watched();
        return true;
    }
    /// Whether `take` would find something, without taking it.
    bool peek();
    /// Marks the consumer as waiting; false if another one is.
    bool begin_wait(consumer_wait& w);
    void end_wait();
    void park(consumer_wait& w, parked_handler h);
    void cancel(consumer_wait& w);
    /// The deadline of the wait with this ticket has passed.
    void expire(std::uint64_t ticket);

    /// Whether the end has been reached: ended and nothing left. Notes that the consumer knows.
    bool at_end();
    /// Whether the delivery hook is to be asked; set before registration.
    bool observed = false;
    /// What the hook wants kept of the messages taken, until the consumer comes back.
    std::vector<std::shared_ptr<observed_operation>> deliveries;
    /// Since the consumer was suspended last.
    turn consumer_turn;

    /// For handlers that run at once: around each. `begin` before the next message is taken;
    /// `end` gets what it returned.
    std::uint64_t begin_handler();
    void end_handler(std::uint64_t began);

    // --- Any thread's

    /// Has the observer told when all messages so far are handled. False if they are.
    bool add_barrier(std::uint64_t id);
    void drop_barrier(std::uint64_t id);
    [[nodiscard]] bool has_barrier(std::uint64_t id) const;

    /// Ends it. The first reason stays. `discard` drops what was not taken.
    void end(const error& reason, bool discard);
    [[nodiscard]] error end_reason() const;
    [[nodiscard]] bool ended() const;
    /// Whether a slow-consumer episode goes on.
    [[nodiscard]] bool is_slow() const;
    /// Whether nobody is to get anything from it any more: it has ended and was read to its
    /// end, or nobody reads it.
    [[nodiscard]] bool finished() const;
    void set_limits(std::size_t messages, std::size_t bytes);
    /// How long its overflow may pause reading.
    [[nodiscard]] std::chrono::nanoseconds max_pause() const noexcept { return max_pause_; }
    [[nodiscard]] subscription_statistics statistics(time_point now) const;
    void reset_max_pending();
    /// Takes the parked consumer, to be destroyed with its context or resumed.
    parked_handler abandon();

    /// Set before registration.
    std::weak_ptr<consumer_observer> observer;

private:
    static constexpr std::size_t batch = 256;
    static constexpr std::size_t overhead = 64; // counted beside each payload
    static std::size_t cost(const record& r) noexcept {
        return std::size_t{r.header_size} + r.payload_size + overhead;
    }

    [[gnu::always_inline]] void hand_out(record& out) {
        out = taken_[taken_next_++];
        // One writer, so no read-modify-write is needed.
        delivered_.store(delivered_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
        delivered_bytes_.store(delivered_bytes_.load(std::memory_order_relaxed) + cost(out),
                               std::memory_order_relaxed);
    }
    bool take_flagged(record& out);
    void tell_room_if_watched();
    bool refill();
    void notify_handled(const message_barriers::ids& reached);
    void tell_room();
    void drop_taken() noexcept;
    void make_room();
    void accept_all(block& chunk);
    void accept_some(block& chunk, commit_result& result);
    bool admit(const record& r, commit_result& result);
    void drop_oldest(commit_result& result);
    void note_episode(commit_result& result);
    void end_episode(commit_result& result, std::uint64_t more_messages, std::uint64_t more_bytes);
    [[nodiscard]] std::size_t batch_size() const noexcept;
    [[nodiscard]] bool fits(std::uint64_t messages, std::uint64_t bytes) const noexcept;
    [[nodiscard]] std::uint64_t pending_messages() const noexcept;
    [[nodiscard]] std::uint64_t pending_bytes() const noexcept;
    [[nodiscard]] std::uint64_t oldest_position() const noexcept;
    parked_handler take_consumer(wake outcome);
    [[nodiscard]] bool is_finished() const noexcept;
    void notify_finished();

    const std::string subject_;
    const std::string queue_group_;
    const overflow policy_;
    const std::chrono::nanoseconds max_pause_;
    const subscription_times times_;

    mutable light_mutex mutex_;
    std::size_t limit_messages_; // of what is pending
    std::size_t limit_bytes_;
    record_ring ring_;
    std::uint64_t head_ = 0; // of the ring: what the consumer takes next
    std::uint64_t tail_ = 0; // committed up to here; written by the reader, under the lock
    std::uint64_t committed_bytes_ = 0;
    std::uint64_t removed_ = 0; // messages dropped after they were committed
    std::uint64_t removed_bytes_ = 0;
    std::uint64_t received_ = 0; // counts toward max_messages_, dropped ones too
    std::uint64_t max_messages_ = 0;
    std::uint64_t dropped_ = 0;
    std::uint64_t max_pending_messages_ = 0;
    std::uint64_t max_pending_bytes_ = 0;
    std::uint64_t compacted_to_ = 0; // what lies before has blocks of its own
    arrival_marks arrivals_;
    std::uint64_t batch_begin_ = 0;     // position of the first record moved out
    std::uint64_t batch_end_ = 0;       // and behind the last
    std::uint64_t batch_delivered_ = 0; // what delivered_ was then
    subscription_deadlines deadlines_;
    message_barriers barriers_;
    error end_reason_;
    parked_handler consumer_;
    consumer_wait* waiting_ = nullptr;
    std::uint64_t tickets_ = 0;
    bool consumer_waits_ = false; // from begin_wait to end_wait
    bool told_finished_ = false;
    bool slow_ = false;
    bool pause_given_up_ = false;

    // The reader's alone.
    std::uint64_t staged_end_ = 0;
    std::uint64_t staged_bytes_ = 0;
    std::uint64_t known_head_ = 0; // an old head_, to see without the lock that there is room

    // The consumer's alone: records moved out of the ring.
    std::vector<record> taken_;
    std::size_t taken_next_ = 0;

    // Written by the consumer only, read by all.
    std::atomic<std::uint64_t> delivered_{0};
    std::atomic<std::uint64_t> delivered_bytes_{0};

    enum flag : std::uint8_t { discarding = 1, watched = 2 };
    std::atomic<std::uint8_t> flags_{0};
};

} // namespace impl
} // namespace v0
} // namespace conats
