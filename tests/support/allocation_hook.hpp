// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace conats::test {

/// ignore_thread_allocations() of allocation_counter.hpp where that is linked, else nothing.
void ignore_this_thread() noexcept;

} // namespace conats::test
