// SPDX-License-Identifier: Apache-2.0
#include "support/ascii.hpp"

#include <conats/wire_trace.hpp>

#include <ostream>
#include <string>

namespace conats {
inline namespace v0 {

std::string_view to_string(wire_direction d) noexcept {
    switch (d) {
    case wire_direction::in: return "in";
    case wire_direction::out: return "out";
    }
    return "unknown";
}

std::string_view to_string(wire_kind k) noexcept {
    switch (k) {
    case wire_kind::info: return "INFO";
    case wire_kind::connect: return "CONNECT";
    case wire_kind::ping: return "PING";
    case wire_kind::pong: return "PONG";
    case wire_kind::ok: return "+OK";
    case wire_kind::err: return "-ERR";
    case wire_kind::pub: return "PUB";
    case wire_kind::hpub: return "HPUB";
    case wire_kind::sub: return "SUB";
    case wire_kind::unsub: return "UNSUB";
    case wire_kind::msg: return "MSG";
    case wire_kind::hmsg: return "HMSG";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& os, wire_direction d) {
    return os << to_string(d);
}

std::ostream& operator<<(std::ostream& os, wire_kind k) {
    return os << to_string(k);
}

std::ostream& operator<<(std::ostream& os, const wire_operation& o) {
    std::string line(o.direction() == wire_direction::out ? "-> " : "<- ");
    line += impl::escaped_excerpt(o.line(), o.line().size());
    const auto kind = o.kind();
    if (kind == wire_kind::hpub || kind == wire_kind::hmsg)
        line += " [" + std::to_string(o.headers().size()) + " + " +
                std::to_string(o.payload().size()) + " bytes]";
    else if (kind == wire_kind::pub || kind == wire_kind::msg)
        line += " [" + std::to_string(o.payload().size()) + " bytes]";
    return os << line;
}

} // namespace v0
} // namespace conats
