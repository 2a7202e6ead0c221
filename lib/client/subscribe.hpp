// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/lease.hpp"
#include "engine/subscription_state.hpp"

#include <conats/client.hpp>
#include <conats/subscribe_options.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

std::shared_ptr<subscription_state> make_subscription(std::string_view subject,
                                                      const subscribe_options& options);

/// Tells the server. What is wrong is the subscription's end reason.
void register_subscription(const std::shared_ptr<lease>& l,
                           const std::shared_ptr<subscription_state>& s,
                           std::uint64_t max_messages);

/// Waits until there is something to take or the end, and takes nothing.
asio::awaitable<void> wait_for_any(std::shared_ptr<subscription_state> s);

/// Whether others get a turn before the next result: a queue that is always full must not starve
/// timers and cancellation.
[[gnu::always_inline]] inline bool turn_is_over(subscription_state& s) {
    message_queue* const q = s.queue();
    return q != nullptr && q->consumer_turn.add() && q->consumer_turn.is_over(turn::clock::now());
}

/// The consumer was suspended.
inline void restart_turn(subscription_state& s) {
    if (message_queue* const q = s.queue())
        q->consumer_turn.restart();
}

/// Spawns what feeds a subscription's messages to its handler until its end.
void run_handler(const std::shared_ptr<connection>& c, std::shared_ptr<subscription_state> s,
                 message_handler handler, const subscribe_options& options);

} // namespace impl
} // namespace v0
} // namespace conats
