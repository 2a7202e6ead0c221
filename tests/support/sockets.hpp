// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/timing.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace conats::test {

/// Plain POSIX sockets for the test helpers that run in threads of their own: all non-blocking,
/// close-on-exec and without Nagle. Failures are std::system_error.

class unique_fd {
public:
    unique_fd() = default;
    explicit unique_fd(int fd) : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    unique_fd& operator=(unique_fd&& other) noexcept;
    ~unique_fd() { close(); }

    [[nodiscard]] int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    void close();

private:
    int fd_ = -1;
};

/// An event that stays set: every poll that looks at it ends.
class stop_event {
public:
    stop_event();
    void set() const;
    [[nodiscard]] int fd() const { return fd_.get(); }

private:
    unique_fd fd_;
};

/// Port 0: a free one. `receive_buffer` 0: the system's default.
[[nodiscard]] unique_fd listen_tcp(const std::string& host, std::uint16_t port,
                                   int receive_buffer = 0);
/// Connects within the deadline.
[[nodiscard]] unique_fd connect_tcp(const std::string& host, std::uint16_t port,
                                    const deadline& end);
/// The next connection; none when `stop` was set.
[[nodiscard]] unique_fd accept_tcp(const unique_fd& listener, const stop_event& stop);

/// A free port of 127.0.0.1 that the system gives to nobody else meanwhile. It refuses connections,
/// unless a program listens there that asks for it by its number (and sets SO_REUSEADDR, as servers
/// do).
class reserved_port {
public:
    reserved_port();

    [[nodiscard]] std::uint16_t number() const;
    /// `127.0.0.1:40675`
    [[nodiscard]] std::string address() const;

private:
    unique_fd socket_;
};

[[nodiscard]] std::uint16_t local_port(const unique_fd& socket);
/// `host:port`, `[host]:port` for IPv6.
[[nodiscard]] std::string host_and_port(const std::string& host, std::uint16_t port);
/// `nats://host:port`, with userinfo where it is not empty.
[[nodiscard]] std::string nats_url(std::string_view userinfo, const std::string& host,
                                   std::uint16_t port);

/// close() sends RST from now on.
void close_with_reset(const unique_fd& socket);
/// Ends the sending direction.
void end_sending(const unique_fd& socket);

enum class poll_result { ready, stopped, timeout };
/// POLLIN or POLLOUT in `events`.
[[nodiscard]] poll_result wait_for(const unique_fd& socket, short events, const stop_event& stop,
                                   int milliseconds);

/// Waits until the other end, a socket of this machine, has read all that was sent here, or has
/// closed.
[[nodiscard]] poll_result wait_until_consumed(const unique_fd& socket, const stop_event& stop,
                                              duration within);

} // namespace conats::test
