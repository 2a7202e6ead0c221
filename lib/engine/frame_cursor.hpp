// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/outbox.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// Walks the frames of an outgoing buffer, as this client has encoded them, so that those of
/// which no byte was written can be sent on another connection. Pure.
///
///     for (frame_cursor f(out); f.next();)
///         if (f.is_publish() && f.begin() >= written)
///             f.append_to(box);
class frame_cursor {
public:
    explicit frame_cursor(const outgoing& from) noexcept : from_(from), end_(from.begin_) {}

    /// Goes to the next frame; false behind the last.
    bool next();

    /// Without its CRLF.
    [[nodiscard]] std::string_view line() const noexcept { return line_; }
    /// PUB or HPUB; the rest of what is read here is of these alone.
    [[nodiscard]] bool is_publish() const noexcept { return is_publish_; }
    [[nodiscard]] bool has_headers() const noexcept { return header_size_ != 0; }
    [[nodiscard]] std::string_view subject() const noexcept { return subject_; }
    [[nodiscard]] std::string_view reply() const noexcept { return reply_; }
    /// Of header block and payload.
    [[nodiscard]] std::size_t body_size() const noexcept { return body_size_; }
    [[nodiscard]] std::string_view header_block() const noexcept {
        return {line_.data() + line_.size() + 2, header_size_};
    }
    [[nodiscard]] std::string_view payload() const noexcept;
    /// The frame's place in the outbox's count of bytes.
    [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }

    /// Sends the frame again; an owned payload is shared, not copied.
    void append_to(outbox& to) const;

private:
    void read_line(std::string_view line);
    [[nodiscard]] bool has_insertion(std::size_t before) const noexcept;

    const outgoing& from_;
    std::uint64_t begin_ = 0;
    std::uint64_t end_;
    std::size_t offset_ = 0;      // of the frame, in the bytes
    std::size_t next_ = 0;        // of the frame behind it
    std::size_t insertion_ = 0;   // the next one, of the frame behind it
    std::size_t inserted_at_ = 0; // where in the bytes the payload stands apart; 0: nowhere
    std::string_view line_;
    std::string_view subject_;
    std::string_view reply_;
    std::size_t header_size_ = 0;
    std::size_t body_size_ = 0;
    bool is_publish_ = false;
};

} // namespace impl
} // namespace v0
} // namespace conats
