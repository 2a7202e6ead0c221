// SPDX-License-Identifier: Apache-2.0
#include "engine/subscription_state.hpp"

#include "support/chunk_pool.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

std::size_t or_unlimited(std::size_t limit) {
    return limit == 0 ? std::numeric_limits<std::size_t>::max() : limit;
}

/// A record of the same message in a block of its own size.
record copy_out(const record& r, const std::shared_ptr<void>& owner) {
    const std::size_t size = std::size_t{r.body_offset} + r.header_size + r.payload_size;
    chunk* own = make_chunk(size, owner);
    std::memcpy(own->data(), r.subject(), size);
    record copy = r;
    copy.memory = own;
    copy.subject(own->data());
    return copy;
}

} // namespace

subscription_state::subscription_state(std::string subject, std::string queue_group,
                                       pending_limits limits, subscription_times times)
    : subject_(std::move(subject)),
      queue_group_(std::move(queue_group)),
      policy_(limits.policy),
      max_pause_(limits.max_pause),
      times_(times),
      limit_messages_(or_unlimited(limits.messages)),
      limit_bytes_(or_unlimited(limits.bytes)),
      deadlines_(times) {}

subscription_state::~subscription_state() {
    drop_taken();
    for (; head_ != tail_; ++head_)
        release_reference(ring_.at(head_).memory);
}

// --- Its time

void subscription_state::start_deadlines(time_point now) {
    const std::lock_guard lock(mutex_);
    deadlines_.start(now);
}

bool subscription_state::on_arrival(time_point now) {
    const std::lock_guard lock(mutex_);
    return deadlines_.on_messages(now);
}

errc subscription_state::check_deadlines(time_point now, bool paused) {
    const std::lock_guard lock(mutex_);
    if (paused)
        deadlines_.excuse(now);
    return deadlines_.check(now);
}

subscription_state::time_point subscription_state::next_deadline() const {
    const std::lock_guard lock(mutex_);
    return deadlines_.next();
}

// --- The reader's

void subscription_state::unstage() noexcept {
    staged_end_ = tail_;
    staged_bytes_ = 0;
}

void subscription_state::make_room() {
    const std::lock_guard lock(mutex_);
    known_head_ = head_;
    if (staged_end_ - head_ >= ring_.capacity())
        ring_.grow(head_, staged_end_);
}

commit_result subscription_state::commit(block& chunk, time_point now) {
    commit_result result;
    const std::lock_guard lock(mutex_);
    const std::uint64_t first = tail_;
    const std::uint64_t staged = staged_end_ - tail_;
    // As if the messages came one by one: a burst may begin an episode after it ends another.
    if (staged != 0)
        end_episode(result, 1, cost(ring_.at(tail_)));
    const bool limited = max_messages_ != 0 && received_ + staged >= max_messages_;
    if (!end_reason_ && !limited &&
        fits(pending_messages() + staged, pending_bytes() + staged_bytes_)) [[likely]] {
        received_ += staged;
        accept_all(chunk);
    } else {
        accept_some(chunk, result);
    }
    staged_end_ = tail_;
    staged_bytes_ = 0;
    if (tail_ != first)
        arrivals_.add(first, now, std::min(oldest_position(), first));
    max_pending_messages_ = std::max(max_pending_messages_, pending_messages());
    max_pending_bytes_ = std::max(max_pending_bytes_, pending_bytes());
    note_episode(result);
    if (head_ != tail_ || end_reason_)
        result.consumer = take_consumer(wake::ready);
    return result;
}

void subscription_state::accept_all(block& chunk) {
    add_reference(&chunk, static_cast<std::uint32_t>(staged_end_ - tail_));
    committed_bytes_ += staged_bytes_;
    tail_ = staged_end_;
}

void subscription_state::accept_some(block& chunk, commit_result& result) {
    const std::uint64_t end = staged_end_;
    for (std::uint64_t p = tail_; p != end; ++p) {
        const record r = ring_.at(p);
        if (!admit(r, result))
            continue;
        add_reference(&chunk);
        committed_bytes_ += cost(r);
        ring_.at(tail_++) = r; // never behind p
    }
    result.full =
        policy_ == overflow::wait && !pause_given_up_ && !fits(pending_messages(), pending_bytes());
}

