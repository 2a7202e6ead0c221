// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/detail/block.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>

namespace conats {
inline namespace v0 {
namespace impl {

/// A growing ring of records, addressed by positions that only count up. It holds what lies
/// between `head` and `tail`; the producer may write beyond `tail` before it shows it there.
class record_ring {
public:
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] record& at(std::uint64_t position) noexcept {
        return records()[position & (capacity_ - 1)];
    }

    /// Doubles the room, keeping the records from `head` to `end`.
    void grow(std::uint64_t head, std::uint64_t end) {
        const std::size_t wanted = capacity_ == 0 ? 8 : capacity_ * 2;
        auto larger = std::make_unique_for_overwrite<std::byte[]>(wanted * sizeof(record));
        for (std::uint64_t p = head; p != end; ++p)
            ::new (larger.get() + (p & (wanted - 1)) * sizeof(record)) record(at(p));
        storage_ = std::move(larger);
        capacity_ = wanted;
    }

private:
    [[nodiscard]] record* records() noexcept { return reinterpret_cast<record*>(storage_.get()); }

    // Bytes, which are not written before there is a record to write: it is most of the memory of a
    // subscription that is behind. Records need no destructor.
    static_assert(std::is_trivially_copyable_v<record> && std::is_trivially_destructible_v<record>);
    std::unique_ptr<std::byte[]> storage_;
    std::size_t capacity_ = 0; // 0 or a power of two
};

} // namespace impl
} // namespace v0
} // namespace conats
