// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/end_cause.hpp"
#include "engine/message_queue.hpp"
#include "engine/subscription_deadlines.hpp"
#include "engine/waiter.hpp"
#include "support/deadline_queue.hpp"
#include "support/light_mutex.hpp"

#include <conats/error.hpp>
#include <conats/event.hpp>
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
#include <string_view>
#include <utility>

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

/// What few subscriptions have. There from before the registration on.
struct subscription_extras {
    subscription_extras(subscription_state& s, const subscription_times& t,
                        std::chrono::nanoseconds pause)
        : times(t),
          max_pause(pause),
          timer(s),
          deadlines(t) {}

    const subscription_times times;
    const std::chrono::nanoseconds max_pause;

    // Under the connection's lock.
    std::string asked_subject;       ///< of the one request whose own inbox this is
    std::uint64_t request_begin = 0; ///< outbox position of that request
    subscription_timer timer;        ///< queued while it is registered, if it is timed

    subscription_deadlines deadlines; ///< under the subscription's lock
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
///
/// There may be millions, and most are idle: what only messages need is made with the first one,
/// and what few subscriptions need for those.
class subscription_state : public std::enable_shared_from_this<subscription_state> {
public:
    using time_point = std::chrono::steady_clock::time_point;

    subscription_state(const std::string& subject, const std::string& queue_group,
                       pending_limits limits, subscription_times times = {});
    subscription_state(const subscription_state&) = delete;
    subscription_state& operator=(const subscription_state&) = delete;
    ~subscription_state();

    [[nodiscard]] std::string_view subject() const noexcept {
        return std::string_view(names_).substr(0, subject_size_);
    }
    [[nodiscard]] std::string_view queue_group() const noexcept {
        return std::string_view(names_).substr(subject_size_);
    }

    /// Set before registration.
    std::weak_ptr<consumer_observer> observer;

    // --- Under the connection's lock

    void set_registered(std::uint64_t sid) noexcept {
        sid_ = sid;
        is_registered_ = true;
    }
    /// Returns its sid.
    std::uint64_t set_unregistered() noexcept {
        is_registered_ = false;
        return sid_;
    }
    /// 0: not registered.
    [[nodiscard]] std::uint64_t sid() const noexcept { return is_registered_ ? sid_ : 0; }
    /// What it was, once it is no longer; else 0.
    [[nodiscard]] std::uint64_t former_sid() const noexcept { return is_registered_ ? 0 : sid_; }
    bool has_handler = false;   ///< consumed by a handler of `client::on`
    bool drain_counted = false; ///< the client's drain waits for it
    bool draining = false;      ///< the server was told that it ends, by a drain

    /// It is the inbox of a single request to this subject. Before registration.
    void set_own_inbox(std::string asked_subject);
    [[nodiscard]] bool is_own_inbox() const noexcept {
        return extras_ && !extras_->asked_subject.empty();
    }
    /// The request's: its subject, and its place in the outbox. Empty and 0 for others.
    [[nodiscard]] std::string_view asked_subject() const noexcept;
    [[nodiscard]] std::uint64_t request_begin() const noexcept;
    void set_request_begin(std::uint64_t begin) noexcept;

    /// Whether it ends by itself.
    [[nodiscard]] bool is_timed() const noexcept { return extras_ && extras_->times.any(); }
    [[nodiscard]] subscription_times times() const noexcept;
    /// Null if it is not timed.
    [[nodiscard]] subscription_timer* timer() noexcept {
        return is_timed() ? &extras_->timer : nullptr;
    }
    // The following if it is timed.
    void start_deadlines(time_point now);
    /// Why it ends now, if it does. `paused`: nobody reads what the server sends.
    errc check_deadlines(time_point now, bool paused);
    [[nodiscard]] time_point next_deadline() const;

    // --- The reader's

    /// For a timed one: there are messages for it. True if its deadline is now earlier.
    bool on_arrival(time_point now);
    /// With a place for a record.
    message_queue& staging() {
        message_queue* const q = queue();
        return q != nullptr && q->has_place() ? *q : make_place();
    }
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

