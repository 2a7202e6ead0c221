// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/stream.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace conats::test {

namespace asio = boost::asio;

/// One direction of a pipe: bytes, and who waits for them.
class memory_channel {
public:
    explicit memory_channel(const asio::any_io_executor& ex);

    std::string bytes;
    bool is_ended = false;
    asio::steady_timer changed; ///< never expires: cancelled on every change
};

/// One end of a pipe in memory; both ends are used on the executor it was made with.
///
///     auto [client, server] = make_memory_pipe(target.executor());
class memory_stream final : public conats::stream {
public:
    memory_stream(std::shared_ptr<memory_channel> in, std::shared_ptr<memory_channel> out);
    ~memory_stream() override;

    asio::awaitable<std::size_t> read_some(asio::mutable_buffer to,
                                           conats::error_code& ec) override;
    asio::awaitable<std::size_t> write_some(std::span<const asio::const_buffer> from,
                                            conats::error_code& ec) override;
    asio::awaitable<void> shutdown() override;
    void close() noexcept override;
    [[nodiscard]] std::string local_address() const override { return "memory"; }
    [[nodiscard]] std::string remote_address() const override { return "memory"; }

    /// The most bytes a read gives out or a write takes.
    std::size_t max_step = static_cast<std::size_t>(-1);
    /// Whether shutdown() was called, for who outlives the stream.
    std::shared_ptr<bool> said_goodbye = std::make_shared<bool>(false);

    // For the other side, where a script plays the server.
    asio::awaitable<std::string> read_line(); ///< without CRLF; throws at the end
    asio::awaitable<void> write_all(std::string bytes);

private:
    std::shared_ptr<memory_channel> in_;
    std::shared_ptr<memory_channel> out_;
    std::string unread_;
    bool is_closed_ = false;
};

class memory_pipe {
public:
    explicit memory_pipe(const asio::any_io_executor& ex);

    std::unique_ptr<memory_stream> client;
    std::unique_ptr<memory_stream> server;
};

} // namespace conats::test