bool subscription_state::admit(const record& r, commit_result& result) {
    if (end_reason_)
        return false;
    ++received_;
    if (max_messages_ != 0 && received_ >= max_messages_) {
        result.reached_max = true;
        if (received_ > max_messages_)
            return false;
    }
    const auto has_room = [&] { return fits(pending_messages() + 1, pending_bytes() + cost(r)); };
    if (policy_ == overflow::wait && !pause_given_up_)
        return true;
    // One that would not fit into an empty queue empties none.
    if (policy_ == overflow::drop_oldest && cost(r) <= limit_bytes_)
        while (!has_room() && head_ != tail_)
            drop_oldest(result);
    if (has_room())
        return true;
    ++result.dropped;
    return false;
}

void subscription_state::drop_oldest(commit_result& result) {
    const record oldest = ring_.at(head_++);
    ++removed_;
    removed_bytes_ += cost(oldest);
    ++result.dropped;
    release_reference(oldest.memory);
}

void subscription_state::note_episode(commit_result& result) {
    dropped_ += result.dropped;
    if (result.dropped != 0) {
        result.became_slow = !std::exchange(slow_, true);
        return;
    }
    end_episode(result, 0, 0);
}

void subscription_state::end_episode(commit_result& result, std::uint64_t more_messages,
                                     std::uint64_t more_bytes) {
    if (!slow_ && !pause_given_up_)
        return;
    // Half the limit, so that a consumer at the brink does not make an event of each message; or
    // nothing, since half of a small limit has no room for one. What is too large for any queue
    // ends no episode.
    const bool is_well = pending_messages() + more_messages <= limit_messages_ / 2 &&
                         pending_bytes() + more_bytes <= limit_bytes_ / 2;
    const bool is_empty = pending_messages() == 0 && fits(more_messages, more_bytes);
    if (is_well || is_empty) {
        result.recovered = std::exchange(slow_, false) || result.recovered;
        pause_given_up_ = false;
    }
}

std::size_t subscription_state::compact(const std::shared_ptr<void>& owner, bool& idle) {
    const std::lock_guard lock(mutex_);
    idle = head_ == tail_;
    std::size_t copied = 0;
    for (std::uint64_t p = std::max(head_, compacted_to_); p != tail_; ++p) {
        record& r = ring_.at(p);
        record own;
        try {
            own = copy_out(r, owner);
        } catch (const std::bad_alloc&) { // it stays where it is, until the next time
            compacted_to_ = p;
            return copied;
        }
        release_reference(r.memory);
        r = own;
        ++copied;
    }
    compacted_to_ = tail_;
    return copied;
}

bool subscription_state::has_room_or_watch() {
    const std::lock_guard lock(mutex_);
    // The consumer counts first and looks at the flag then; here it is the other way round,
    // so that one of the two sees the other.
    flags_.fetch_or(watched, std::memory_order_seq_cst);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!end_reason_ && !pause_given_up_ && !fits(pending_messages() + 1, pending_bytes() + 1))
        return false;
    flags_.fetch_and(static_cast<std::uint8_t>(~watched), std::memory_order_relaxed);
    return true;
}

void subscription_state::give_up_pause() {
    const std::lock_guard lock(mutex_);
    pause_given_up_ = true;
    flags_.fetch_and(static_cast<std::uint8_t>(~watched), std::memory_order_relaxed);
}

bool subscription_state::limit_messages(std::uint64_t max) {
    const std::lock_guard lock(mutex_);
    max_messages_ = max;
    return max != 0 && received_ >= max;
}

// --- The consumer's

bool subscription_state::take_flagged(record& out) {
    if ((flags_.load(std::memory_order_relaxed) & discarding) != 0) {
        drop_taken();
        return false;
    }
    if (taken_next_ == taken_.size() && !refill())
        return false;
    hand_out(out);
    tell_room_if_watched();
    return true;
}

void subscription_state::tell_room_if_watched() {
    if (policy_ != overflow::wait)
        return;
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if ((flags_.load(std::memory_order_relaxed) & watched) != 0)
        tell_room();
}

void subscription_state::tell_room() {
    {
        const std::lock_guard lock(mutex_);
        // A quarter free, so that reading does not go on for one message at a time.
        if (pending_messages() > limit_messages_ - limit_messages_ / 4 - 1 ||
            pending_bytes() > limit_bytes_ - limit_bytes_ / 4)
            return;
        flags_.fetch_and(static_cast<std::uint8_t>(~watched), std::memory_order_relaxed);
    }
    if (const auto o = observer.lock())
        o->on_room();
}

bool subscription_state::peek() {
    if ((flags_.load(std::memory_order_relaxed) & discarding) != 0)
        drop_taken();
    return taken_next_ != taken_.size() || refill();
}

std::size_t subscription_state::batch_size() const noexcept {
    // What is moved out is beyond the reach of drop-oldest: with small limits move out little.
    return std::clamp<std::size_t>(limit_messages_ / 16, 1, batch);
}

