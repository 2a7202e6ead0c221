// SPDX-License-Identifier: Apache-2.0
#include "transport/transport_parts.hpp"

#include <ostream>
#include <utility>

namespace conats {
inline namespace v0 {

std::string_view to_string(ip_order o) noexcept {
    switch (o) {
    case ip_order::any: return "any";
    case ip_order::v4_first: return "v4_first";
    case ip_order::v6_first: return "v6_first";
    case ip_order::v4_only: return "v4_only";
    case ip_order::v6_only: return "v6_only";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& os, ip_order o) {
    return os << to_string(o);
}

transport_target::transport_target() = default;
transport_target::transport_target(const transport_target&) = default;
transport_target::transport_target(transport_target&&) noexcept = default;
transport_target& transport_target::operator=(const transport_target&) = default;
transport_target& transport_target::operator=(transport_target&&) noexcept = default;
transport_target::~transport_target() = default;

transport_target& transport_target::scheme(std::string s) {
    scheme_ = std::move(s);
    return *this;
}

transport_target& transport_target::host(std::string h) {
    host_ = std::move(h);
    return *this;
}

transport_target& transport_target::port(std::uint16_t p) {
    port_ = p;
    return *this;
}

transport_target& transport_target::path(std::string p) {
    path_ = std::move(p);
    return *this;
}

transport_target& transport_target::attempt(std::uint64_t n) {
    attempt_ = n;
    return *this;
}

transport_target& transport_target::deadline(std::chrono::steady_clock::time_point t) {
    deadline_ = t;
    return *this;
}

transport_target& transport_target::executor(asio::any_io_executor ex) {
    executor_ = std::move(ex);
    return *this;
}

transport::transport() noexcept = default;
transport::transport(stream_factory make) {
    if (!make)
        return;
    impl::transport_parts parts;
    parts.make = std::move(make);
    parts_ = std::make_shared<const impl::transport_parts>(std::move(parts));
}
transport::transport(const transport&) = default;
transport::transport(transport&&) noexcept = default;
transport& transport::operator=(const transport&) = default;
transport& transport::operator=(transport&&) noexcept = default;
transport::~transport() = default;

namespace impl {

layered_stream::~layered_stream() = default;
layer_attempt::~layer_attempt() = default;
transport_layer::~transport_layer() = default;

transport make_layered(std::shared_ptr<const transport_layer> layer, const transport& lower) {
    transport_parts parts;
    if (const stream_factory* make = transport_access::factory(lower))
        parts.make = *make;
    parts.layer = std::move(layer);
    return transport_access::make(std::move(parts));
}

} // namespace impl

} // namespace v0
} // namespace conats
