// SPDX-License-Identifier: Apache-2.0
#include "support/deadline_queue.hpp"

namespace conats {
inline namespace v0 {
namespace impl {

deadline_queue::~deadline_queue() {
    for (auto* node : heap_) {
        node->index = deadline_node::npos;
    }
}

void deadline_queue::add(deadline_node& node) {
    heap_.push_back(&node);
    sift_up(&node, heap_.size() - 1);
}

void deadline_queue::add(deadline_node& node, time_point at) {
    node.at = at;
    add(node);
}

void deadline_queue::remove(deadline_node& node) noexcept {
    if (!node.is_queued()) {
        return;
    }
    const std::size_t hole = node.index;
    node.index = deadline_node::npos;
    deadline_node* last = heap_.back();
    heap_.pop_back();
    if (last != &node) {
        // The last node may belong above or below the hole, never both.
        sift_up(last, hole);
        sift_down(last, last->index);
    }
}

deadline_node* deadline_queue::top() const noexcept {
    return heap_.empty() ? nullptr : heap_.front();
}

deadline_node* deadline_queue::pop_due(time_point now) noexcept {
    deadline_node* node = top();
    if (node == nullptr || node->at > now) {
        return nullptr;
    }
    remove(*node);
    return node;
}

deadline_queue::time_point deadline_queue::next_deadline() const noexcept {
    return heap_.empty() ? time_point::max() : heap_.front()->at;
}

void deadline_queue::place(deadline_node* node, std::size_t index) noexcept {
    heap_[index] = node;
    node->index = static_cast<std::uint32_t>(index);
}

void deadline_queue::sift_up(deadline_node* node, std::size_t index) noexcept {
    while (index != 0) {
        const std::size_t parent = (index - 1) / 2;
        if (heap_[parent]->at <= node->at) {
            break;
        }
        place(heap_[parent], index);
        index = parent;
    }
    place(node, index);
}

void deadline_queue::sift_down(deadline_node* node, std::size_t index) noexcept {
    for (std::size_t child = 2 * index + 1; child < heap_.size(); child = 2 * index + 1) {
        if (child + 1 < heap_.size() && heap_[child + 1]->at < heap_[child]->at) {
            ++child;
        }
        if (heap_[child]->at >= node->at) {
            break;
        }
        place(heap_[child], index);
        index = child;
    }
    place(node, index);
}

} // namespace impl
} // namespace v0
} // namespace conats
