// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>

#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace conats {
inline namespace v0 {

/// Which way an operation goes.
enum class wire_direction : std::uint8_t {
    in, ///< from the server
    out ///< to the server
};

/// The operations of the NATS protocol.
enum class wire_kind : std::uint8_t {
    info,    ///< in: what the server says of itself
    connect, ///< out: who we are and what we want
    ping,    ///< both ways
    pong,    ///< the answer to it
    ok,      ///< in: +OK, with `connect_options::verbose`
    err,     ///< in: -ERR and why
    pub,     ///< out: a message
    hpub,    ///< out: a message with headers
    sub,     ///< out: a subscription begins
    unsub,   ///< out: it ends, maybe after a number of messages
    msg,     ///< in: a message
    hmsg     ///< in: a message with headers or a status
};

CONATS_EXPORT std::string_view to_string(wire_direction d) noexcept;
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, wire_direction d);
/// As on the wire: "HPUB", "+OK".
CONATS_EXPORT std::string_view to_string(wire_kind k) noexcept;
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, wire_kind k);

/// One operation on its way in or out. Its views are good during the call that it is given to,
/// and no longer.
class CONATS_EXPORT wire_operation {
public:
    /// For the library.
    wire_operation(wire_direction direction, wire_kind kind, std::string_view line,
                   std::string_view headers = {}, std::string_view payload = {}) noexcept
        : line_(line),
          headers_(headers),
          payload_(payload),
          direction_(direction),
          kind_(kind) {}

    /// Which way it goes.
    [[nodiscard]] wire_direction direction() const noexcept { return direction_; }
    /// Which operation it is.
    [[nodiscard]] wire_kind kind() const noexcept { return kind_; }
    /// The protocol line without its CRLF. In CONNECT "***" stands in place of token, user,
    /// password, JWT and signature; the rest is as it was sent.
    [[nodiscard]] std::string_view line() const noexcept { return line_; }
    /// The header block as on the wire, from "NATS/1.0" to its empty line; empty without headers.
    [[nodiscard]] std::string_view headers() const noexcept { return headers_; }
    /// The payload; empty without one.
    [[nodiscard]] std::string_view payload() const noexcept { return payload_; }

private:
    std::string_view line_;
    std::string_view headers_;
    std::string_view payload_;
    wire_direction direction_;
    wire_kind kind_;
};

/// "-> PUB a 5 [5 bytes]", "<- HMSG a 1 12 17 [12 + 5 bytes]": without headers and payload, and
/// with what is not printable as \x01.
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, const wire_operation& o);

} // namespace v0
} // namespace conats
