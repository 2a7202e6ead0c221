// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>

#include <boost/asio/error.hpp>

#include <cstddef>

namespace conats {
inline namespace v0 {
namespace impl {

/// A stream of the user's that moves nothing and tells no error has ended: it would be asked again
/// and again, and no deadline could be noticed meanwhile.
inline void expect_some(std::size_t n, error_code& ec) noexcept {
    if (n == 0 && !ec)
        ec = boost::asio::error::eof;
}

} // namespace impl
} // namespace v0
} // namespace conats
