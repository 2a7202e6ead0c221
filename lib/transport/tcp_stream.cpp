// SPDX-License-Identifier: Apache-2.0
#include "transport/tcp_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>

#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

std::string to_text(const asio::ip::tcp::endpoint& e) {
    const std::string host = e.address().to_string();
    const std::string port = std::to_string(e.port());
    return e.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

asio::awaitable<std::size_t> tcp_stream::read_some(asio::mutable_buffer to, error_code& ec) {
    // Without another round through the scheduler, which one wait has cost already.
    if (std::exchange(is_readable_, false)) {
        const std::size_t n = socket_.read_some(asio::buffer(to), ec);
        if (ec != asio::error::would_block)
            co_return n;
    }
    const auto [failure, n] =
        co_await socket_.async_read_some(asio::buffer(to), asio::as_tuple(asio::deferred));
    ec = failure;
    co_return n;
}

asio::awaitable<void> tcp_stream::wait_readable(error_code& ec) {
    const auto [failure] = co_await socket_.async_wait(asio::ip::tcp::socket::wait_read,
                                                       asio::as_tuple(asio::deferred));
    ec = failure;
    is_readable_ = !ec && (socket_.non_blocking() || allow_write_now());
}

asio::awaitable<std::size_t> tcp_stream::write_some(std::span<const asio::const_buffer> from,
                                                    error_code& ec) {
    const auto [failure, n] =
        co_await socket_.async_write_some(from, asio::as_tuple(asio::deferred));
    ec = failure;
    co_return n;
}

bool tcp_stream::allow_write_now() {
    // Once for all, so that afterwards nothing changes the socket's state, which `write_now` reads
    // on other threads.
    error_code ec;
    (void)socket_.non_blocking(true, ec);
    return !ec;
}

std::size_t tcp_stream::write_now(std::span<const asio::const_buffer> from) noexcept {
    error_code ec;
    return socket_.write_some(from, ec);
}

void tcp_stream::close() noexcept {
    error_code ignored;
    (void)socket_.close(ignored);
}

std::string tcp_stream::local_address() const {
    error_code ec;
    const auto e = socket_.local_endpoint(ec);
    return ec ? std::string() : to_text(e);
}

std::string tcp_stream::remote_address() const {
    error_code ec;
    const auto e = socket_.remote_endpoint(ec);
    return ec ? std::string() : to_text(e);
}

} // namespace impl
} // namespace v0
} // namespace conats
