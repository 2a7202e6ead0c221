// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/timer.hpp"

#include <conats/stream.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

namespace asio = boost::asio;
using time_point = std::chrono::steady_clock::time_point;

/// The time by which what runs on the executor lives.
[[nodiscard]] time_point now_on(const asio::any_io_executor& executor);

/// What lies behind a stream in memory. Every call may come from the thread of another stream, so
/// implementations lock.
class memory_peer {
public:
    memory_peer() = default;
    memory_peer(const memory_peer&) = delete;
    memory_peer& operator=(const memory_peer&) = delete;
    virtual ~memory_peer() = default;

    /// Up to `size` bytes for the client. 0 without an error: nothing yet; to be asked again when
    /// woken, or at `until`.
    virtual std::size_t take(char* to, std::size_t size, time_point now, time_point& until,
                             error_code& ec) = 0;
    /// What the client says.
    virtual void give(const char* from, std::size_t size, time_point now, error_code& ec) = 0;
    /// The client has closed.
    virtual void gone() noexcept = 0;
    /// `wake` is called when `take` may have something; an empty one takes the last one back and
    /// returns when nobody is calling it.
    virtual void on_ready(std::function<void()> wake) = 0;
    [[nodiscard]] virtual std::string name() const = 0;
};

/// A stream whose other end is a `memory_peer`: no socket, no thread, no waiting but for the peer.
class memory_stream final : public stream {
public:
    memory_stream(const asio::any_io_executor& executor, std::unique_ptr<memory_peer> peer);
    ~memory_stream() override;

    asio::awaitable<std::size_t> read_some(asio::mutable_buffer to, error_code& ec) override;
    asio::awaitable<std::size_t> write_some(std::span<const asio::const_buffer> from,
                                            error_code& ec) override;
    void close() noexcept override;
    [[nodiscard]] std::string local_address() const override;
    [[nodiscard]] std::string remote_address() const override;

private:
    void end() noexcept;

    asio::any_io_executor executor_;
    // Never in the hands of the peer: a context that is destroyed takes it along.
    std::shared_ptr<conats::impl::timer> gate_;
    std::unique_ptr<memory_peer> peer_; ///< null once it is closed
    std::string remote_;
};

/// A stream to a peer; without one the connection is refused, because `why`.
[[nodiscard]] std::unique_ptr<stream> connect_in_memory(const asio::any_io_executor& executor,
                                                        std::unique_ptr<memory_peer> peer,
                                                        const char* why);

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
