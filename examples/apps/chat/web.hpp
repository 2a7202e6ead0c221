// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hub.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <set>

namespace chat {

/// Serves the page and its WebSocket. Runs on one thread.
class web_server {
public:
    static constexpr std::size_t max_connections = 1000;
    static constexpr std::size_t max_frame = 8 * 1024;
    static constexpr std::size_t max_waiting = 500; ///< frames for a browser that does not read

    /// The hub must outlive it.
    web_server(hub& h, asio::ip::tcp::acceptor acceptor);
    web_server(const web_server&) = delete;
    web_server& operator=(const web_server&) = delete;
    ~web_server();

    [[nodiscard]] asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
    /// Serves until `stop()` is called and every browser has been sent away.
    asio::awaitable<void> serve();
    void stop();

private:
    class connection;

    asio::awaitable<void> some_connection_ends();

    hub& hub_;
    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer changed_; // never expires; cancelled when a connection ends
    std::set<connection*> connections_;
    bool stopping_ = false;
};

} // namespace chat
