// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string>

namespace conats::test {

/// The text of what a call throws.
template <class F>
std::string text_of_thrown(F call) {
    try {
        call();
    } catch (const std::exception& error) {
        return error.what();
    }
    return "no exception";
}

} // namespace conats::test
