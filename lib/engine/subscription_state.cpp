// SPDX-License-Identifier: Apache-2.0
#include "engine/subscription_state.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::chrono::nanoseconds usual_pause = pending_limits().max_pause;

std::size_t or_unlimited(std::size_t limit) {
    return limit == 0 ? std::numeric_limits<std::size_t>::max() : limit;
}

} // namespace

subscription_state::subscription_state(const std::string& subject, const std::string& queue_group,
                                       pending_limits limits, subscription_times times)
    : policy_(limits.policy),
      names_(subject + queue_group),
      subject_size_(static_cast<std::uint32_t>(subject.size())),
      flags_(limits.policy == overflow::wait ? no_queue | tells_room : no_queue),
      limit_messages_(or_unlimited(limits.messages)),
      limit_bytes_(or_unlimited(limits.bytes)) {
    if (times.any() || limits.max_pause != usual_pause)
        extras_ = std::make_unique<subscription_extras>(*this, times, limits.max_pause);
}

subscription_state::~subscription_state() {
    delete queue();
}

// --- What few have

void subscription_state::set_own_inbox(std::string asked_subject) {
    if (!extras_)
        extras_ = std::make_unique<subscription_extras>(*this, subscription_times(), usual_pause);
    extras_->asked_subject = std::move(asked_subject);
}

std::string_view subscription_state::asked_subject() const noexcept {
    return extras_ ? std::string_view(extras_->asked_subject) : std::string_view();
}

std::uint64_t subscription_state::request_begin() const noexcept {
    return extras_ ? extras_->request_begin : 0;
}

void subscription_state::set_request_begin(std::uint64_t begin) noexcept {
    if (extras_)
        extras_->request_begin = begin;
}

std::chrono::nanoseconds subscription_state::max_pause() const noexcept {
    return extras_ ? extras_->max_pause : usual_pause;
}

subscription_times subscription_state::times() const noexcept {
    return extras_ ? extras_->times : subscription_times();
}

// --- Its time

void subscription_state::start_deadlines(time_point now) {
    const std::lock_guard lock(mutex_);
    extras_->deadlines.start(now);
}

bool subscription_state::on_arrival(time_point now) {
    const std::lock_guard lock(mutex_);
    return extras_->deadlines.on_messages(now);
}

errc subscription_state::check_deadlines(time_point now, bool paused) {
    const std::lock_guard lock(mutex_);
    if (paused)
        extras_->deadlines.excuse(now);
    return extras_->deadlines.check(now);
}

subscription_state::time_point subscription_state::next_deadline() const {
    const std::lock_guard lock(mutex_);
    return extras_->deadlines.next();
}

// --- The reader's

std::uint8_t subscription_state::clear_flag(flag f, std::memory_order order) noexcept {
    return flags_.fetch_and(static_cast<std::uint8_t>(~f), order);
}

// Under the lock.
message_queue& subscription_state::make_queue() {
    if (queue() == nullptr) {
        queue_.store(new message_queue, std::memory_order_release);
        clear_flag(no_queue, std::memory_order_release);
    }
    return *queue();
}

bool subscription_state::has_room_or_watch() {
    const std::lock_guard lock(mutex_);
    // The consumer counts first and looks at the flag then; here it is the other way round,
    // so that one of the two sees the other.
    flags_.fetch_or(watched, std::memory_order_seq_cst);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const message_queue* const q = queue();
    if (!end_cause_ && q != nullptr && !q->pause_given_up && !fits_one_more(*q))
        return false;
    clear_flag(watched);
    return true;
}

void subscription_state::give_up_pause() {
    const std::lock_guard lock(mutex_);
    if (message_queue* const q = queue())
        q->pause_given_up = true;
    clear_flag(watched);
}

bool subscription_state::limit_messages(std::uint64_t max) {
    const std::lock_guard lock(mutex_);
    message_queue& q = make_queue();
    q.max_messages = max;
    return max != 0 && q.received >= max;
}

// --- The consumer's

