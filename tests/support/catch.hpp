// SPDX-License-Identifier: Apache-2.0

#pragma once

// The one way tests include Catch2, whichever of its major versions is installed.

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
namespace Catch {
using Catch::Detail::Approx; // NOLINT(misc-unused-using-decls): its place in Catch2 3
} // namespace Catch
#endif

#include <iostream>
#include <string_view>

namespace conats::test {

/// Makes CTest report the running test as skipped; the test itself returns after the call.
inline void skip(std::string_view reason) {
    std::cout << "conats-test-skipped: " << reason << std::endl;
    SUCCEED("skipped");
}

} // namespace conats::test
