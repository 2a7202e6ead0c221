// SPDX-License-Identifier: Apache-2.0

#include "support/allocation_hook.hpp"

namespace conats::test {

[[gnu::weak]] void ignore_thread_allocations() noexcept;

void ignore_this_thread() noexcept {
    if (ignore_thread_allocations != nullptr)
        ignore_thread_allocations();
}

} // namespace conats::test
