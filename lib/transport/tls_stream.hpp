// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/timer.hpp"
#include "transport/tls_engine.hpp"

#include <conats/stream.hpp>
#include <conats/tls_info.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace conats {
inline namespace v0 {
namespace impl {

/// TLS over any stream: over a fresh connection, or over one that has been in use, from the point
/// on that both sides have agreed on.
///
/// The peer's end is `asio::error::eof`, with and without TLS's own goodbye (close_notify): NATS
/// frames say their sizes, so that nothing that was cut passes for whole. No goodbye is sent
/// either, since `close` cannot wait. What TLS refuses later is a code of `tls_category`, as the
/// server's alert at the first read after TLS 1.3 has accepted us and the server has not.
class tls_stream final : public stream {
public:
    /// `name` is what the server's certificate has to be for; see `tls_name_of`.
    tls_stream(const asio::any_io_executor& strand, std::unique_ptr<stream> lower,
               std::shared_ptr<const ssl_context> context, std::string name);

    /// To be awaited before anything else. `close` ends it. An error of `lower` that is not its
    /// end is an error of the connection.
    asio::awaitable<error> handshake();

    asio::awaitable<std::size_t> read_some(asio::mutable_buffer to, error_code& ec) override;
    asio::awaitable<void> wait_readable(error_code& ec) override;
    /// Returns when the ciphertext of what it counts was taken by `lower`. A failure in the middle
    /// is reported by the next call: this one counts what the peer may have got.
    asio::awaitable<std::size_t> write_some(std::span<const asio::const_buffer> from,
                                            error_code& ec) override;
    void close() noexcept override;

    [[nodiscard]] std::string local_address() const override { return lower_->local_address(); }
    [[nodiscard]] std::string remote_address() const override { return lower_->remote_address(); }
    [[nodiscard]] tls_info tls() const override { return engine_.info(); }

private:
    /// A record of the batch that is being written.
    struct record_mark {
        std::uint64_t begin; ///< its position in the ciphertext
        std::size_t size;    ///< its plain text
    };

    tls_engine::status encrypt(std::span<const asio::const_buffer> from);
    tls_engine::status encrypt_piece(std::string_view piece);
    [[nodiscard]] std::size_t taken() const noexcept;
    [[nodiscard]] error_code end_of_input(const error_code& ec) const;
    /// Sends all output there is, after whoever is doing so already.
    asio::awaitable<void> flush(error_code& ec);
    /// Gets more ciphertext, or waits for who does so already.
    asio::awaitable<void> fetch(error_code& ec);
    asio::awaitable<void> wait_for_change();
    void changed();

    std::unique_ptr<stream> lower_;
    asio::ip::tcp::socket* const socket_; // lower's, if it is nothing more: saves a frame each time
    tls_engine engine_;
    timer gate_; // never expires: cancelled to resume who waits for the other
    // Small pieces fill no more records than a session hands over pieces.
    std::array<record_mark, 32> marks_{};
    std::size_t records_ = 0;
    error_code write_failure_;
    int waiting_ = 0;         // at the gate
    bool is_reading_ = false; // lower
    bool is_writing_ = false; // likewise
    bool is_closed_ = false;
};

} // namespace impl
} // namespace v0
} // namespace conats
