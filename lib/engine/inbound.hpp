// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connection.hpp"
#include "engine/input_buffer.hpp"
#include "protocol/parser.hpp"

#include <conats/error.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// The reader's half of the engine: takes what was read apart and distributes it. Knows its own
/// table of sids, so that messages are distributed without the connection's lock; changes to it
/// come as a list, once per chunk.
class inbound {
public:
    inbound(connection& c, parser_limits limits);
    inbound(const inbound&) = delete;
    inbound& operator=(const inbound&) = delete;
    ~inbound();

    /// Distributes the whole operations in `in`; after the last of them each subscription that
    /// got something wakes its consumer once. An error ends the connection.
    error feed(input_buffer& in);
    /// For `input_buffer::prepare`.
    [[nodiscard]] std::size_t needed() const noexcept { return parser_.needed(); }
    /// A subscription with overflow policy `wait` that is full; reading pauses for it.
    [[nodiscard]] std::shared_ptr<subscription_state> take_full() noexcept {
        return std::move(full_);
    }

private:
    // Queued messages may pin read buffers up to here; above, they are copied out of them.
    static constexpr std::size_t max_pinned = std::size_t{16} << 20U;
    // Above this the room of a burst of changes is given back; so is the connection's list of them,
    // which gets it in exchange.
    static constexpr std::size_t kept_changes = 1024;

    void apply_registrations();
    void enter(std::uint64_t sid, std::shared_ptr<subscription_state> s);
    template <bool Traced>
    error distribute(input_buffer& in);
    error on_operation(block& chunk);
    error on_info();
    void on_message(block& chunk);
    void on_other_message(block& chunk);
    record& stage(subscription_state& s, const message_frame& m, std::uint32_t header_size,
                  block& chunk);
    void commit(block& chunk);
    void watch_pinned(subscription_state& s);
    void compact();

    connection& connection_;
    parser parser_;
    subscription_table subscriptions_;
    std::uint64_t inbox_sid_ = 0;
    std::uint64_t messages_ = 0; // of this chunk

    std::vector<registration> changes_;
    std::vector<subscription_state*> dirty_; // kept by subscriptions_
    std::vector<record> replies_;
    std::vector<std::weak_ptr<subscription_state>> backlogged_;
    std::size_t backlogged_checked_ = 16; // at this size those gone are dropped
    std::shared_ptr<subscription_state> full_;
    std::uint64_t bytes_ = 0; // of the messages of this chunk
};

} // namespace impl
} // namespace v0
} // namespace conats
