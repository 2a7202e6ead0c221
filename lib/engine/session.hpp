// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/abandon_guard.hpp"
#include "engine/connection.hpp"
#include "engine/inbound.hpp"
#include "engine/input_buffer.hpp"
#include "engine/relocation.hpp"

#include <conats/error.hpp>
#include <conats/stream.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>

namespace conats {
inline namespace v0 {
namespace impl {

/// A connection to one server, from its PONG to its end: loops on the strand, which all end when
/// `end` is called. Lives in the frame of `run`.
class session final : public loop_control {
public:
    /// `next`, empty, gets who has made the next connection where this server is left for another.
    session(connection& c, std::unique_ptr<stream> s, std::unique_ptr<input_buffer> input,
            std::unique_ptr<connect_walk>& next);
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session() = default;

    /// Runs the loops to their end and returns its cause.
    asio::awaitable<error> serve();

    void stop(const error& why) override;
    void hurry() override { end(error(errc::disconnected, "a reconnect was forced")); }

private:
    asio::awaitable<void> read_loop(abandon_guard guard);
    asio::awaitable<void> write_loop(abandon_guard guard);
    asio::awaitable<error> read_all();
    asio::awaitable<error> read_once();
    asio::awaitable<void> pause_for(std::shared_ptr<subscription_state> full);
    asio::awaitable<error> write_all(outgoing& out);
    void end(const error& cause);

    connection& connection_;
    std::unique_ptr<stream> stream_;
    std::unique_ptr<input_buffer> input_;
    inbound inbound_;
    relocation relocation_;
    error cause_;
    bool is_writing_ = false; // the loop has begun
    bool over_ = false;
    bool caught_up_ = true; // the last read has left nothing
};

} // namespace impl
} // namespace v0
} // namespace conats