bool subscription_state::take_flagged(record& out) {
    message_queue* const q = queue();
    if (q == nullptr)
        return false;
    if ((flags_.load(std::memory_order_relaxed) & discarding) != 0) {
        q->drop_taken();
        return false;
    }
    if (!q->any_taken() && !refill(*q))
        return false;
    q->hand_out(out);
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
        const message_queue* const q = queue();
        if (q->pending_messages() > limit_messages_ - limit_messages_ / 4 - 1 ||
            q->pending_bytes() > limit_bytes_ - limit_bytes_ / 4)
            return;
        clear_flag(watched);
    }
    if (const auto o = observer.lock())
        o->on_room();
}

bool subscription_state::peek() {
    message_queue* const q = queue();
    if (q == nullptr)
        return false;
    if ((flags_.load(std::memory_order_relaxed) & discarding) != 0)
        q->drop_taken();
    return q->any_taken() || refill(*q);
}

std::size_t subscription_state::batch_size() const noexcept {
    // What is moved out is beyond the reach of drop-oldest: with small limits move out little.
    return std::clamp<std::size_t>(limit_messages_ / 16, 1, batch);
}

bool subscription_state::refill(message_queue& q) {
    message_barriers::ids reached;
    std::uint64_t n = 0;
    {
        const std::lock_guard lock(mutex_);
        // First what may throw.
        q.taken.clear();
        q.next_taken = q.end_taken = nullptr;
        if (const std::uint64_t most = std::min<std::uint64_t>(batch_size(), q.tail - q.head);
            q.taken.capacity() < most)
            q.taken.reserve(std::max<std::size_t>(2 * q.taken.capacity(), most));
        q.barriers.on_return(q.head, reached);
        n = std::min({std::uint64_t{batch_size()}, q.tail - q.head, q.barriers.limit() - q.head});
        q.barriers.on_batch(n != 0);
        for (std::uint64_t i = 0; i != n; ++i)
            q.taken.push_back(q.ring.at(q.head + i));
        q.next_taken = q.taken.data();
        q.end_taken = q.next_taken + n;
        q.batch_begin = q.head;
        q.head += n;
        q.batch_end = q.head;
        q.batch_delivered = q.delivered.load(std::memory_order_relaxed);
    }
    notify_handled(reached);
    return n != 0;
}

std::uint64_t subscription_state::begin_handler() {
    const std::lock_guard lock(mutex_);
    return queue()->barriers.begin_handler();
}

void subscription_state::end_handler(std::uint64_t began) {
    message_barriers::ids reached;
    {
        const std::lock_guard lock(mutex_);
        queue()->barriers.end_handler(began, reached);
    }
    notify_handled(reached);
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
        if (w.outcome == wake::pending && !any_queued() && !end_cause_) {
            waiting_ = &w;
            w.handler = std::move(h);
            return;
        }
        waiting_ = nullptr; // `w` is the consumer's alone again
    }
    h.post();
}

