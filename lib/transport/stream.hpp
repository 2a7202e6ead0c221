// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/tls_info.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace conats {
inline namespace v0 {
namespace impl {

namespace asio = boost::asio;

/// A connection's bytes, whatever carries them. One read and one write may be under way at a
/// time. Lives in the frames of the loops that use it, never in state that handles share, so
/// that a context which is destroyed takes it along. Used on the engine's strand only.
class stream {
public:
    stream() = default;
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;
    virtual ~stream() = default;

    /// Reads at least one byte. At the peer's end `ec` is `asio::error::eof`.
    virtual asio::awaitable<std::size_t> read_some(asio::mutable_buffer to, error_code& ec) = 0;
    /// Writes at least one byte.
    virtual asio::awaitable<std::size_t> write_some(std::span<const asio::const_buffer> from,
                                                    error_code& ec) = 0;
    /// Ends it; reads and writes under way complete with `operation_aborted`.
    virtual void close() noexcept = 0;

    [[nodiscard]] virtual std::string local_address() const = 0;
    [[nodiscard]] virtual std::string remote_address() const = 0;
    /// The encryption; empty where there is none.
    [[nodiscard]] virtual tls_info tls() const { return {}; }
};

} // namespace impl
} // namespace v0
} // namespace conats
