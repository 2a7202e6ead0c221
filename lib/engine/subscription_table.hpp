// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

class subscription_state;

/// Subscriptions by sid, one entry per live slot. A sid is a slot's index in its low bits and
/// a generation above, so that the sid of an ended subscription finds nothing. Not synchronised.
class subscription_table {
public:
    using pointer = std::shared_ptr<subscription_state>;

    /// A sid that was not used before.
    std::uint64_t add(pointer s) {
        if (free_.empty()) {
            entries_.emplace_back();
            free_.reserve(entries_.capacity()); // so that `erase` cannot fail
            free_.push_back(entries_.size() - 1);
        }
        const std::size_t index = free_.back();
        free_.pop_back();
        entry& e = entries_[index];
        e.sid = (++e.generation << index_bits) - generation_base + index + 1;
        e.subscription = std::move(s);
        ++size_;
        return e.sid;
    }

    /// Enters a subscription under a sid that another table gave.
    void put(std::uint64_t sid, pointer s) {
        const std::size_t index = index_of(sid);
        if (index >= entries_.size())
            entries_.resize(index + 1);
        entries_[index].sid = sid;
        entries_[index].subscription = std::move(s);
    }

    [[nodiscard]] subscription_state* find(std::uint64_t sid) const noexcept {
        const std::size_t index = index_of(sid);
        if (index >= entries_.size() || entries_[index].sid != sid)
            return nullptr;
        return entries_[index].subscription.get();
    }
    [[nodiscard]] pointer find_shared(std::uint64_t sid) const {
        return find(sid) == nullptr ? nullptr : entries_[index_of(sid)].subscription;
    }

    /// Forgets a sid; returns what stood there.
    pointer erase(std::uint64_t sid) noexcept {
        const std::size_t index = index_of(sid);
        if (index >= entries_.size() || entries_[index].sid != sid)
            return nullptr;
        entries_[index].sid = 0;
        free_.push_back(index);
        --size_;
        return std::move(entries_[index].subscription);
    }

    /// Forgets a sid of another table.
    void drop(std::uint64_t sid) {
        if (find(sid) != nullptr)
            entries_[index_of(sid)] = entry{};
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    /// f(sid, subscription), also for a sid without a subscription.
    template <class F>
    void for_each_entry(F&& f) const {
        for (const entry& e : entries_)
            if (e.sid != 0)
                f(e.sid, e.subscription);
    }

    template <class F>
    void for_each(F&& f) const {
        for (const entry& e : entries_)
            if (e.subscription)
                f(e.subscription);
    }

private:
    static constexpr unsigned index_bits = 24; // 16 million at once
    static constexpr std::uint64_t generation_base = std::uint64_t{1} << index_bits;

    static std::size_t index_of(std::uint64_t sid) noexcept {
        return static_cast<std::size_t>((sid - 1) & (generation_base - 1));
    }

    struct entry {
        std::uint64_t sid = 0;
        std::uint64_t generation = 0;
        pointer subscription;
    };

    std::vector<entry> entries_;
    std::vector<std::size_t> free_;
    std::size_t size_ = 0;
};

} // namespace impl
} // namespace v0
} // namespace conats