parked_handler subscription_state::take_consumer(wake outcome) {
    if (waiting_ == nullptr || !waiting_->handler)
        return {};
    waiting_->outcome = outcome;
    return std::move(waiting_->handler);
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

void subscription_state::expire(std::uint32_t ticket) {
    parked_handler h;
    {
        const std::lock_guard lock(mutex_);
        if (waiting_ == nullptr || waiting_->ticket != ticket)
            return;
        if (waiting_->handler)
            h = take_consumer(wake::timeout);
        else if (waiting_->outcome == wake::pending)
            waiting_->outcome = wake::timeout;
    }
    h.post();
}

bool subscription_state::at_end() {
    {
        const std::lock_guard lock(mutex_);
        const message_queue* const q = queue();
        if (!end_cause_ || any_queued() || (q != nullptr && q->any_taken()))
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
    message_queue* const q = queue();
    return q != nullptr && q->barriers.add(id, q->tail, q->head == q->tail);
}

void subscription_state::drop_barrier(std::uint64_t id) {
    const std::lock_guard lock(mutex_);
    if (message_queue* const q = queue())
        q->barriers.drop(id);
}

bool subscription_state::has_barrier(std::uint64_t id) const {
    const std::lock_guard lock(mutex_);
    const message_queue* const q = queue();
    return q != nullptr && q->barriers.contains(id);
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
        message_queue* const q = queue();
        if (!end_cause_)
            end_cause_.set(reason);
        if (q != nullptr && !has_handler) // a handler comes back, others may not
            q->barriers.release_all(handled);
        if (discard)
            flags_.fetch_or(discarding, std::memory_order_relaxed);
        if (discard && q != nullptr) {
            first = std::exchange(q->head, q->tail);
            last = q->tail;
            for (std::uint64_t p = first; p != last; ++p)
                q->removed_bytes += message_queue::cost(q->ring.at(p));
            q->removed += last - first;
        }
        tell = is_finished() && !std::exchange(told_finished_, true);
        const auto flags = clear_flag(watched, std::memory_order_seq_cst);
        paused = (flags & watched) != 0;
        h = take_consumer(wake::ready);
        // The references go under the lock, since the ring is the reader's to change. They
        // cannot be the connection's last: whoever ends a subscription holds it.
        for (std::uint64_t p = first; p != last; ++p)
            release_reference(q->ring.at(p).memory);
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
    const message_queue* const q = queue();
    if (q == nullptr || q->max_messages == 0)
        return 0;
    return q->max_messages - std::min(q->max_messages - 1, q->received);
}

error subscription_state::end_reason() const {
    const std::lock_guard lock(mutex_);
    return end_cause_.get();
}

bool subscription_state::ended() const {
    const std::lock_guard lock(mutex_);
    return static_cast<bool>(end_cause_);
}

bool subscription_state::is_slow() const {
    const std::lock_guard lock(mutex_);
    const message_queue* const q = queue();
    return q != nullptr && q->slow;
}

error subscription_state::dropped_error() const {
    const auto text = [](std::size_t limit) {
        return limit == or_unlimited(0) ? "unlimited" : std::to_string(limit);
    };
    const std::lock_guard lock(mutex_);
    return error(errc::messages_dropped, "pending limits exceeded: messages " +
                                             text(limit_messages_) + ", bytes " +
                                             text(limit_bytes_))
        .subject(std::string(subject()));
}

bool subscription_state::is_finished() const noexcept {
    if (!end_cause_)
        return false;
    if ((flags_.load(std::memory_order_relaxed) & discarding) != 0 || told_finished_)
        return true;
    // There is nothing to read, and nobody waits who would come to see the end.
    const message_queue* const q = queue();
    return !has_handler && !consumer_waits_ && (q == nullptr || q->pending_messages() == 0);
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
        const message_queue* const q = queue();
        if (!is_watched || q == nullptr || !fits_one_more(*q))
            return;
        clear_flag(watched);
    }
    if (const auto o = observer.lock())
        o->on_room();
}

subscription_statistics subscription_state::statistics(time_point now) const {
    const std::lock_guard lock(mutex_);
    subscription_statistics s;
    const message_queue* const q = queue();
    if (q == nullptr)
        return s;
    s.delivered = q->delivered.load(std::memory_order_relaxed);
    s.dropped = q->dropped;
    if ((flags_.load(std::memory_order_relaxed) & discarding) == 0) {
        s.pending_messages = q->pending_messages();
        s.pending_bytes = q->pending_bytes();
        const std::uint64_t oldest = q->oldest_position();
        if (oldest != q->tail)
            s.oldest_pending = std::max(now - q->arrivals.at(oldest), time_point::duration::zero());
    }
    s.max_pending_messages = q->max_pending_messages;
    s.max_pending_bytes = q->max_pending_bytes;
    return s;
}

void subscription_state::reset_max_pending() {
    const std::lock_guard lock(mutex_);
    message_queue* const q = queue();
    if (q == nullptr)
        return;
    q->max_pending_messages = q->pending_messages();
    q->max_pending_bytes = q->pending_bytes();
}

parked_handler subscription_state::abandon() {
    const std::lock_guard lock(mutex_);
    return take_consumer(wake::ready);
}

bool subscription_state::fits(std::uint64_t messages, std::uint64_t bytes) const noexcept {
    return messages <= limit_messages_ && bytes <= limit_bytes_;
}

bool subscription_state::fits_one_more(const message_queue& q) const noexcept {
    return fits(q.pending_messages() + 1, q.pending_bytes() + 1);
}

// Committed messages, those moved out not counted.
bool subscription_state::any_queued() const noexcept {
    const message_queue* const q = queue();
    return q != nullptr && q->head != q->tail;
}

} // namespace impl
} // namespace v0
} // namespace conats
