// SPDX-License-Identifier: Apache-2.0
#include "link_stream.hpp"

#include <boost/asio/error.hpp>

#include <utility>

namespace conats::simulation {

link_stream::link_stream(network& n, std::shared_ptr<link> l, const asio::any_io_executor& strand)
    : network_(n),
      link_(std::move(l)),
      readable_(strand),
      writable_(strand) {
    readable_.expires_at(time_point::max());
    writable_.expires_at(time_point::max());
    link_->stream = this;
}

link_stream::~link_stream() {
    close();
    link_->stream = nullptr;
}

bool link_stream::is_over(error_code& ec) const {
    ec.clear();
    if (is_closed_)
        ec = asio::error::operation_aborted;
    else if (link_->is_broken)
        ec = asio::error::connection_reset;
    return ec.failed();
}

asio::awaitable<std::size_t> link_stream::read_some(asio::mutable_buffer to, error_code& ec) {
    // What has arrived before a reset may be read yet.
    while (!is_over(ec) || (link_->is_broken && !is_closed_ && !link_->arrived.empty())) {
        if (!link_->arrived.empty()) {
            ec.clear();
            const std::size_t n = network_.take(*link_, to);
            co_return n;
        }
        if (link_->has_ended) {
            ec = asio::error::eof;
            co_return 0;
        }
        co_await readable_.wait();
    }
    co_return 0;
}

asio::awaitable<void> link_stream::wait_readable(error_code& ec) {
    while (!is_over(ec) && link_->arrived.empty() && !link_->has_ended)
        co_await readable_.wait();
    if (!is_closed_)
        ec.clear(); // the read reports it
}

asio::awaitable<std::size_t> link_stream::write_some(std::span<const asio::const_buffer> from,
                                                     error_code& ec) {
    while (!is_over(ec)) {
        const std::size_t n = network_.give(*link_, from);
        if (n != 0)
            co_return n;
        co_await writable_.wait();
    }
    co_return 0;
}

void link_stream::close() noexcept {
    if (std::exchange(is_closed_, true))
        return;
    network_.gone(*link_);
    wake();
}

void link_stream::wake() {
    readable_.cancel();
    writable_.cancel();
}

} // namespace conats::simulation
