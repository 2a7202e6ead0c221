// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace conats {
inline namespace v0 {

/// Counters of one client since it was created. Bytes are payload and headers.
struct statistics {
    std::uint64_t in_messages = 0;
    std::uint64_t in_bytes = 0;
    std::uint64_t out_messages = 0;
    std::uint64_t out_bytes = 0;
    std::uint64_t reconnects = 0;
    std::uint64_t dropped_messages = 0;   ///< by pending limits, over all subscriptions
    std::uint64_t compacted_messages = 0; ///< moved out of read buffers to bound memory
    std::uint64_t pinned_bytes = 0;       ///< read buffers read into, or held by messages, now
    std::uint64_t outbox_bytes = 0;     ///< accepted for sending, not yet given to the kernel, now
    std::uint64_t pending_requests = 0; ///< requests waiting for a reply, now
    std::uint64_t subscriptions = 0;    ///< subscriptions the server knows of, now
    std::uint64_t reads = 0;            ///< read system calls that returned data
    std::uint64_t writes = 0;           ///< write system calls
};

/// Counters of one subscription.
struct subscription_statistics {
    std::uint64_t delivered = 0;        ///< handed to the application
    std::uint64_t dropped = 0;          ///< by the pending limits
    std::uint64_t pending_messages = 0; ///< received and not yet handed out, now
    std::uint64_t pending_bytes = 0;    ///< payload, headers and 64 for each, now
    std::uint64_t max_pending_messages = 0;
    std::uint64_t max_pending_bytes = 0;
};

} // namespace v0
} // namespace conats
