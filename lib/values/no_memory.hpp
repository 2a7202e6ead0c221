// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/thrown_text.hpp"

#include <conats/error.hpp>

#include <boost/system/errc.hpp>

#include <new>

namespace conats {
inline namespace v0 {
namespace impl {

/// What is told of a lack of memory; itself it needs none.
inline error no_memory() noexcept {
    return {boost::system::errc::make_error_code(boost::system::errc::not_enough_memory)};
}

/// The exception that is being handled: a lack of memory, or `kind` with its text. Call it in a
/// handler only.
inline error thrown_error(errc kind) {
    try {
        throw;
    } catch (const std::bad_alloc&) {
        return no_memory();
    } catch (...) {
        return {kind, thrown_text()};
    }
}

} // namespace impl
} // namespace v0
} // namespace conats
