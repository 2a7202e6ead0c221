// SPDX-License-Identifier: Apache-2.0
#include "transport/tls_stream.hpp"

#include "transport/expect_some.hpp"
#include "transport/tcp_stream.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>

#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

using status = tls_engine::status;

asio::ip::tcp::socket* socket_of(stream& s) {
    auto* const tcp = dynamic_cast<tcp_stream*>(&s);
    return tcp != nullptr ? &tcp->socket() : nullptr;
}

error cut_off(const error_code& ec) {
    if (ec == asio::error::operation_aborted)
        return {errc::connection_failed, ec.message()};
    std::string text = "the server closed the connection during the TLS handshake";
    if (ec != asio::error::eof)
        text += " (" + ec.message() + ")";
    return {errc::tls_handshake_failed, std::move(text)};
}

} // namespace

tls_stream::tls_stream(const asio::any_io_executor& strand, std::unique_ptr<stream> lower,
                       std::shared_ptr<const ssl_context> context, std::string name)
    : lower_(std::move(lower)),
      socket_(socket_of(*lower_)),
      engine_(std::move(context), std::move(name)),
      gate_(strand) {
    gate_.expires_at(timer::clock::time_point::max());
}

void tls_stream::close() noexcept {
    is_closed_ = true;
    lower_->close();
    try {
        changed();
    } catch (const boost::system::system_error&) { // of the timer: it has no waiters then
        return;
    }
}

asio::awaitable<error> tls_stream::handshake() {
    error_code ec;
    for (;;) {
        const status s = engine_.handshake();
        error_code ignored; // what the server has sent says more
        co_await flush(ignored);
        if (s == status::ready)
            co_return error();
        if (s == status::failed)
            co_return engine_.failure();
        co_await fetch(ec);
        if (ec)
            co_return cut_off(ec);
    }
}

asio::awaitable<std::size_t> tls_stream::read_some(asio::mutable_buffer to, error_code& ec) {
    ec = {};
    for (;;) {
        std::size_t n = 0;
        const std::uint64_t before = engine_.produced();
        const status s = engine_.read({static_cast<char*>(to.data()), to.size()}, n);
        const bool answers = engine_.produced() != before;
        if (s == status::wants_output || (answers && !is_writing_)) {
            error_code sending; // the next read or write meets it as well
            co_await flush(sending);
            if (s == status::wants_output)
                ec = sending;
        }
        if (s == status::ready)
            co_return n;
        if (s == status::failed)
            ec = engine_.code();
        if (s == status::ended)
            ec = asio::error::eof;
        if (ec)
            co_return 0;
        if (s == status::wants_output)
            continue;
        if (socket_ == nullptr || is_reading_) {
            co_await fetch(ec);
        } else {
            const auto space = engine_.input_space();
            is_reading_ = true;
            const auto [failure, got] = co_await socket_->async_read_some(
                asio::mutable_buffer(space.data(), space.size()), asio::as_tuple(asio::deferred));
            is_reading_ = false;
            engine_.commit_input(got);
            ec = failure;
            changed();
        }
        if (ec) {
            ec = end_of_input(ec);
            co_return 0;
        }
    }
}

asio::awaitable<void> tls_stream::wait_readable(error_code& ec) {
    ec.clear();
    if (is_closed_) {
        ec = asio::error::operation_aborted;
        co_return;
    }
    if (engine_.may_read() || is_reading_)
        co_return;
    is_reading_ = true;
    engine_.drop_input();
    co_await lower_->wait_readable(ec);
    is_reading_ = false;
    changed();
    if (ec)
        ec = end_of_input(ec);
}

// A close right after the handshake is all that some servers say to a client without certificate.
error_code tls_stream::end_of_input(const error_code& ec) const {
    const bool by_peer = ec == asio::error::eof || ec == asio::error::connection_reset ||
                         ec == asio::error::broken_pipe;
    return by_peer && engine_.lacks_certificate() ? make_tls_error(tls_fault::certificate_absent)
                                                  : ec;
}

