// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/chunk_pool.hpp"

#include <cstddef>
#include <memory>

namespace conats {
inline namespace v0 {
namespace impl {

/// What was read and not yet parsed, always contiguous: a part of the current chunk. A partial
/// operation at a chunk's end moves to the next one; an operation larger than a chunk gets one
/// of its own and is read straight into it.
class input_buffer {
public:
    input_buffer(chunk_pool& pool, std::shared_ptr<void> owner) noexcept;
    input_buffer(const input_buffer&) = delete;
    input_buffer& operator=(const input_buffer&) = delete;
    ~input_buffer();

    struct space {
        char* data;
        std::size_t size;
    };
    /// Where to read to. `needed` is the size of the operation that has begun, 0 if unknown.
    space prepare(std::size_t needed);
    void commit(std::size_t n) noexcept { end_ += n; }
    /// Gives the chunk back, if all of it is parsed and nobody else keeps it. Afterwards, when this
    /// returns true, there is nothing here until `prepare`.
    bool give_back() noexcept;

    [[nodiscard]] bool is_empty() const noexcept { return begin_ == end_; }
    [[nodiscard]] const char* begin() const noexcept { return current_->data() + begin_; }
    [[nodiscard]] const char* end() const noexcept { return current_->data() + end_; }
    [[nodiscard]] chunk& memory() const noexcept { return *current_; }
    void consume(std::size_t n) noexcept { begin_ += n; }

private:
    // Less room than this is not worth a system call.
    static constexpr std::size_t least_room = std::size_t{8} << 10U;

    void move_to_front();
    void move_to_new_chunk(std::size_t capacity);

    chunk_pool& pool_;
    std::shared_ptr<void> owner_;
    chunk* current_ = nullptr;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace impl
} // namespace v0
} // namespace conats
