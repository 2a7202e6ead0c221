// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>

#include <cstdint>

namespace conats {
inline namespace v0 {
namespace impl {

/// What stands for the status of a close frame without one.
inline constexpr std::uint16_t no_close_status = 1005;

/// How a server breaks the WebSocket protocol.
enum class websocket_fault : std::uint8_t {
    none,
    masked_frame,
    reserved_bits,
    unexpected_compression,
    unknown_opcode,
    fragmented_control,
    long_control,
    unexpected_continuation,
    unfinished_message,
    padded_length,
    huge_frame,
    malformed_close,
    malformed_compression
};

/// A fault as the code of a failed read; equals `condition::protocol`.
[[nodiscard]] error_code make_error_code(websocket_fault f) noexcept;

/// That the server closed with this status, as the code of a failed read: `asio::error::eof` for
/// an orderly end (1000 or `no_close_status`).
[[nodiscard]] error_code closed_with(std::uint16_t status) noexcept;

} // namespace impl
} // namespace v0
} // namespace conats
