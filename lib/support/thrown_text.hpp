// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string>

namespace conats {
inline namespace v0 {
namespace impl {

/// What the exception that is being handled says. Call it in a handler only.
inline std::string thrown_text() {
    try {
        throw;
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "something was thrown that is no std::exception";
    }
}

} // namespace impl
} // namespace v0
} // namespace conats
