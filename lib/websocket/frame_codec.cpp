// SPDX-License-Identifier: Apache-2.0
#include "websocket/frame_codec.hpp"

#include <algorithm>
#include <cstring>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t compressed_bit = 0x40;
constexpr std::uint8_t reserved_bits = 0x30;
constexpr std::uint8_t mask_bit = 0x80;
constexpr std::uint8_t control_bit = 0x08;
constexpr std::uint8_t length_of_16_bits = 126;
constexpr std::uint8_t length_of_64_bits = 127;
constexpr std::size_t max_control = 125;

bool is_close_status(unsigned status) {
    return (status >= 1000 && status <= 1003) || (status >= 1007 && status <= 1014) ||
           (status >= 3000 && status <= 4999);
}

/// Writes a client's frame header in front of `end` and returns where it begins.
char* write_header_before(char* end, opcode op, bool compressed, std::uint64_t size,
                          const frame_mask& mask) {
    char* to = end - mask.size();
    std::memcpy(to, mask.data(), mask.size());
    auto length = static_cast<std::uint8_t>(size);
    std::size_t extra = 0;
    if (size > 0xffff) {
        length = length_of_64_bits;
        extra = 8;
    } else if (size > max_control) {
        length = length_of_16_bits;
        extra = 2;
    }
    for (std::size_t i = 0; i != extra; ++i) {
        *--to = static_cast<char>(size & 0xffU);
        size >>= 8U;
    }
    *--to = static_cast<char>(mask_bit | length);
    auto first = static_cast<std::uint8_t>(final_bit | static_cast<std::uint8_t>(op));
    if (compressed)
        first |= compressed_bit;
    *--to = static_cast<char>(first);
    return to;
}

void apply_mask(char* data, std::size_t size, const frame_mask& mask) {
    std::uint32_t half = 0;
    std::memcpy(&half, mask.data(), sizeof half);
    const std::uint64_t wide = std::uint64_t{half} << 32U | half;
    std::size_t i = 0;
    for (; i + sizeof wide <= size; i += sizeof wide) {
        std::uint64_t bytes = 0;
        std::memcpy(&bytes, data + i, sizeof bytes);
        bytes ^= wide;
        std::memcpy(data + i, &bytes, sizeof bytes);
    }
    for (; i != size; ++i)
        data[i] = static_cast<char>(data[i] ^ mask[i % mask.size()]);
}

} // namespace

frame_event frame_decoder::next(std::string_view& input) {
    data_ = {};
    if (is_over_)
        return frame_event::need_more;
    if (!in_frame_) {
        if (!take_header(input))
            return frame_event::need_more;
        begin_frame();
        if (fault_ != websocket_fault::none)
            return fail(fault_);
    }
    if (static_cast<std::uint8_t>(opcode_) & control_bit)
        return take_control(input);
    return take_data(input);
}

/// Of what is there of the header.
std::size_t frame_decoder::header_size() const noexcept {
    if (header_size_ < 2)
        return 2;
    switch (header_[1] & ~mask_bit) {
    case length_of_16_bits: return 4;
    case length_of_64_bits: return 10;
    default: return 2;
    }
}

bool frame_decoder::take_header(std::string_view& input) {
    while (header_size_ != header_size()) {
        if (input.empty())
            return false;
        header_[header_size_++] = static_cast<unsigned char>(input.front());
        input.remove_prefix(1);
    }
    return true;
}

std::uint64_t frame_decoder::read_length() {
    const auto first = static_cast<std::uint8_t>(header_[1] & ~mask_bit);
    if (header_size_ == 2)
        return first;
    std::uint64_t length = 0;
    for (std::size_t i = 2; i != header_size_; ++i)
        length = length << 8U | header_[i];
    const std::uint64_t least = first == length_of_16_bits ? length_of_16_bits : 0x10000;
    if (length < least)
        fault_ = websocket_fault::padded_length;
    return length;
}

void frame_decoder::begin_frame() {
    const auto flags = header_[0];
    const auto op = static_cast<std::uint8_t>(flags & 0x0fU);
    const auto length = read_length();
    opcode_ = static_cast<opcode>(op);
    if (flags & reserved_bits)
        fault_ = websocket_fault::reserved_bits;
    else if (header_[1] & mask_bit)
        fault_ = websocket_fault::masked_frame;
    else if (op & control_bit)
        begin_control(flags, length);
    else
        begin_data(flags, opcode_);
    if (fault_ == websocket_fault::none && length > max_frame_)
        fault_ = websocket_fault::huge_frame;
    left_ = length;
    header_size_ = 0;
    in_frame_ = true;
}

