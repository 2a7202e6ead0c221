// SPDX-License-Identifier: Apache-2.0
#include "transport/transport_parts.hpp"

namespace conats {
inline namespace v0 {

transport_target::transport_target() = default;
transport_target::transport_target(const transport_target&) = default;
transport_target::transport_target(transport_target&&) noexcept = default;
transport_target& transport_target::operator=(const transport_target&) = default;
transport_target& transport_target::operator=(transport_target&&) noexcept = default;
transport_target::~transport_target() = default;

transport::transport() noexcept = default;
transport::transport(stream_factory make) {
    if (!make)
        return;
    auto parts = std::make_shared<impl::transport_parts>();
    parts->make = std::move(make);
    parts_ = std::move(parts);
}
transport::transport(const transport&) = default;
transport::transport(transport&&) noexcept = default;
transport& transport::operator=(const transport&) = default;
transport& transport::operator=(transport&&) noexcept = default;
transport::~transport() = default;

} // namespace v0
} // namespace conats
