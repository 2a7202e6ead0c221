// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>

#include <cstdint>
#include <iosfwd>
#include <string_view>

namespace conats {
inline namespace v0 {

/// Where a client is in its life.
enum class status : std::uint8_t {
    disconnected,  ///< not connected yet, or an empty handle
    connecting,    ///< the first connect is under way
    connected,     ///< the server answered our PING
    reconnecting,  ///< the connection was lost; servers are being tried
    draining_subs, ///< subscriptions deliver what they have; nothing new arrives
    draining_pubs, ///< publishing is refused; what was accepted is being sent
    closed         ///< final
};

/// What happens to a message that exceeds a subscription's pending limits.
enum class overflow : std::uint8_t {
    drop_newest, ///< the arriving message is dropped
    drop_oldest, ///< the longest waiting messages are dropped to make room
    wait         ///< reading from the server pauses until there is room
};

CONATS_EXPORT std::string_view to_string(status s) noexcept;
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, status s);
CONATS_EXPORT std::string_view to_string(overflow o) noexcept;
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, overflow o);

} // namespace v0
} // namespace conats
