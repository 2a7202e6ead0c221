// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/secret.hpp>

#include <cstddef>

namespace conats {
inline namespace v0 {
namespace impl {

/// Writes a secret where it will stay, so that no copy of it needs to be wiped.
struct secret_access {
    /// A secret of `size` bytes, to be filled through `data`.
    static secret allocate(std::size_t size);
    static char* data(secret& s) noexcept { return s.data_; }
};

/// Overwrites memory in a way the compiler does not drop.
void wipe(void* data, std::size_t size) noexcept;

} // namespace impl
} // namespace v0
} // namespace conats
