// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/detail/block.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace conats {
inline namespace v0 {
namespace impl {

/// A growing ring of records, addressed by positions that only count up. It holds what lies
/// between `head` and `tail`; the producer may write beyond `tail` before it shows it there.
class record_ring {
public:
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] record& at(std::uint64_t position) noexcept {
        return records_[position & (capacity_ - 1)];
    }

    /// Doubles the room, keeping the records from `head` to `end`.
    void grow(std::uint64_t head, std::uint64_t end) {
        const std::size_t wanted = capacity_ == 0 ? 8 : capacity_ * 2;
        auto larger = std::make_unique<record[]>(wanted);
        for (std::uint64_t p = head; p != end; ++p)
            larger[p & (wanted - 1)] = at(p);
        records_ = std::move(larger);
        capacity_ = wanted;
    }

    void release() noexcept {
        records_.reset();
        capacity_ = 0;
    }

private:
    std::unique_ptr<record[]> records_;
    std::size_t capacity_ = 0; // 0 or a power of two
};

} // namespace impl
} // namespace v0
} // namespace conats
