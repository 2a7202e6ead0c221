// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <iostream>

namespace conats::test {

/// What a fuzz target states must hold: ends the program, which libFuzzer reports with its input.
inline void check(bool holds, const char* what) {
    if (!holds) {
        std::cerr << "does not hold: " << what << std::endl;
        std::abort();
    }
}

} // namespace conats::test
