// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
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
        if (free_ == none) {
            if (entries_.size() == none)
                throw std::bad_alloc(); // no sid is left
            entries_.push_back({free_place | none, nullptr});
            free_ = entries_.size() - 1;
        }
        entry& e = entries_[free_];
        const std::uint64_t used = (e.sid & ~free_place) & ~index_mask; // by those before
        const std::size_t index =
            std::exchange(free_, static_cast<std::size_t>(e.sid & index_mask));
        e.sid = used + index + 1;
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
        const std::uint64_t generation = ((sid - 1) >> index_bits) + 1;
        entries_[index].sid = free_place | (generation << index_bits) | std::exchange(free_, index);
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
            if (e.sid != 0 && (e.sid & free_place) == 0)
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
    static constexpr std::uint64_t index_mask = (std::uint64_t{1} << index_bits) - 1;
    static constexpr std::uint64_t free_place = std::uint64_t{1} << 63U;
    static constexpr std::size_t none = index_mask; // ends the list of free entries

    static std::size_t index_of(std::uint64_t sid) noexcept {
        return static_cast<std::size_t>((sid - 1) & index_mask);
    }

    /// 24 bytes, since there may be millions. Of a free one `sid` is `free_place`, the generation
    /// to come and the next free index.
    struct entry {
        std::uint64_t sid = 0;
        pointer subscription;
    };

    std::vector<entry> entries_;
    std::size_t free_ = none;
    std::size_t size_ = 0;
};

} // namespace impl
} // namespace v0
} // namespace conats
