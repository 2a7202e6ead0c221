// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/stream.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>

#include <cstddef>
#include <span>
#include <utility>

namespace conats::test {

/// A stream over any socket of Asio's, as a user may write it: it does not know of `wait_readable`.
template <class Socket>
class socket_stream final : public conats::stream {
public:
    explicit socket_stream(Socket s) : socket_(std::move(s)) {}

    boost::asio::awaitable<std::size_t> read_some(boost::asio::mutable_buffer to,
                                                  conats::error_code& ec) override {
        const auto [failure, n] = co_await socket_.async_read_some(
            boost::asio::buffer(to), boost::asio::as_tuple(boost::asio::deferred));
        ec = failure;
        co_return n;
    }
    boost::asio::awaitable<std::size_t> write_some(std::span<const boost::asio::const_buffer> from,
                                                   conats::error_code& ec) override {
        const auto [failure, n] =
            co_await socket_.async_write_some(from, boost::asio::as_tuple(boost::asio::deferred));
        ec = failure;
        co_return n;
    }
    void close() noexcept override {
        conats::error_code ignored;
        (void)socket_.close(ignored);
    }

private:
    Socket socket_;
};

} // namespace conats::test
