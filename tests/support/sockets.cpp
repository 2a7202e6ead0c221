// SPDX-License-Identifier: Apache-2.0

#include "support/sockets.hpp"

#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace conats::test {

namespace {

[[noreturn]] void throw_errno(const std::string& what, int error = errno) {
    throw std::system_error(error, std::generic_category(), what);
}

void check(bool good, const char* what) {
    if (!good)
        throw_errno(what);
}

/// An address of either family.
class endpoint {
public:
    endpoint() = default;
    endpoint(const std::string& host, std::uint16_t port) {
        auto* v4 = reinterpret_cast<sockaddr_in*>(&storage_);
        auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage_);
        if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
            v4->sin_family = AF_INET;
            v4->sin_port = htons(port);
            size_ = sizeof(sockaddr_in);
        } else if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
            v6->sin6_family = AF_INET6;
            v6->sin6_port = htons(port);
            size_ = sizeof(sockaddr_in6);
        } else {
            throw std::invalid_argument("not an IP address: " + host);
        }
    }

    [[nodiscard]] int family() const { return storage_.ss_family; }
    [[nodiscard]] std::uint16_t port() const {
        if (family() == AF_INET6)
            return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
        return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
    }
    [[nodiscard]] sockaddr* data() { return reinterpret_cast<sockaddr*>(&storage_); }
    [[nodiscard]] socklen_t* size() { return &size_; }

private:
    sockaddr_storage storage_{};
    socklen_t size_ = sizeof(sockaddr_storage);
};

void set_option(const unique_fd& socket, int level, int name, int value) {
    check(::setsockopt(socket.get(), level, name, &value, sizeof value) == 0, "setsockopt");
}

unique_fd open_socket(int family) {
    unique_fd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    check(static_cast<bool>(socket), "socket");
    return socket;
}

unique_fd bind_tcp(const std::string& host, std::uint16_t port) {
    endpoint address(host, port);
    unique_fd socket = open_socket(address.family());
    set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1);
    check(::bind(socket.get(), address.data(), *address.size()) == 0, "bind");
    return socket;
}

endpoint local_endpoint(const unique_fd& socket) {
    endpoint result;
    check(::getsockname(socket.get(), result.data(), result.size()) == 0, "getsockname");
    return result;
}

bool peer_endpoint(const unique_fd& socket, endpoint& result) {
    return ::getpeername(socket.get(), result.data(), result.size()) == 0;
}

std::string hex_port(std::uint16_t port) {
    char text[8];
    std::snprintf(text, sizeof text, ":%04X", port);
    return text;
}

/// The receive queue of the local socket with these ports, from /proc/net/tcp; -1 if not there,
/// which also happens, now and then, to one that exists: the table changes while it is read.
long receive_queue(int family, std::uint16_t own, std::uint16_t other) {
    std::ifstream table(family == AF_INET6 ? "/proc/net/tcp6" : "/proc/net/tcp");
    std::string text;
    std::getline(table, text);
    while (std::getline(table, text)) {
        std::istringstream words(text);
        std::string number, local, remote, state, queues;
        words >> number >> local >> remote >> state >> queues;
        if (!local.ends_with(hex_port(own)) || !remote.ends_with(hex_port(other)))
            continue;
        const auto colon = queues.find(':');
        return std::strtol(queues.c_str() + colon + 1, nullptr, 16);
    }
    return -1;
}

bool closed_by_peer(const unique_fd& socket) {
    pollfd one = {.fd = socket.get(), .events = POLLRDHUP, .revents = 0};
    return ::poll(&one, 1, 0) != 0;
}

enum class reading {
    behind,
    done_or_not_arrived, ///< an acknowledgement is missing, which may only be delayed
    done,
};

