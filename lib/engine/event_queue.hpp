// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/waiter.hpp"
#include "support/light_mutex.hpp"

#include <conats/event.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

namespace conats {
inline namespace v0 {
namespace impl {

/// The events that one stream has not taken yet, and its consumer.
class event_queue : public std::enable_shared_from_this<event_queue> {
public:
    static constexpr std::size_t max_waiting = 1024; // beside status changes

    struct consumer_wait {
        wake outcome = wake::pending;
    };

    /// Adds an event: status changes always; an error equal to the last event counts it up.
    /// Above `max_waiting` the oldest other event goes and is counted.
    void push(const event& e);
    /// Counts an event for which there was no memory.
    void lose() noexcept;
    /// No further events come.
    void close();

    std::optional<event> take();
    [[nodiscard]] bool closed() const;

    bool begin_wait();
    void end_wait();
    void park(consumer_wait& w, parked_handler h);
    void cancel(consumer_wait& w);
    parked_handler abandon();

private:
    [[nodiscard]] bool merge(const event& e);
    void make_room();
    parked_handler take_consumer(wake outcome);

    mutable light_mutex mutex_;
    std::deque<event> events_;
    std::size_t droppable_ = 0; // of them, those that are no status changes
    std::uint64_t dropped_ = 0;
    parked_handler consumer_;
    consumer_wait* waiting_ = nullptr;
    bool consumer_waits_ = false;
    bool closed_ = false;
};

} // namespace impl
} // namespace v0
} // namespace conats
