// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string>

namespace conats {
inline namespace v0 {
namespace impl {

/// What the exception that is being handled says, never nothing. Call it in a handler only.
inline std::string thrown_text() {
    try {
        throw;
    } catch (const std::exception& e) {
        const std::string words = e.what();
        return words.empty() ? "an exception without words was thrown" : words;
    } catch (...) {
        return "something was thrown that is no std::exception";
    }
}

} // namespace impl
} // namespace v0
} // namespace conats
