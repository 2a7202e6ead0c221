// SPDX-License-Identifier: Apache-2.0
#include "values/secret_access.hpp"

#include <cstring>

namespace conats {
inline namespace v0 {
namespace impl {

void wipe(void* data, std::size_t size) noexcept {
    if (size == 0) {
        return;
    }
    std::memset(data, 0, size);
#if defined(__GNUC__)
    // The compiler has to assume that this reads the zeros, so it keeps the memset.
    __asm__ __volatile__("" : : "r"(data) : "memory");
#else
    auto* bytes = static_cast<volatile unsigned char*>(data);
    for (std::size_t i = 0; i != size; ++i) {
        bytes[i] = 0;
    }
#endif
}

} // namespace impl
} // namespace v0
} // namespace conats
