// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// Unpacks messages of permessage-deflate (RFC 7692), piece by piece. Pure.
class inflater {
public:
    /// `keeps_context`: messages refer to what earlier ones held.
    explicit inflater(bool keeps_context);
    inflater(const inflater&) = delete;
    inflater& operator=(const inflater&) = delete;
    ~inflater();

    /// Unpacks from the front of `input` into at most `size` bytes at `to`; returns how many.
    /// Less than `size` means that it needs more input.
    std::size_t unpack(std::string_view& input, char* to, std::size_t size);
    /// All input of a message was given in. To be called until it returns less than `size`; then
    /// the next message may begin.
    std::size_t end_message(char* to, std::size_t size);

    [[nodiscard]] bool has_failed() const noexcept { return has_failed_; }

private:
    struct state;

    std::unique_ptr<state> state_;
    std::string_view tail_; // of the message, which its sender leaves out
    bool keeps_context_;
    bool in_tail_ = false;
    bool has_failed_ = false;
};

/// Packs messages for permessage-deflate, each without the context of those before. Pure.
class deflater {
public:
    deflater();
    deflater(const deflater&) = delete;
    deflater& operator=(const deflater&) = delete;
    ~deflater();

    /// Appends the message to `out`, packed.
    void pack(std::string_view message, std::string& out);

private:
    struct state;

    std::unique_ptr<state> state_;
};

} // namespace impl
} // namespace v0
} // namespace conats
