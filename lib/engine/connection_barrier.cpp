// SPDX-License-Identifier: Apache-2.0
// Waiting until the messages of all subscriptions are handled.
#include "engine/connection.hpp"

#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

template <class F>
void connection::for_each_consumed(F&& f) const {
    subscriptions_.for_each([&](const auto& s) {
        if (!s->is_own_inbox())
            f(*s);
    });
    for (const auto& w : ending_) // handlers that still have messages
        if (const auto s = w.lock())
            f(*s);
}

bool connection::begin_handled_wait(handled_wait& w, error& failure) {
    const lock_guard lock(mutex_);
    if (!alive_) {
        failure = refusal("barrier");
        return false;
    }
    w.ticket = ++tickets_;
    // Who reaches it meanwhile waits for our lock.
    for_each_consumed([&](subscription_state& s) { w.open += s.add_barrier(w.ticket) ? 1 : 0; });
    if (w.open == 0)
        return false;
    handled_waiters_.push(w);
    return true;
}

void connection::end_handled_wait(handled_wait& w) noexcept {
    const lock_guard lock(mutex_);
    wait_list::unlink(w);
    timers_.remove(w.timer);
    if (w.open != 0)
        for_each_consumed([&](subscription_state& s) { s.drop_barrier(w.ticket); });
}

std::string connection::unhandled_subject(const handled_wait& w) const {
    const lock_guard lock(mutex_);
    std::string subject;
    for_each_consumed([&](const subscription_state& s) {
        if (subject.empty() && s.has_barrier(w.ticket))
            subject = s.subject();
    });
    return subject;
}

void connection::on_handled(std::span<const std::uint64_t> barriers) {
    woken_list woken;
    {
        const lock_guard lock(mutex_);
        for (const std::uint64_t id : barriers) {
            wait_node* n = handled_waiters_.front();
            while (n != nullptr && n->ticket != id)
                n = n->next;
            if (n != nullptr && --static_cast<handled_wait*>(n)->open == 0)
                wait_list::take(*n, wake::ready, woken);
        }
    }
    woken.post_all();
}

} // namespace impl
} // namespace v0
} // namespace conats
