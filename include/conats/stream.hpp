// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/export.hpp>
#include <conats/fwd.hpp>
#include <conats/tls_info.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>

#include <cstddef>
#include <span>
#include <string>

namespace conats {
inline namespace v0 {

/// A connection's bytes, whatever carries them. Derive from it to run NATS over what the library
/// does not know, and hand it in through `connect_options::transport`.
///
/// One read and one write may be under way at a time. All calls are made on the engine's strand,
/// which is `transport_target::executor()`, and its operations have to complete there: build what
/// it awaits (sockets, timers) on that executor, and share nothing with other threads without a
/// lock.
///
/// Ownership: lives in the frames of the coroutines that use it, so that an execution context
/// which is destroyed takes it along; keep no other owner of its sockets and timers.
/// Cancellation: none is emitted; `close` ends what is under way.
/// Errors: through `ec`. What it throws counts as the loss of the connection.
class CONATS_EXPORT stream {
public:
    stream() = default;
    stream(const stream&) = delete;
    stream& operator=(const stream&) = delete;
    virtual ~stream();

    /// Reads at least one byte and returns how many. At the peer's end `ec` is
    /// `asio::error::eof`. `to` and `ec` live until it is done.
    virtual asio::awaitable<std::size_t> read_some(asio::mutable_buffer to, error_code& ec) = 0;
    /// Waits until `read_some` has something to return: bytes, or the end. An idle connection waits
    /// here, so that it holds no memory to read into. Counts as a read: none is under way
    /// meanwhile. May return too early, since `read_some` waits as well. `close` ends it with
    /// `operation_aborted`; an `ec` is the loss of the connection. `ec` lives until it is done.
    /// Default, for transports that cannot tell: at once.
    virtual asio::awaitable<void> wait_readable(error_code& ec);
    /// Writes at least one byte of these, in order, and returns how many. What was taken counts as
    /// sent, and is not sent again over another connection.
    virtual asio::awaitable<std::size_t> write_some(std::span<const asio::const_buffer> from,
                                                    error_code& ec) = 0;
    /// Says good-bye, after everything has been written: whatever the transport has for that.
    /// `close` follows, at the latest when `connect_options::close_timeout` has passed. Default:
    /// nothing.
    virtual asio::awaitable<void> shutdown();
    /// Ends it at once; reads and writes under way complete with `operation_aborted`. May be
    /// called more than once.
    virtual void close() noexcept = 0;

    /// Where it begins and where it leads, as `ip:port` or in words; for
    /// `client::local_address()` and `remote_address()`. Default: empty.
    [[nodiscard]] virtual std::string local_address() const;
    /// The other end.
    [[nodiscard]] virtual std::string remote_address() const;
    /// How it is encrypted; empty, the default, where it is not.
    [[nodiscard]] virtual tls_info tls() const;
};

} // namespace v0
} // namespace conats
