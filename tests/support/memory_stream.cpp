// SPDX-License-Identifier: Apache-2.0
#include "support/memory_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace conats::test {

memory_channel::memory_channel(const asio::any_io_executor& ex)
    : changed(ex, asio::steady_timer::time_point::max()) {}

memory_stream::memory_stream(std::shared_ptr<memory_channel> in,
                             std::shared_ptr<memory_channel> out)
    : in_(std::move(in)),
      out_(std::move(out)) {}

memory_stream::~memory_stream() {
    close();
}

asio::awaitable<std::size_t> memory_stream::read_some(asio::mutable_buffer to,
                                                      conats::error_code& ec) {
    const auto in = in_;
    while (in->bytes.empty() && !in->is_ended && !is_closed_)
        co_await in->changed.async_wait(asio::as_tuple(asio::deferred));
    if (is_closed_ || in->bytes.empty()) {
        ec = asio::error::eof;
        if (is_closed_)
            ec = asio::error::operation_aborted;
        co_return 0;
    }
    const auto n = std::min({to.size(), in->bytes.size(), max_step});
    std::copy_n(in->bytes.begin(), n, static_cast<char*>(to.data()));
    in->bytes.erase(0, n);
    co_return n;
}

asio::awaitable<std::size_t> memory_stream::write_some(std::span<const asio::const_buffer> from,
                                                       conats::error_code& ec) {
    if (is_closed_ || out_->is_ended) {
        ec = asio::error::broken_pipe;
        co_return 0;
    }
    std::size_t n = 0;
    for (const auto& piece : from) {
        const auto take = std::min(piece.size(), max_step - n);
        out_->bytes.append(static_cast<const char*>(piece.data()), take);
        n += take;
    }
    out_->changed.cancel();
    co_return n;
}

asio::awaitable<void> memory_stream::shutdown() {
    *said_goodbye = true;
    co_return;
}

void memory_stream::close() noexcept {
    is_closed_ = true;
    out_->is_ended = true;
    out_->changed.cancel();
    in_->changed.cancel();
}

asio::awaitable<std::string> memory_stream::read_line() {
    for (;;) {
        const auto end = unread_.find("\r\n");
        if (end != unread_.npos) {
            std::string line = unread_.substr(0, end);
            unread_.erase(0, end + 2);
            co_return line;
        }
        std::string room(4096, '\0');
        conats::error_code ec;
        const auto n = co_await read_some(asio::buffer(room), ec);
        if (ec)
            throw std::runtime_error("the pipe ended: " + ec.message());
        unread_.append(room, 0, n);
    }
}

asio::awaitable<void> memory_stream::write_all(std::string bytes) {
    std::string_view left = bytes;
    while (!left.empty()) {
        const asio::const_buffer all(left.data(), left.size());
        conats::error_code ec;
        const auto n = co_await write_some({&all, 1}, ec);
        if (ec)
            throw std::runtime_error("the pipe ended: " + ec.message());
        left.remove_prefix(n);
    }
}

memory_pipe::memory_pipe(const asio::any_io_executor& ex) {
    const auto up = std::make_shared<memory_channel>(ex);
    const auto down = std::make_shared<memory_channel>(ex);
    client = std::make_unique<memory_stream>(down, up);
    server = std::make_unique<memory_stream>(up, down);
}

} // namespace conats::test
