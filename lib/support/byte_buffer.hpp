// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

/// A growing run of bytes whose fresh capacity is not zeroed. Move-only.
///
/// Writing is two steps: `prepare(n)` gives room for n bytes behind the data, `commit(n)` makes
/// what was written there part of the data. `clear` keeps the capacity.
class byte_buffer {
public:
    byte_buffer() noexcept = default;
    explicit byte_buffer(std::size_t capacity) { prepare(capacity); }
    byte_buffer(byte_buffer&& other) noexcept { swap(other); }
    byte_buffer& operator=(byte_buffer&& other) noexcept {
        byte_buffer(std::move(other)).swap(*this);
        return *this;
    }
    byte_buffer(const byte_buffer&) = delete;
    byte_buffer& operator=(const byte_buffer&) = delete;
    ~byte_buffer() { std::free(data_); }

    [[nodiscard]] const char* data() const noexcept { return data_; }
    [[nodiscard]] char* data() noexcept { return data_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

    /// Room for `n` bytes behind the data; valid until the next call that may grow.
    /// Throws `std::bad_alloc`; the data stays as it was then.
    char* prepare(std::size_t n) {
        if (n > capacity_ - size_) [[unlikely]] {
            grow(n);
        }
        return data_ + size_;
    }
    void commit(std::size_t n) noexcept { size_ += n; }

    void append(const void* bytes, std::size_t n) {
        char* to = prepare(n);
        if (n != 0) {
            std::memcpy(to, bytes, n);
        }
        commit(n);
    }

    void clear() noexcept { size_ = 0; }
    /// Drops what was appended since the data was `size` bytes long.
    void truncate(std::size_t size) noexcept { size_ = size; }

    /// Gives back capacity beyond `keep` bytes; the data stays.
    void shrink(std::size_t keep = 0) {
        const std::size_t wanted = keep < size_ ? size_ : keep;
        if (wanted < capacity_) {
            reallocate(wanted);
        }
    }

    void swap(byte_buffer& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }
    friend void swap(byte_buffer& a, byte_buffer& b) noexcept { a.swap(b); }

private:
    static constexpr std::size_t max_size = std::numeric_limits<std::size_t>::max() / 2;
    static constexpr std::size_t first_capacity = 256;

    void grow(std::size_t n) {
        if (n > max_size - size_) {
            throw std::bad_alloc();
        }
        const std::size_t needed = size_ + n;
        const std::size_t doubled = capacity_ < first_capacity ? first_capacity : capacity_ * 2;
        reallocate(doubled < needed ? needed : doubled);
    }

    void reallocate(std::size_t capacity) {
        if (capacity == 0) {
            std::free(data_);
            data_ = nullptr;
        } else {
            void* moved = std::realloc(data_, capacity);
            if (moved == nullptr) {
                throw std::bad_alloc();
            }
            data_ = static_cast<char*>(moved);
        }
        capacity_ = capacity;
    }

    char* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0; // at most max_size, so that doubling cannot overflow
};

} // namespace impl
} // namespace v0
} // namespace conats
