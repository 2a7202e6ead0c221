// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/waiter.hpp"
#include "support/deadline_queue.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

struct wait_node;
class subscription_state;

/// The deadline of a wait: of a node under the connection's lock, or of a subscription's
/// consumer, which has a lock of its own and is told by ticket.
struct timed_wait : deadline_node {
    explicit timed_wait(wait_node* n) noexcept : node(n) {}
    timed_wait(std::shared_ptr<subscription_state> s, std::uint32_t t) noexcept
        : consumer(std::move(s)),
          ticket(t) {}

    wait_node* node = nullptr;
    std::shared_ptr<subscription_state> consumer;
    std::uint32_t ticket = 0;
};

/// One waiting operation, in the frame of its coroutine. Guarded by the owner's lock until
/// `outcome` is set; from then on it belongs to whoever set it, until its handler is posted.
struct wait_node {
    wait_node() noexcept = default;
    wait_node(const wait_node&) = delete;
    wait_node& operator=(const wait_node&) = delete;
    ~wait_node() = default;

    wait_node* previous = nullptr;
    wait_node* next = nullptr;
    class wait_list* list = nullptr;
    parked_handler handler;
    std::uint64_t ticket = 0; // of the PING, subscription or place in the outbox it waits for
    timed_wait timer{this};
    deadline_node::time_point since{}; // of the request or PING, where latency is recorded
    wake outcome = wake::pending;
};

/// Waiting operations in order of arrival. Not synchronised.
class wait_list {
public:
    wait_list() noexcept = default;
    wait_list(const wait_list&) = delete;
    wait_list& operator=(const wait_list&) = delete;
    wait_list(wait_list&& other) noexcept { splice(other); }
    ~wait_list() = default;

    [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
    [[nodiscard]] wait_node* front() const noexcept { return first_; }

    void push(wait_node& n) noexcept {
        n.list = this;
        n.previous = last_;
        n.next = nullptr;
        (last_ != nullptr ? last_->next : first_) = &n;
        last_ = &n;
    }

    static void unlink(wait_node& n) noexcept {
        if (n.list != nullptr)
            n.list->remove(n);
    }

    /// Takes `n` out for `outcome` and adds it to `to`, whose handlers are posted later. One
    /// that is not parked yet finds the outcome when it parks.
    static void take(wait_node& n, wake outcome, wait_list& to) noexcept {
        unlink(n);
        n.outcome = outcome;
        if (n.handler)
            to.push(n);
    }

    /// Takes all for `outcome`.
    void take_all(wake outcome, wait_list& to) noexcept {
        while (first_ != nullptr)
            take(*first_, outcome, to);
    }

    /// Resumes all; for a list of nodes taken, without a lock.
    void post_all() noexcept {
        while (first_ != nullptr) {
            wait_node& n = *first_;
            remove(n);
            parked_handler h = std::move(n.handler); // n may be gone after the post
            h.post();
        }
    }

    /// Ends all for good: destroys the coroutines of `own`, whose context is going, resumes
    /// the others. Without a lock.
    void abandon_all(const asio::execution_context* own) noexcept {
        while (first_ != nullptr) {
            wait_node& n = *first_;
            remove(n);
            parked_handler h = std::move(n.handler);
            if (h.context() == own)
                h.destroy();
            else
                h.post();
        }
    }

private:
    void remove(wait_node& n) noexcept {
        (n.previous != nullptr ? n.previous->next : first_) = n.next;
        (n.next != nullptr ? n.next->previous : last_) = n.previous;
        n.previous = n.next = nullptr;
        n.list = nullptr;
    }

    void splice(wait_list& other) noexcept {
        while (other.first_ != nullptr) {
            wait_node& n = *other.first_;
            other.remove(n);
            push(n);
        }
    }

    wait_node* first_ = nullptr;
    wait_node* last_ = nullptr;
};

/// Nodes taken to be resumed: at the latest when it goes out of scope, so also where something else
/// throws.
class woken_list : public wait_list {
public:
    woken_list() noexcept = default;
    woken_list(const woken_list&) = delete;
    woken_list& operator=(const woken_list&) = delete;
    ~woken_list() { post_all(); }
};

} // namespace impl
} // namespace v0
} // namespace conats
