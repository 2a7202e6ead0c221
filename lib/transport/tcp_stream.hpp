// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/direct_writer.hpp"

#include <conats/stream.hpp>

#include <boost/asio/ip/tcp.hpp>

namespace conats {
inline namespace v0 {
namespace impl {

/// `ip:port`, IPv6 in brackets.
std::string to_text(const asio::ip::tcp::endpoint& e);

/// Plain TCP.
class tcp_stream final : public stream, public direct_writer {
public:
    explicit tcp_stream(const asio::any_io_executor& ex) : socket_(ex) {}

    [[nodiscard]] asio::ip::tcp::socket& socket() noexcept { return socket_; }

    asio::awaitable<std::size_t> read_some(asio::mutable_buffer to, error_code& ec) override;
    asio::awaitable<void> wait_readable(error_code& ec) override;
    asio::awaitable<std::size_t> write_some(std::span<const asio::const_buffer> from,
                                            error_code& ec) override;
    bool allow_write_now() override;
    std::size_t write_now(std::span<const asio::const_buffer> from) noexcept override;
    void close() noexcept override;
    [[nodiscard]] std::string local_address() const override;
    [[nodiscard]] std::string remote_address() const override;

private:
    asio::ip::tcp::socket socket_;
    bool is_readable_ = false; // a wait has just told so
};

} // namespace impl
} // namespace v0
} // namespace conats
