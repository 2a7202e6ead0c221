// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <span>

namespace conats {
inline namespace v0 {
namespace impl {

namespace asio = boost::asio;

/// A stream that other threads than the strand's can write to, while it writes nothing itself.
class direct_writer {
public:
    /// Makes `write_now` possible, on the strand; false if it is not.
    virtual bool allow_write_now() = 0;
    /// Writes what the kernel takes at once, in the caller's thread; 0 where it takes nothing or
    /// this fails, which the stream's next write tells. Whoever calls it keeps other writes, and
    /// `close`, away.
    virtual std::size_t write_now(std::span<const asio::const_buffer> from) noexcept = 0;

protected:
    ~direct_writer() = default;
};

} // namespace impl
} // namespace v0
} // namespace conats
