// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace conats {
inline namespace v0 {

/// Counters of one client since it was created, taken at once.
struct statistics {
    /// Messages received, whether or not somebody still wanted them. The server counts the same,
    /// but for its own answers to requests that nobody is there (503).
    std::uint64_t in_messages = 0;
    std::uint64_t in_bytes = 0;     ///< their payload and headers
    std::uint64_t out_messages = 0; ///< messages accepted for sending, requests too
    std::uint64_t out_bytes = 0;    ///< their payload and headers
    /// Everything the stream has read and written, protocol lines and handshakes included, without
    /// what TLS, WebSocket or a proxy add.
    std::uint64_t socket_bytes_in = 0;
    std::uint64_t socket_bytes_out = 0;     ///< written, likewise
    std::uint64_t connects = 0;             ///< connections made, the first one too
    std::uint64_t reconnects = 0;           ///< connections made again
    std::uint64_t failed_attempts = 0;      ///< to connect
    std::uint64_t dropped_messages = 0;     ///< by pending limits, over all subscriptions
    std::uint64_t dropped_publications = 0; ///< that waited for a server which does not take them
    std::uint64_t compacted_messages = 0;   ///< moved out of read buffers to bound memory
    std::uint64_t pinned_bytes = 0;         ///< read buffers read into, or held by messages, now
    std::uint64_t outbox_bytes = 0;      ///< accepted for sending, not yet given to the kernel, now
    std::uint64_t pending_requests = 0;  ///< requests waiting for a reply, now
    std::uint64_t pings_outstanding = 0; ///< PINGs of keep-alive and flushes without a PONG, now
    std::uint64_t subscriptions = 0;     ///< subscriptions the server knows of, now
    std::uint64_t reads = 0;             ///< read system calls that returned data
    std::uint64_t writes = 0;            ///< write system calls
    /// For how long the kernel has taken nothing of what is being written, now; zero while nothing
    /// is. Grows while the server does not read; at `write_timeout` the connection is lost.
    std::chrono::nanoseconds write_stall{0};
};

/// Counters of one subscription.
struct subscription_statistics {
    std::uint64_t delivered = 0;            ///< handed to the application
    std::uint64_t dropped = 0;              ///< by the pending limits
    std::uint64_t pending_messages = 0;     ///< received and not yet handed out, now
    std::uint64_t pending_bytes = 0;        ///< payload, headers and 64 for each, now
    std::uint64_t max_pending_messages = 0; ///< the most that waited so far
    std::uint64_t max_pending_bytes = 0;    ///< the most that waited so far
    /// For how long the oldest pending message has waited, now; zero if there is none. Measured
    /// once per read of the socket; with a long queue it may be told too high, by up to a seventh
    /// of the time that the queue has spanned.
    std::chrono::nanoseconds oldest_pending{0};
};

} // namespace v0
} // namespace conats
