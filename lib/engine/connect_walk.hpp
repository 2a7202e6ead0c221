// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connection.hpp"
#include "engine/credentials.hpp"
#include "engine/handshake.hpp"
#include "engine/input_buffer.hpp"
#include "protocol/parser.hpp"
#include "transport/attempt_recorder.hpp"
#include "transport/dial.hpp"
#include "transport/tls_context.hpp"

#include <conats/error.hpp>
#include <conats/server_info.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// Makes an attempt to connect, under one deadline. Lives in the frame of `run`, until its session
/// has begun.
class connect_walk final : public loop_control {
public:
    explicit connect_walk(connection& c);
    connect_walk(const connect_walk&) = delete;
    connect_walk& operator=(const connect_walk&) = delete;
    ~connect_walk() = default;

    /// Reaches the server, shakes hands and tells the connection, or returns why that failed.
    asio::awaitable<error> try_server(std::shared_ptr<const server_address> server);

    /// Likewise, but nobody is told until `adopt`; meanwhile another server may be the
    /// connection's. Subscribes to the request inbox. A server in lame duck mode is refused.
    asio::awaitable<error> try_ahead(std::shared_ptr<const server_address> server);
    void adopt();

    [[nodiscard]] std::unique_ptr<stream> release_stream() { return attempt_->release_stream(); }
    /// With what came behind the handshake's PONG.
    [[nodiscard]] std::unique_ptr<input_buffer> release_input() { return std::move(input_); }

    void stop(const error& why) override;

private:
    /// One attempt, with its record.
    asio::awaitable<error> dial();
    /// Hangs up.
    void drop() noexcept;
    /// All of an attempt but its beginning and its end.
    asio::awaitable<error> attempt(const server_address& server);
    void enter(connect_phase p) { record_->enter(p, connection_.now()); }
    /// Gets a stream to the server, from the options' transport or over TCP.
    asio::awaitable<error> reach(const server_address& server);
    /// Puts the transport's layer over the stream, if the scheme has one.
    asio::awaitable<error> lay_over(const server_address& server);
    /// Puts TLS around the stream.
    asio::awaitable<error> encrypt(const server_address& server);
    asio::awaitable<error> upgrade(handshake& h, const server_address& server);
    asio::awaitable<error> shake_hands(const server_address& server);
    asio::awaitable<error> subscribe_inbox();
    void plan_renewal();
    void tell_expiry(error& e) const;
    asio::awaitable<handshake_action> next_action(handshake& h);
    asio::awaitable<handshake_action> read_more(handshake& h);
    asio::awaitable<error> introduce(handshake& h, const server_address& server);
    asio::awaitable<error> find_credentials(const server_address& server, const std::string& nonce,
                                            credentials& out);
    asio::awaitable<error> write(std::string_view bytes);
    asio::awaitable<void> write(std::string_view bytes, error_code& ec);
    void trace_line(std::string_view line) const noexcept;

    connection& connection_;
    std::shared_ptr<const server_address> server_;
    conats::server_info info_;    // of the attempt that succeeded
    std::uint64_t inbox_sid_ = 0; // of the inbox it has subscribed to
    std::shared_ptr<dial_attempt> attempt_;
    std::optional<attempt_recorder> record_; // of the attempt
    std::unique_ptr<input_buffer> input_;
    parser parser_;
    std::shared_ptr<const ssl_context> tls_; // of the attempt, as soon as it is known to be needed
    std::optional<wall_time> expire_;        // of what was presented, if it tells
    std::uint64_t attempt_number_ = 0;
    bool is_ahead_ = false; // while another server is the connection's
};

} // namespace impl
} // namespace v0
} // namespace conats
