// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "websocket/faults.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

enum class opcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10
};

enum class frame_event : std::uint8_t {
    need_more, ///< all input was taken
    data,      ///< see `data`, `is_compressed` and `ends_message`
    ping,      ///< see `data`
    pong,
    close, ///< see `close_status`; nothing follows
    failed ///< see `fault`; nothing follows
};

/// Takes the frames that a server sends (RFC 6455) apart. Pure.
///
/// Data frames are passed on as they come, piece by piece; only control frames, which have 125
/// bytes at most, are collected.
class frame_decoder {
public:
    frame_decoder(std::size_t max_frame, bool compression) noexcept
        : max_frame_(max_frame),
          compression_(compression) {}

    /// Takes bytes off the front of `input`, up to the next event.
    frame_event next(std::string_view& input);

    /// Of a data event: a view into the input, maybe empty. Of a ping: valid until the next call.
    [[nodiscard]] std::string_view data() const noexcept { return data_; }
    /// Whether the message of a data event is compressed.
    [[nodiscard]] bool is_compressed() const noexcept { return is_compressed_; }
    /// Whether the data event is its message's last.
    [[nodiscard]] bool ends_message() const noexcept { return ends_message_; }
    /// `no_close_status` if the close frame said none.
    [[nodiscard]] std::uint16_t close_status() const noexcept { return close_status_; }
    [[nodiscard]] websocket_fault fault() const noexcept { return fault_; }

private:
    [[nodiscard]] bool take_header(std::string_view& input);
    [[nodiscard]] std::size_t header_size() const noexcept;
    void begin_frame();
    void begin_data(std::uint8_t flags, opcode op);
    void begin_control(std::uint8_t flags, std::uint64_t length);
    [[nodiscard]] std::uint64_t read_length();
    frame_event take_data(std::string_view& input);
    frame_event take_control(std::string_view& input);
    frame_event end_control();
    frame_event read_close();
    frame_event fail(websocket_fault f) noexcept;

    std::string_view data_;
    std::size_t max_frame_;
    std::uint64_t left_ = 0; // of the frame's payload
    std::array<char, 125> control_{};
    std::size_t control_size_ = 0;
    std::array<unsigned char, 10> header_{};
    std::size_t header_size_ = 0;
    std::uint16_t close_status_ = 0;
    opcode opcode_ = opcode::binary;
    websocket_fault fault_ = websocket_fault::none;
    bool compression_;
    bool in_frame_ = false;
    bool in_message_ = false;
    bool is_final_ = false;
    bool is_compressed_ = false;
    bool ends_message_ = false;
    bool is_over_ = false;
};

using frame_mask = std::array<unsigned char, 4>;

inline constexpr std::size_t max_frame_header = 14;

/// Appends a client's frame: one whole message. `mask` is fresh and random.
void append_frame(std::string& out, opcode op, bool compressed, std::string_view payload,
                  const frame_mask& mask);

/// Frames a message in place: its payload is in `out` from `begin + max_frame_header` on. Writes
/// the header right before it and returns where that begins.
std::size_t frame_in_place(std::string& out, std::size_t begin, opcode op, bool compressed,
                           const frame_mask& mask);

/// A close frame with this status.
void append_close(std::string& out, std::uint16_t status, const frame_mask& mask);

} // namespace impl
} // namespace v0
} // namespace conats
