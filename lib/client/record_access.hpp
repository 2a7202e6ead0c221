// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/message.hpp>

#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

/// What the library may do with a message and its users may not.
struct record_access {
    /// With its reference.
    static record take(message& m) noexcept { return std::exchange(m.record_, record()); }
};

} // namespace impl
} // namespace v0
} // namespace conats
