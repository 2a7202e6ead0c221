// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/ascii.hpp"
#include "support/byte_buffer.hpp"

#include <conats/headers.hpp>
#include <conats/payload.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

// Everything a client sends but CONNECT (see connect_codec.hpp). The arguments were validated
// before: subjects, replies and queue groups hold no blank or control character, headers are
// well-formed. An empty reply or queue group is none. Each call grows the buffer at most once and
// throws `std::bad_alloc` only, with the buffer as it was.

/// `PUB` with its payload.
void append_publish(byte_buffer& to, std::string_view subject, std::string_view reply,
                    payload_view payload);
/// `HPUB` with headers and payload; `PUB` where there are no headers.
void append_publish(byte_buffer& to, std::string_view subject, std::string_view reply,
                    headers_view headers, payload_view payload);

/// As `append_publish`, for a payload that is written from where it is: what stands before it.
/// The caller writes the payload and `payload_tail` behind.
void append_publish_head(byte_buffer& to, std::string_view subject, std::string_view reply,
                         std::size_t payload_size);
void append_publish_head(byte_buffer& to, std::string_view subject, std::string_view reply,
                         headers_view headers, std::size_t payload_size);
inline constexpr std::string_view payload_tail = "\r\n";

void append_subscribe(byte_buffer& to, std::string_view subject, std::string_view queue,
                      std::uint64_t sid);
/// `max` messages counted from the start of the subscription; 0 is now.
void append_unsubscribe(byte_buffer& to, std::uint64_t sid, std::uint64_t max = 0);
void append_ping(byte_buffer& to);
void append_pong(byte_buffer& to);

// What the server counts against its max_control_line (4096 by default): the line without its
// verb, the blank behind the verb and the CRLF. The payload size is that of the payload alone.
std::size_t publish_line_size(std::string_view subject, std::string_view reply,
                              std::size_t payload_size) noexcept;
std::size_t publish_line_size(std::string_view subject, std::string_view reply,
                              headers_view headers, std::size_t payload_size) noexcept;
/// All bytes of a PUB or HPUB.
std::size_t publish_frame_size(std::string_view subject, std::string_view reply,
                               headers_view headers, std::size_t payload_size) noexcept;
std::size_t subscribe_line_size(std::string_view subject, std::string_view queue,
                                std::uint64_t sid) noexcept;

inline constexpr std::string_view header_version_line = "NATS/1.0\r\n";

/// Bytes of the header block on the wire, which count toward max_payload; 0 without headers.
inline std::size_t header_block_size(headers_view headers) noexcept {
    return headers.empty() ? 0 : header_version_line.size() + headers.lines().size() + 2;
}

} // namespace impl
} // namespace v0
} // namespace conats
