// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace conats {
inline namespace v0 {
namespace impl {

/// Makes room, so that the next `push_back` cannot fail.
template <class Vector>
void reserve_one(Vector& v) {
    if (v.size() == v.capacity())
        v.reserve(2 * v.size() + 8);
}

} // namespace impl
} // namespace v0
} // namespace conats