asio::awaitable<std::size_t> tls_stream::write_some(std::span<const asio::const_buffer> from,
                                                    error_code& ec) {
    ec = write_failure_;
    if (ec)
        co_return 0;
    records_ = 0;
    status s = encrypt(from);
    // Nothing is encrypted while OpenSSL has half a message of the peer, such as a new key.
    while (s == status::wants_input && !ec) {
        co_await fetch(ec);
        if (!ec)
            s = encrypt(from);
    }
    if (s == status::failed)
        ec = engine_.code();
    if (is_writing_ && !ec)
        co_await flush(ec); // of the reader's; the rest of this is then hardly ever needed
    is_writing_ = true;
    while (!ec && engine_.has_output()) {
        const auto out = engine_.output();
        std::size_t n = 0;
        if (socket_ != nullptr) {
            const auto [failure, written] = co_await socket_->async_write_some(
                asio::const_buffer(out.data(), out.size()), asio::as_tuple(asio::deferred));
            ec = failure;
            n = written;
        } else {
            const asio::const_buffer all(out.data(), out.size());
            n = co_await lower_->write_some({&all, 1}, ec);
        }
        expect_some(n, ec);
        engine_.consume_output(n);
    }
    is_writing_ = false;
    changed();
    const std::size_t n = taken();
    if (ec && n != 0)
        write_failure_ = std::exchange(ec, error_code());
    co_return n;
}

status tls_stream::encrypt(std::span<const asio::const_buffer> from) {
    for (const asio::const_buffer& b : from) {
        const status s = encrypt_piece({static_cast<const char*>(b.data()), b.size()});
        if (s == status::wants_output)
            break; // enough for once
        if (s != status::ready)
            return records_ != 0 ? status::ready : s; // the next call says it again
    }
    return status::ready;
}

status tls_stream::encrypt_piece(std::string_view piece) {
    while (!piece.empty()) {
        const std::uint64_t begin = engine_.produced();
        if (records_ == marks_.size() || begin - engine_.sent() >= tls_engine::output_limit)
            return status::wants_output;
        std::size_t n = 0;
        const status s = engine_.write(piece, n);
        if (s != status::ready)
            return s;
        marks_[records_++] = {begin, n};
        piece.remove_prefix(n);
    }
    return status::ready;
}

/// The plain text of the records of which `lower` has taken anything.
std::size_t tls_stream::taken() const noexcept {
    std::size_t n = 0;
    for (std::size_t i = 0; i != records_ && marks_[i].begin < engine_.sent(); ++i)
        n += marks_[i].size;
    return n;
}

asio::awaitable<void> tls_stream::flush(error_code& ec) {
    while (is_writing_ && !is_closed_)
        co_await wait_for_change();
    if (is_closed_) {
        ec = asio::error::operation_aborted;
        co_return;
    }
    is_writing_ = true;
    while (!ec && engine_.has_output()) {
        const auto out = engine_.output();
        const asio::const_buffer all(out.data(), out.size());
        const std::size_t n = co_await lower_->write_some({&all, 1}, ec);
        expect_some(n, ec);
        engine_.consume_output(n);
    }
    is_writing_ = false;
    changed();
}

asio::awaitable<void> tls_stream::fetch(error_code& ec) {
    if (is_closed_) {
        ec = asio::error::operation_aborted;
        co_return;
    }
    if (is_reading_) {
        co_await wait_for_change();
        if (is_closed_)
            ec = asio::error::operation_aborted;
        co_return;
    }
    const auto space = engine_.input_space();
    is_reading_ = true;
    const std::size_t n =
        co_await lower_->read_some(asio::mutable_buffer(space.data(), space.size()), ec);
    expect_some(n, ec);
    is_reading_ = false;
    engine_.commit_input(n);
    changed();
}

asio::awaitable<void> tls_stream::wait_for_change() {
    ++waiting_;
    co_await gate_.wait();
    --waiting_;
}

void tls_stream::changed() {
    if (waiting_ != 0)
        gate_.cancel();
}

} // namespace impl
} // namespace v0
} // namespace conats
