// SPDX-License-Identifier: Apache-2.0
#include "engine/wire_tracer.hpp"

#include "engine/frame_cursor.hpp"

#include <algorithm>
#include <array>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::string_view line_end = "\r\n";

wire_kind kind_of(const parser& p) noexcept {
    switch (p.kind()) {
    case operation_kind::info: return wire_kind::info;
    case operation_kind::ping: return wire_kind::ping;
    case operation_kind::pong: return wire_kind::pong;
    case operation_kind::ok: return wire_kind::ok;
    case operation_kind::err: return wire_kind::err;
    case operation_kind::msg: break;
    }
    return p.message().header_size == 0 ? wire_kind::msg : wire_kind::hmsg;
}

/// Of a line of our own.
wire_kind kind_of(std::string_view line) noexcept {
    constexpr std::array ours{wire_kind::pub,  wire_kind::hpub, wire_kind::sub,    wire_kind::unsub,
                              wire_kind::ping, wire_kind::pong, wire_kind::connect};
    const auto verb = line.substr(0, line.find(' '));
    const auto* const found = std::find_if(ours.begin(), ours.end(),
                                           [verb](wire_kind k) { return verb == to_string(k); });
    return found == ours.end() ? wire_kind::connect : *found;
}

} // namespace

void wire_tracer::on_parsed(const parser& p, const char* begin) const noexcept {
    const auto kind = kind_of(p);
    if (p.kind() != operation_kind::msg) {
        const std::string_view line(begin, p.size() - line_end.size());
        tell({wire_direction::in, kind, line});
        return;
    }
    const message_frame& m = p.message();
    const std::string_view line(begin, static_cast<std::size_t>(m.body - begin) - line_end.size());
    tell({wire_direction::in, kind, line, std::string_view(m.body, m.header_size),
          std::string_view(m.body + m.header_size, m.total_size - m.header_size)});
}

void wire_tracer::on_write(const outgoing& out) const {
    for (frame_cursor f(out); f.next();)
        tell({wire_direction::out, kind_of(f.line()), f.line(), f.header_block(), f.payload()});
}

void wire_tracer::on_line(std::string_view line) const noexcept {
    tell({wire_direction::out, kind_of(line), line});
}

void wire_tracer::tell(const wire_operation& o) const noexcept {
    try {
        hook_(o);
    } catch (...) { // there is nobody to tell of it
    }
}

} // namespace impl
} // namespace v0
} // namespace conats
