// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// What has a deadline derives from this or holds it. It must leave the queue before it dies, and
/// stays where it is in memory.
struct deadline_node {
    using time_point = std::chrono::steady_clock::time_point;
    static constexpr std::uint32_t npos = static_cast<std::uint32_t>(-1);

    deadline_node() noexcept = default;
    explicit deadline_node(time_point t) noexcept : at(t) {}
    deadline_node(const deadline_node&) = delete;
    deadline_node& operator=(const deadline_node&) = delete;
    ~deadline_node() = default;

    [[nodiscard]] bool is_queued() const noexcept { return index != npos; }

    time_point at{};            ///< not to be changed while queued
    std::uint32_t index = npos; ///< its place in the heap; the queue's own
};

/// Deadlines, the earliest first: a binary heap whose nodes know their place, so that the usual
/// case, an answer that comes in time, removes its deadline in O(log n). Pure.
///
/// Allocates only while it holds more nodes than ever before. Equal deadlines come out in any
/// order.
class deadline_queue {
public:
    using time_point = deadline_node::time_point;

    deadline_queue() = default;
    deadline_queue(const deadline_queue&) = delete;
    deadline_queue& operator=(const deadline_queue&) = delete;
    ~deadline_queue();

    /// `node` is in no queue. Changes nothing if it throws.
    void add(deadline_node& node);
    void add(deadline_node& node, time_point at);
    /// Does nothing if `node` is not queued.
    void remove(deadline_node& node) noexcept;

    /// The earliest node; null if there is none.
    [[nodiscard]] deadline_node* top() const noexcept;
    /// Takes out the earliest node if its deadline has passed; null if it has not.
    deadline_node* pop_due(time_point now) noexcept;
    /// When `pop_due` has something to do next; `time_point::max()` for never.
    [[nodiscard]] time_point next_deadline() const noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return heap_.size(); }
    [[nodiscard]] bool empty() const noexcept { return heap_.empty(); }

private:
    void place(deadline_node* node, std::size_t index) noexcept;
    void sift_up(deadline_node* node, std::size_t index) noexcept;
    void sift_down(deadline_node* node, std::size_t index) noexcept;

    std::vector<deadline_node*> heap_;
};

} // namespace impl
} // namespace v0
} // namespace conats
