// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mapping.hpp"

#include <conats/client.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace gateway {

namespace asio = boost::asio;

class options {
public:
    options() {} // not an aggregate, for g++ 12

    std::string prefix = "http";
    /// The fields of a request that are passed on. Those of a reply all are, but for NATS's own.
    std::vector<std::string> request_headers = {"Accept", "Accept-Language", "Content-Type",
                                                "Traceparent"};
    std::size_t max_header = 8 * 1024;
    std::size_t max_body = 1024 * 1024;
    std::size_t max_connections = 1000;
    /// How long a request may wait for its reply.
    std::chrono::nanoseconds timeout = std::chrono::seconds(5);
    /// How long reading a whole request, and writing a whole response, may take.
    std::chrono::nanoseconds transfer_timeout = std::chrono::seconds(10);
    /// How long a connection may wait for its next request.
    std::chrono::nanoseconds idle_timeout = std::chrono::seconds(60);
};

/// Turns HTTP requests into NATS requests. Everything runs on one thread.
class server : public std::enable_shared_from_this<server> {
public:
    server(conats::client nc, options o, asio::ip::tcp::acceptor acceptor);

    [[nodiscard]] asio::ip::tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

    /// Serves until `stop()` is called and every request that had begun is answered.
    asio::awaitable<void> serve();
    /// Takes no further connection, ends those without a request, lets the others finish.
    void stop();

private:
    struct connection;
    class registration;

    asio::awaitable<void> converse(std::shared_ptr<connection> c);
    asio::awaitable<bool> wait_for_request(connection& c);
    asio::awaitable<bool> answer_request(connection& c);
    asio::awaitable<response> ask(const request& from);
    asio::awaitable<void> some_connection_ends();
    [[nodiscard]] bool may_end(const connection& c) const;

    conats::client nc_;
    options options_;
    asio::ip::tcp::acceptor acceptor_;
    asio::steady_timer changed_; // never expires; cancelled when a connection ends
    std::set<std::shared_ptr<connection>> connections_;
    bool stopping_ = false;
};

} // namespace gateway
