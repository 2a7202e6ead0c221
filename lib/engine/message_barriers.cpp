// SPDX-License-Identifier: Apache-2.0
#include "engine/message_barriers.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace impl {

bool message_barriers::add(std::uint64_t id, std::uint64_t end, bool all_taken) {
    if (at_work_ || !all_taken) {
        marks_.push_back({end, id});
        return true;
    }
    ids reached;
    close_epoch(id, reached);
    return reached.empty();
}

void message_barriers::drop(std::uint64_t id) {
    std::erase_if(marks_, [id](const mark& m) { return m.id == id; });
    for (epoch& e : epochs_)
        std::erase(e.then, id);
}

bool message_barriers::contains(std::uint64_t id) const {
    return std::any_of(marks_.begin(), marks_.end(), [id](const mark& m) { return m.id == id; }) ||
           std::any_of(epochs_.begin(), epochs_.end(), [id](const epoch& e) {
               return std::find(e.then.begin(), e.then.end(), id) != e.then.end();
           });
}

void message_barriers::on_return(std::uint64_t next, ids& reached) {
    if (marks_.empty()) [[likely]]
        return;
    const auto beyond = std::find_if(marks_.begin(), marks_.end(),
                                     [next](const mark& m) { return m.position > next; });
    std::for_each(marks_.begin(), beyond, [&](const mark& m) { close_epoch(m.id, reached); });
    marks_.erase(marks_.begin(), beyond);
}

std::uint64_t message_barriers::limit() const noexcept {
    return marks_.empty() ? std::numeric_limits<std::uint64_t>::max() : marks_.front().position;
}

std::uint64_t message_barriers::begin_handler() {
    if (epochs_.empty())
        epochs_.emplace_back();
    ++epochs_.back().running;
    return first_epoch_ + epochs_.size() - 1;
}

void message_barriers::end_handler(std::uint64_t began, ids& reached) {
    --epochs_[static_cast<std::size_t>(began - first_epoch_)].running;
    sweep(reached);
}

void message_barriers::close_epoch(std::uint64_t id, ids& reached) {
    if (epochs_.empty() || (epochs_.size() == 1 && epochs_.back().running == 0)) {
        reached.push_back(id);
        return;
    }
    // Where no handler has started since the barrier before, this one waits along with that.
    if (epochs_.back().running == 0) {
        epochs_[epochs_.size() - 2].then.push_back(id);
        return;
    }
    epochs_.emplace_back();
    epochs_[epochs_.size() - 2].then.push_back(id);
}

void message_barriers::sweep(ids& reached) {
    while (epochs_.size() > 1 && epochs_.front().running == 0) {
        const ids& then = epochs_.front().then;
        reached.insert(reached.end(), then.begin(), then.end());
        epochs_.erase(epochs_.begin());
        ++first_epoch_;
    }
}

void message_barriers::release_all(ids& reached) {
    for (const mark& m : marks_)
        reached.push_back(m.id);
    marks_.clear();
    for (epoch& e : epochs_) {
        reached.insert(reached.end(), e.then.begin(), e.then.end());
        e.then.clear();
    }
}

} // namespace impl
} // namespace v0
} // namespace conats