void frame_decoder::begin_data(std::uint8_t flags, opcode op) {
    const bool begins = op == opcode::text || op == opcode::binary;
    const bool is_marked = (flags & compressed_bit) != 0;
    if (!begins && op != opcode::continuation)
        fault_ = websocket_fault::unknown_opcode;
    else if (begins && in_message_)
        fault_ = websocket_fault::unfinished_message;
    else if (!begins && !in_message_)
        fault_ = websocket_fault::unexpected_continuation;
    else if (is_marked && (!compression_ || !begins))
        fault_ = websocket_fault::unexpected_compression;
    if (begins)
        is_compressed_ = is_marked;
    is_final_ = (flags & final_bit) != 0;
    in_message_ = true;
}

void frame_decoder::begin_control(std::uint8_t flags, std::uint64_t length) {
    if (opcode_ != opcode::close && opcode_ != opcode::ping && opcode_ != opcode::pong)
        fault_ = websocket_fault::unknown_opcode;
    else if (flags & compressed_bit)
        fault_ = websocket_fault::unexpected_compression;
    else if (!(flags & final_bit))
        fault_ = websocket_fault::fragmented_control;
    else if (length > max_control)
        fault_ = websocket_fault::long_control;
    control_size_ = 0;
}

frame_event frame_decoder::take_data(std::string_view& input) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    if (n == 0 && left_ != 0)
        return frame_event::need_more;
    data_ = input.substr(0, n);
    input.remove_prefix(n);
    left_ -= n;
    in_frame_ = left_ != 0;
    ends_message_ = is_final_ && !in_frame_;
    if (ends_message_)
        in_message_ = false;
    return frame_event::data;
}

frame_event frame_decoder::take_control(std::string_view& input) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
    std::copy_n(input.begin(), n, control_.begin() + static_cast<std::ptrdiff_t>(control_size_));
    control_size_ += n;
    input.remove_prefix(n);
    left_ -= n;
    if (left_ != 0)
        return frame_event::need_more;
    in_frame_ = false;
    return end_control();
}

frame_event frame_decoder::end_control() {
    data_ = {control_.data(), control_size_};
    switch (opcode_) {
    case opcode::ping: return frame_event::ping;
    case opcode::pong: return frame_event::pong;
    default: return read_close();
    }
}

frame_event frame_decoder::read_close() {
    close_status_ = no_close_status;
    if (data_.size() == 1)
        return fail(websocket_fault::malformed_close);
    if (data_.size() > 1) {
        const unsigned high = static_cast<unsigned char>(data_[0]);
        const unsigned low = static_cast<unsigned char>(data_[1]);
        const unsigned status = high << 8U | low;
        if (!is_close_status(status))
            return fail(websocket_fault::malformed_close);
        close_status_ = static_cast<std::uint16_t>(status);
    }
    is_over_ = true;
    return frame_event::close;
}

frame_event frame_decoder::fail(websocket_fault f) noexcept {
    fault_ = f;
    is_over_ = true;
    return frame_event::failed;
}

void append_frame(std::string& out, opcode op, bool compressed, std::string_view payload,
                  const frame_mask& mask) {
    std::array<char, max_frame_header> header{};
    char* const end = header.data() + header.size();
    const char* const begin = write_header_before(end, op, compressed, payload.size(), mask);
    out.append(begin, static_cast<std::size_t>(end - begin));
    out.append(payload);
    apply_mask(out.data() + out.size() - payload.size(), payload.size(), mask);
}

std::size_t frame_in_place(std::string& out, std::size_t begin, opcode op, bool compressed,
                           const frame_mask& mask) {
    char* const payload = out.data() + begin + max_frame_header;
    const auto size = out.size() - begin - max_frame_header;
    apply_mask(payload, size, mask);
    const char* const head = write_header_before(payload, op, compressed, size, mask);
    return static_cast<std::size_t>(head - out.data());
}

void append_close(std::string& out, std::uint16_t status, const frame_mask& mask) {
    const std::array<char, 2> payload{static_cast<char>(status >> 8U),
                                      static_cast<char>(status & 0xffU)};
    append_frame(out, opcode::close, false, {payload.data(), payload.size()}, mask);
}

} // namespace impl
} // namespace v0
} // namespace conats