bool subscription_state::refill() {
    message_barriers::ids reached;
    std::uint64_t n = 0;
    {
        const std::lock_guard lock(mutex_);
        // First what may throw.
        taken_.clear();
        taken_next_ = 0;
        if (const std::uint64_t most = std::min<std::uint64_t>(batch_size(), tail_ - head_);
            taken_.capacity() < most)
            taken_.reserve(std::max<std::size_t>(2 * taken_.capacity(), most));
        barriers_.on_return(head_, reached);
        n = std::min({std::uint64_t{batch_size()}, tail_ - head_, barriers_.limit() - head_});
        barriers_.on_batch(n != 0);
        for (std::uint64_t i = 0; i != n; ++i)
            taken_.push_back(ring_.at(head_ + i));
        batch_begin_ = head_;
        head_ += n;
        batch_end_ = head_;
        batch_delivered_ = delivered_.load(std::memory_order_relaxed);
    }
    notify_handled(reached);
    return n != 0;
}

std::uint64_t subscription_state::begin_handler() {
    const std::lock_guard lock(mutex_);
    return barriers_.begin_handler();
}

void subscription_state::end_handler(std::uint64_t began) {
    message_barriers::ids reached;
    {
        const std::lock_guard lock(mutex_);
        barriers_.end_handler(began, reached);
    }
    notify_handled(reached);
}

void subscription_state::drop_taken() noexcept {
    while (taken_next_ != taken_.size())
        release_reference(taken_[taken_next_++].memory);
}

bool subscription_state::begin_wait(consumer_wait& w) {
    const std::lock_guard lock(mutex_);
    if (consumer_waits_)
        return false;
    consumer_waits_ = true;
    waiting_ = &w; // its deadline may pass before it is parked
    w.ticket = ++tickets_;
    return true;
}

void subscription_state::end_wait() {
    bool tell = false;
    {
        const std::lock_guard lock(mutex_);
        consumer_waits_ = false;
        waiting_ = nullptr;
        // A consumer cancelled while the end came does not come for it.
        tell = is_finished() && !std::exchange(told_finished_, true);
    }
    if (tell)
        notify_finished();
}

void subscription_state::park(consumer_wait& w, parked_handler h) {
    {
        const std::lock_guard lock(mutex_);
        if (w.outcome == wake::pending && head_ == tail_ && !end_reason_) {
            waiting_ = &w;
            consumer_ = std::move(h);
            return;
        }
        waiting_ = nullptr; // `w` is the consumer's alone again
    }
    h.post();
}

parked_handler subscription_state::take_consumer(wake outcome) {
    if (consumer_)
        waiting_->outcome = outcome;
    return std::move(consumer_);
}

void subscription_state::cancel(consumer_wait& w) {
    parked_handler h;
    {
        const std::lock_guard lock(mutex_);
        if (waiting_ == &w)
            h = take_consumer(wake::cancelled);
    }
    h.post();
}

void subscription_state::expire(std::uint64_t ticket) {
    parked_handler h;
    {
        const std::lock_guard lock(mutex_);
        if (waiting_ == nullptr || waiting_->ticket != ticket)
            return;
        if (consumer_)
            h = take_consumer(wake::timeout);
        else if (waiting_->outcome == wake::pending)
            waiting_->outcome = wake::timeout;
    }
    h.post();
}

bool subscription_state::at_end() {
    {
        const std::lock_guard lock(mutex_);
        if (!end_reason_ || head_ != tail_ || taken_next_ != taken_.size())
            return false;
        if (std::exchange(told_finished_, true))
            return true;
    }
    notify_finished();
    return true;
}

// --- Any thread's

bool subscription_state::add_barrier(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    return barriers_.add(id, tail_, head_ == tail_);
}

void subscription_state::drop_barrier(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    barriers_.drop(id);
}

bool subscription_state::has_barrier(std::uint64_t id) const {
    const std::lock_guard lock(mutex_);
    return barriers_.contains(id);
}

void subscription_state::notify_handled(const message_barriers::ids& reached) {
    if (reached.empty()) [[likely]]
        return;
    if (const auto o = observer.lock())
        o->on_handled(reached);
}

