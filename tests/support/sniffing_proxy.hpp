// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/timing.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace conats::test {

/// One direction of a connection.
enum class flow { to_server, to_client };

/// Stands between a client and a server, on 127.0.0.1 and a free port: passes bytes on, keeps a
/// copy of them, and can delay, stall or cut the connection. Runs in threads of its own.
///
///     nats_server server;
///     sniffing_proxy proxy(server.host(), server.port());
///     ... connect(proxy.url()) ...
///     CHECK(proxy.lines_from_client("SUB ") == 1);
class sniffing_proxy {
public:
    sniffing_proxy(std::string server_host, std::uint16_t server_port);
    sniffing_proxy(const sniffing_proxy&) = delete;
    sniffing_proxy& operator=(const sniffing_proxy&) = delete;
    ~sniffing_proxy();

    [[nodiscard]] std::uint16_t port() const;
    [[nodiscard]] std::string url() const;
    [[nodiscard]] std::string url(std::string_view userinfo) const;

    /// Everything read from that side so far, over all connections.
    [[nodiscard]] std::string from_client() const;
    [[nodiscard]] std::string from_server() const;
    /// How many of its lines begin with `prefix` (payload lines count too).
    [[nodiscard]] std::size_t lines_from_client(std::string_view prefix) const;
    [[nodiscard]] std::size_t lines_from_server(std::string_view prefix) const;
    /// How many reads that took: at most the number of writes at the other end.
    [[nodiscard]] std::size_t chunks_from_client() const;
    [[nodiscard]] std::size_t chunks_from_server() const;
    /// Connections accepted so far.
    [[nodiscard]] std::size_t connections() const;
    /// Forgets bytes and chunks recorded so far.
    void clear();

    /// Every byte read from now on arrives that much later (not scaled: it is a property, not a
    /// hang guard). Throughput is not limited.
    void delay(flow direction, duration span);
    /// Passes on at most so many bytes at once from now on, each as a segment of its own where the
    /// other end reads fast enough; 0: as many as there are.
    void pieces(flow direction, std::size_t size);
    /// Reads nothing more in this direction, so that its sender is blocked at last; until resume().
    void stall(flow direction);
    void resume(flow direction);
    /// Sends bytes to the clients of this moment as if they came from their server; only while
    /// nothing else is under way to them. Allocates nothing.
    void say(std::string_view bytes);
    /// Closes all connections of this moment, orderly or by RST. New ones are accepted.
    void cut();
    void reset();
    /// Accepts connections and closes them at once, until told otherwise.
    void refuse(bool on);

private:
    class impl;
    std::unique_ptr<impl> impl_;
};

} // namespace conats::test