reading reading_at_peer(const unique_fd& socket) {
    endpoint peer;
    if (closed_by_peer(socket) || !peer_endpoint(socket, peer))
        return reading::done;
    int unacknowledged = 0;
    ::ioctl(socket.get(), SIOCOUTQ, &unacknowledged);
    if (receive_queue(peer.family(), peer.port(), local_port(socket)) != 0)
        return reading::behind;
    return unacknowledged == 0 ? reading::done : reading::done_or_not_arrived;
}

} // namespace

unique_fd& unique_fd::operator=(unique_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

void unique_fd::close() {
    if (fd_ >= 0)
        ::close(std::exchange(fd_, -1));
}

stop_event::stop_event() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    check(static_cast<bool>(fd_), "eventfd");
}

void stop_event::set() const {
    ::eventfd_write(fd_.get(), 1);
}

unique_fd listen_tcp(const std::string& host, std::uint16_t port, int receive_buffer) {
    unique_fd socket = bind_tcp(host, port);
    if (receive_buffer > 0)
        set_option(socket, SOL_SOCKET, SO_RCVBUF, receive_buffer);
    check(::listen(socket.get(), SOMAXCONN) == 0, "listen");
    return socket;
}

unique_fd connect_tcp(const std::string& host, std::uint16_t port, const deadline& end) {
    static const stop_event never;
    endpoint address(host, port);
    unique_fd socket = open_socket(address.family());
    set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    if (::connect(socket.get(), address.data(), *address.size()) == 0)
        return socket;
    check(errno == EINPROGRESS, "connect");
    if (wait_for(socket, POLLOUT, never, end.milliseconds_left()) != poll_result::ready)
        throw_errno("connect", ETIMEDOUT);
    int error = 0;
    socklen_t size = sizeof error;
    check(::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0, "getsockopt");
    if (error != 0)
        throw_errno("connect to " + host_and_port(host, port), error);
    return socket;
}

unique_fd accept_tcp(const unique_fd& listener, const stop_event& stop) {
    while (wait_for(listener, POLLIN, stop, -1) == poll_result::ready) {
        unique_fd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket)
            continue;
        set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
        return socket;
    }
    return unique_fd();
}

reserved_port::reserved_port() : socket_(bind_tcp("127.0.0.1", 0)) {}

std::uint16_t reserved_port::number() const {
    return local_port(socket_);
}

std::string reserved_port::address() const {
    return host_and_port("127.0.0.1", number());
}

std::uint16_t local_port(const unique_fd& socket) {
    return local_endpoint(socket).port();
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string nats_url(std::string_view userinfo, const std::string& host, std::uint16_t port) {
    std::string url = "nats://";
    if (!userinfo.empty())
        url.append(userinfo).append("@");
    return url + host_and_port(host, port);
}

void close_with_reset(const unique_fd& socket) {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void end_sending(const unique_fd& socket) {
    ::shutdown(socket.get(), SHUT_WR);
}

poll_result wait_for(const unique_fd& socket, short events, const stop_event& stop,
                     int milliseconds) {
    pollfd fds[] = {{.fd = stop.fd(), .events = POLLIN, .revents = 0},
                    {.fd = socket.get(), .events = events, .revents = 0}};
    int count = 0;
    do {
        count = ::poll(fds, 2, milliseconds);
    } while (count < 0 && errno == EINTR);
    if (fds[0].revents != 0)
        return poll_result::stopped;
    return count > 0 ? poll_result::ready : poll_result::timeout;
}

poll_result wait_until_consumed(const unique_fd& socket, const stop_event& stop, duration within) {
    const deadline end(within);
    int looks_read = 0;
    for (int tries = 0; !end.passed(); ++tries) {
        const reading now = reading_at_peer(socket);
        looks_read = now == reading::behind ? 0 : looks_read + 1;
        if (now == reading::done || looks_read > 3)
            return poll_result::ready;
        if (wait_for(socket, 0, stop, tries < 20 ? 0 : 1) == poll_result::stopped)
            return poll_result::stopped;
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return poll_result::timeout;
}

} // namespace conats::test