void subscription_state::end(const error& reason, bool discard) {
    parked_handler h;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    bool tell = false;
    bool paused = false;
    message_barriers::ids handled;
    {
        const std::lock_guard lock(mutex_);
        if (!end_reason_)
            end_reason_ = reason;
        if (!has_handler) // a handler comes back, others may not
            barriers_.release_all(handled);
        if (discard) {
            flags_.fetch_or(discarding, std::memory_order_relaxed);
            first = std::exchange(head_, tail_);
            last = tail_;
            for (std::uint64_t p = first; p != last; ++p)
                removed_bytes_ += cost(ring_.at(p));
            removed_ += last - first;
        }
        tell = is_finished() && !std::exchange(told_finished_, true);
        const auto flags = flags_.fetch_and(static_cast<std::uint8_t>(~watched));
        paused = (flags & watched) != 0;
        h = take_consumer(wake::ready);
        // The references go under the lock, since the ring is the reader's to change. They
        // cannot be the connection's last: whoever ends a subscription holds it.
        for (std::uint64_t p = first; p != last; ++p)
            release_reference(ring_.at(p).memory);
    }
    h.post();
    notify_handled(handled);
    if (tell)
        notify_finished();
    if (const auto o = paused ? observer.lock() : nullptr)
        o->on_room();
}

void subscription_state::notify_finished() {
    if (const auto o = observer.lock())
        o->on_finished(*this);
}

std::uint64_t subscription_state::messages_left() const {
    const std::lock_guard lock(mutex_);
    return max_messages_ == 0 ? 0 : max_messages_ - std::min(max_messages_ - 1, received_);
}

error subscription_state::end_reason() const {
    const std::lock_guard lock(mutex_);
    return end_reason_;
}

bool subscription_state::ended() const {
    const std::lock_guard lock(mutex_);
    return static_cast<bool>(end_reason_);
}

bool subscription_state::is_slow() const {
    const std::lock_guard lock(mutex_);
    return slow_;
}

bool subscription_state::is_finished() const noexcept {
    if (!end_reason_)
        return false;
    if ((flags_.load(std::memory_order_relaxed) & discarding) != 0 || told_finished_)
        return true;
    // There is nothing to read, and nobody waits who would come to see the end.
    return !has_handler && !consumer_waits_ && pending_messages() == 0;
}

bool subscription_state::finished() const {
    const std::lock_guard lock(mutex_);
    return is_finished();
}

void subscription_state::set_limits(std::size_t messages, std::size_t bytes) {
    {
        const std::lock_guard lock(mutex_);
        limit_messages_ = or_unlimited(messages);
        limit_bytes_ = or_unlimited(bytes);
        const bool is_watched = (flags_.load(std::memory_order_relaxed) & watched) != 0;
        if (!is_watched || !fits(pending_messages() + 1, pending_bytes() + 1))
            return;
        flags_.fetch_and(static_cast<std::uint8_t>(~watched), std::memory_order_relaxed);
    }
    if (const auto o = observer.lock())
        o->on_room();
}

subscription_statistics subscription_state::statistics(time_point now) const {
    const std::lock_guard lock(mutex_);
    subscription_statistics s;
    s.delivered = delivered_.load(std::memory_order_relaxed);
    s.dropped = dropped_;
    if ((flags_.load(std::memory_order_relaxed) & discarding) == 0) {
        s.pending_messages = pending_messages();
        s.pending_bytes = pending_bytes();
        const std::uint64_t oldest = oldest_position();
        if (oldest != tail_)
            s.oldest_pending = std::max(now - arrivals_.at(oldest), time_point::duration::zero());
    }
    s.max_pending_messages = max_pending_messages_;
    s.max_pending_bytes = max_pending_bytes_;
    return s;
}

void subscription_state::reset_max_pending() {
    const std::lock_guard lock(mutex_);
    max_pending_messages_ = pending_messages();
    max_pending_bytes_ = pending_bytes();
}

parked_handler subscription_state::abandon() {
    const std::lock_guard lock(mutex_);
    return take_consumer(wake::ready);
}

bool subscription_state::fits(std::uint64_t messages, std::uint64_t bytes) const noexcept {
    return messages <= limit_messages_ && bytes <= limit_bytes_;
}

std::uint64_t subscription_state::pending_messages() const noexcept {
    return tail_ - removed_ - delivered_.load(std::memory_order_relaxed);
}

// tail_ if nothing is pending.
std::uint64_t subscription_state::oldest_position() const noexcept {
    const std::uint64_t taken = delivered_.load(std::memory_order_relaxed) - batch_delivered_;
    return batch_begin_ + taken < batch_end_ ? batch_begin_ + taken : head_;
}

std::uint64_t subscription_state::pending_bytes() const noexcept {
    return committed_bytes_ - removed_bytes_ - delivered_bytes_.load(std::memory_order_relaxed);
}

} // namespace impl
} // namespace v0
} // namespace conats
