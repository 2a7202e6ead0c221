// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/detail/transport_layer.hpp>
#include <conats/transport.hpp>

#include <memory>

namespace conats {
inline namespace v0 {
namespace impl {

/// What a `transport` is made of.
struct transport_parts {
    transport_parts() noexcept = default; // no aggregate: g++ 12 destroys those twice

    stream_factory make;                          ///< in place of TCP; may be empty
    std::shared_ptr<const transport_layer> layer; ///< over it; may be null
};

struct transport_access {
    static const stream_factory* factory(const transport& t) noexcept {
        return t.parts_ && t.parts_->make ? &t.parts_->make : nullptr;
    }
    static const transport_layer* layer(const transport& t) noexcept {
        return t.parts_ ? t.parts_->layer.get() : nullptr;
    }
    /// The layer for addresses of this scheme; null if there is none.
    static const transport_layer* layer(const transport& t, std::string_view scheme) {
        const transport_layer* const l = layer(t);
        return l != nullptr && l->carries(scheme) ? l : nullptr;
    }
    static transport make(transport_parts parts) {
        transport t;
        t.parts_ = std::make_shared<const transport_parts>(std::move(parts));
        return t;
    }
};

} // namespace impl
} // namespace v0
} // namespace conats
