// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/connection.hpp"
#include "engine/inbound.hpp"
#include "engine/input_buffer.hpp"

#include <conats/error.hpp>
#include <conats/stream.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>

namespace conats {
inline namespace v0 {
namespace impl {

/// Ends a connection whose context is destroyed: dies with the frame of a loop that waits in
/// the context, when nobody has called `dismiss`.
class abandon_guard {
public:
    explicit abandon_guard(std::shared_ptr<connection> c) noexcept : connection_(std::move(c)) {}
    abandon_guard(const abandon_guard&) = delete;
    abandon_guard& operator=(const abandon_guard&) = delete;
    abandon_guard(abandon_guard&&) noexcept = default;
    ~abandon_guard() {
        if (connection_)
            connection_->abandon();
    }
    void dismiss() noexcept { connection_.reset(); }

private:
    std::shared_ptr<connection> connection_;
};

/// A connection to one server, from its PONG to its end: three loops on the strand, which all
/// end when `end` is called. Lives in the frame of `run`.
class session final : public loop_control {
public:
    session(connection& c, std::unique_ptr<stream> s, std::unique_ptr<input_buffer> input);
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session();

    /// Runs the loops to their end and returns its cause.
    asio::awaitable<error> serve();

    void wake_timer() override { timer_.cancel(); }
    void stop() override;

private:
    asio::awaitable<void> read_loop();
    asio::awaitable<void> write_loop();
    asio::awaitable<void> time_loop();
    asio::awaitable<error> read_all();
    asio::awaitable<error> read_once();
    asio::awaitable<error> keep_time();
    asio::awaitable<void> pause_for(std::shared_ptr<subscription_state> full);
    asio::awaitable<error> write_all(outgoing& out);
    void end(const error& cause);

    connection& connection_;
    std::unique_ptr<stream> stream_;
    std::unique_ptr<input_buffer> input_;
    inbound inbound_;
    asio::steady_timer timer_;
    connection::clock::time_point farewell_ = connection::clock::time_point::max();
    error cause_;
    bool over_ = false;
};

} // namespace impl
} // namespace v0
} // namespace conats