    /// One wait of the consumer, in its frame. Guarded by the lock until its handler is taken.
    struct consumer_wait {
        parked_handler handler;
        wake outcome = wake::pending;
        std::uint32_t ticket = 0;
    };

    /// The next record, if there is one. Its reference goes to the caller.
    [[gnu::always_inline]] bool take(record& out) {
        if (flags_.load(std::memory_order_acquire) != 0) [[unlikely]]
            return take_flagged(out);
        message_queue& q = *queue_.load(std::memory_order_relaxed); // there is one
        if (!q.any_taken() && !refill(q))
            return false;
        q.hand_out(out);
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
    void expire(std::uint32_t ticket);

    /// Whether the end has been reached: ended and nothing left. Notes that the consumer knows.
    bool at_end();
    /// Whether the delivery hook is to be asked; set before registration.
    bool observed = false;
    /// Of which some is the consumer's; null before the first message.
    [[nodiscard]] message_queue* queue() noexcept { return queue_.load(std::memory_order_acquire); }
    [[nodiscard]] const message_queue* queue() const noexcept {
        return queue_.load(std::memory_order_acquire);
    }

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
    /// That messages were dropped, with the limits and the subject.
    [[nodiscard]] error dropped_error() const;
    /// Whether nobody is to get anything from it any more: it has ended and was read to its
    /// end, or nobody reads it.
    [[nodiscard]] bool finished() const;
    void set_limits(std::size_t messages, std::size_t bytes);
    /// How long its overflow may pause reading.
    [[nodiscard]] std::chrono::nanoseconds max_pause() const noexcept;
    [[nodiscard]] subscription_statistics statistics(time_point now) const;
    void reset_max_pending();
    /// Takes the parked consumer, to be destroyed with its context or resumed.
    parked_handler abandon();

private:
    /// What `take` has to look at besides the queue.
    enum flag : std::uint8_t {
        discarding = 1,
        watched = 2,
        tells_room = 4, // policy `wait`
        no_queue = 8
    };
    static constexpr std::size_t batch = 256;

    bool take_flagged(record& out);
    void tell_room_if_watched();
    message_queue& make_queue();
    std::uint8_t clear_flag(flag f, std::memory_order order = std::memory_order_relaxed) noexcept;
    bool refill(message_queue& q);
    void notify_handled(const message_barriers::ids& reached);
    void tell_room();
    message_queue& make_place();
    void accept_some(message_queue& q, block& chunk, commit_result& result);
    bool admit(message_queue& q, const record& r, commit_result& result);
    static void drop_oldest(message_queue& q, commit_result& result);
    void note_episode(message_queue& q, commit_result& result);
    void end_episode(message_queue& q, commit_result& result, std::uint64_t more_messages,
                     std::uint64_t more_bytes);
    [[nodiscard]] std::size_t batch_size() const noexcept;
    [[nodiscard]] bool fits(std::uint64_t messages, std::uint64_t bytes) const noexcept;
    [[nodiscard]] bool fits_one_more(const message_queue& q) const noexcept;
    [[nodiscard]] bool any_queued() const noexcept;
    parked_handler take_consumer(wake outcome);
    [[nodiscard]] bool is_finished() const noexcept;
    void notify_finished();

    // In an order that leaves no gaps, the flags above included.
    const overflow policy_;
    bool is_registered_ = false;
    bool consumer_waits_ = false; // from begin_wait to end_wait
    const std::string names_;     // subject and queue group
    const std::uint32_t subject_size_;
    std::uint32_t tickets_ = 0;
    mutable light_mutex mutex_;
    bool told_finished_ = false;
    std::atomic<std::uint8_t> flags_;
    std::uint64_t sid_ = 0;      // the last one
    std::size_t limit_messages_; // of what is pending
    std::size_t limit_bytes_;
    std::atomic<message_queue*> queue_{nullptr}; // owned; made under the lock, stays to the end
    std::unique_ptr<subscription_extras> extras_;
    consumer_wait* waiting_ = nullptr;
    end_cause end_cause_;
};

} // namespace impl
} // namespace v0
} // namespace conats
