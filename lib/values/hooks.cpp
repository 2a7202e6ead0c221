// SPDX-License-Identifier: Apache-2.0
#include <conats/hooks.hpp>

#include <utility>

namespace conats {
inline namespace v0 {

observed_operation::~observed_operation() = default;

void observed_operation::on_error(const error& /*e*/) noexcept {}

outgoing_message& outgoing_message::set_header(std::string_view name, std::string_view value) {
    changed().set(name, value);
    return *this;
}

outgoing_message& outgoing_message::add_header(std::string_view name, std::string_view value) {
    changed().add(name, value);
    return *this;
}

headers& outgoing_message::changed() {
    if (!std::exchange(changed_, true) && given_ != nullptr)
        room_ = *given_;
    return room_;
}

} // namespace v0
} // namespace conats
