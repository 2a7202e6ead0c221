// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/transport.hpp>

namespace conats {
inline namespace v0 {
namespace impl {

/// What a `transport` is made of.
struct transport_parts {
    stream_factory make; ///< in place of TCP; may be empty
};

struct transport_access {
    /// Null for the library's own.
    static const transport_parts* parts(const transport& t) noexcept { return t.parts_.get(); }
    static const stream_factory* factory(const transport& t) noexcept {
        return t.parts_ && t.parts_->make ? &t.parts_->make : nullptr;
    }
};

} // namespace impl
} // namespace v0
} // namespace conats
