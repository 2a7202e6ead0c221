// SPDX-License-Identifier: Apache-2.0
// The reader's side of a subscription: what came is staged, and committed within the limits.
#include "engine/subscription_state.hpp"
#include "support/chunk_pool.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

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

void subscription_state::unstage() noexcept {
    message_queue* const q = queue();
    if (q == nullptr)
        return;
    q->staged_end = q->tail;
    q->staged_bytes = 0;
}

message_queue& subscription_state::make_place() {
    const std::lock_guard lock(mutex_);
    message_queue& q = make_queue();
    q.known_head = q.head;
    if (q.staged_end - q.head >= q.ring.capacity())
        q.ring.grow(q.head, q.staged_end);
    return q;
}

commit_result subscription_state::commit(block& chunk, time_point now) {
    commit_result result;
    const std::lock_guard lock(mutex_);
    message_queue* const queued = queue();
    if (queued == nullptr) // nothing was staged, ever
        return result;
    message_queue& q = *queued;
    const std::uint64_t first = q.tail;
    const std::uint64_t staged = q.staged_end - q.tail;
    // As if the messages came one by one: a burst may begin an episode after it ends another.
    if (staged != 0)
        end_episode(q, result, 1, message_queue::cost(q.ring.at(q.tail)));
    const bool limited = q.max_messages != 0 && q.received + staged >= q.max_messages;
    if (!end_cause_ && !limited &&
        fits(q.pending_messages() + staged, q.pending_bytes() + q.staged_bytes)) [[likely]] {
        q.received += staged;
        add_reference(&chunk, static_cast<std::uint32_t>(staged));
        q.committed_bytes += q.staged_bytes;
        q.tail = q.staged_end;
    } else {
        accept_some(q, chunk, result);
    }
    q.staged_end = q.tail;
    q.staged_bytes = 0;
    if (q.tail != first)
        q.arrivals.add(first, now, std::min(q.oldest_position(), first));
    q.max_pending_messages = std::max(q.max_pending_messages, q.pending_messages());
    q.max_pending_bytes = std::max(q.max_pending_bytes, q.pending_bytes());
    note_episode(q, result);
    if (q.head != q.tail || end_cause_)
        result.consumer = take_consumer(wake::ready);
    return result;
}

void subscription_state::accept_some(message_queue& q, block& chunk, commit_result& result) {
    const std::uint64_t end = q.staged_end;
    for (std::uint64_t p = q.tail; p != end; ++p) {
        const record r = q.ring.at(p);
        if (!admit(q, r, result))
            continue;
        add_reference(&chunk);
        q.committed_bytes += message_queue::cost(r);
        q.ring.at(q.tail++) = r; // never behind p
    }
    result.full = policy_ == overflow::wait && !q.pause_given_up &&
                  !fits(q.pending_messages(), q.pending_bytes());
}

bool subscription_state::admit(message_queue& q, const record& r, commit_result& result) {
    if (end_cause_)
        return false;
    ++q.received;
    if (q.max_messages != 0 && q.received >= q.max_messages) {
        result.reached_max = true;
        if (q.received > q.max_messages)
            return false;
    }
    const std::size_t cost = message_queue::cost(r);
    const auto has_room = [&] { return fits(q.pending_messages() + 1, q.pending_bytes() + cost); };
    if (policy_ == overflow::wait && !q.pause_given_up)
        return true;
    // One that would not fit into an empty queue empties none.
    if (policy_ == overflow::drop_oldest && cost <= limit_bytes_)
        while (!has_room() && q.head != q.tail)
            drop_oldest(q, result);
    if (has_room())
        return true;
    ++result.dropped;
    return false;
}

void subscription_state::drop_oldest(message_queue& q, commit_result& result) {
    const record oldest = q.ring.at(q.head++);
    ++q.removed;
    q.removed_bytes += message_queue::cost(oldest);
    ++result.dropped;
    release_reference(oldest.memory);
}

void subscription_state::note_episode(message_queue& q, commit_result& result) {
    q.dropped += result.dropped;
    if (result.dropped != 0) {
        result.became_slow = !std::exchange(q.slow, true);
        return;
    }
    end_episode(q, result, 0, 0);
}

void subscription_state::end_episode(message_queue& q, commit_result& result,
                                     std::uint64_t more_messages, std::uint64_t more_bytes) {
    if (!q.slow && !q.pause_given_up)
        return;
    // Half the limit, so that a consumer at the brink does not make an event of each message; or
    // nothing, since half of a small limit has no room for one. What is too large for any queue
    // ends no episode.
    const bool is_well = q.pending_messages() + more_messages <= limit_messages_ / 2 &&
                         q.pending_bytes() + more_bytes <= limit_bytes_ / 2;
    const bool is_empty = q.pending_messages() == 0 && fits(more_messages, more_bytes);
    if (is_well || is_empty) {
        result.recovered = std::exchange(q.slow, false) || result.recovered;
        q.pause_given_up = false;
    }
}

std::size_t subscription_state::compact(const std::shared_ptr<void>& owner, bool& idle) {
    const std::lock_guard lock(mutex_);
    message_queue* const q = queue();
    idle = q == nullptr || q->head == q->tail;
    if (idle)
        return 0;
    std::size_t copied = 0;
    for (std::uint64_t p = std::max(q->head, q->compacted_to); p != q->tail; ++p) {
        record& r = q->ring.at(p);
        record own;
        try {
            own = copy_out(r, owner);
        } catch (const std::bad_alloc&) { // it stays where it is, until the next time
            q->compacted_to = p;
            return copied;
        }
        release_reference(r.memory);
        r = own;
        ++copied;
    }
    q->compacted_to = q->tail;
    return copied;
}

} // namespace impl
} // namespace v0
} // namespace conats
