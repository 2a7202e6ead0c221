// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/hooks.hpp>

#include <memory>

namespace conats {
inline namespace v0 {
namespace impl {

/// Tells a hook's operation that it is over, for this reason if it failed.
inline void end_operation(std::shared_ptr<observed_operation>& o, const error& e) {
    if (!o) [[likely]]
        return;
    if (e)
        o->on_error(e);
    o.reset();
}

} // namespace impl
} // namespace v0
} // namespace conats
