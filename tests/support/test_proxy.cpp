// SPDX-License-Identifier: Apache-2.0
#include "support/test_proxy.hpp"

#include "support/sockets.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace conats::test {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using socket_pointer = std::shared_ptr<tcp::socket>;
using namespace std::string_literals;

/// Passes on until one end closes, and then closes both.
asio::awaitable<void> pump_bytes(socket_pointer from, socket_pointer to, std::string first) {
    std::array<char, 16384> room{};
    boost::system::error_code ec;
    if (!first.empty())
        (void)co_await asio::async_write(*to, asio::buffer(first),
                                         asio::redirect_error(asio::use_awaitable, ec));
    while (!ec) {
        const auto n = co_await from->async_read_some(
            asio::buffer(room), asio::redirect_error(asio::use_awaitable, ec));
        const asio::const_buffer all(room.data(), n);
        if (!ec)
            (void)co_await asio::async_write(*to, all,
                                             asio::redirect_error(asio::use_awaitable, ec));
    }
    (void)from->close(ec);
    (void)to->close(ec);
}

/// Exactly so many bytes.
asio::awaitable<std::string> read(tcp::socket& s, std::size_t size) {
    std::string bytes(size, '\0');
    co_await asio::async_read(s, asio::buffer(bytes), asio::use_awaitable);
    co_return bytes;
}

asio::awaitable<void> write(tcp::socket& s, std::string bytes) {
    co_await asio::async_write(s, asio::buffer(bytes), asio::use_awaitable);
}

std::string base64(std::string_view text) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    unsigned bits = 0;
    int count = 0;
    for (const char c : text) {
        bits = bits << 8U | static_cast<unsigned char>(c);
        for (count += 8; count >= 6; count -= 6)
            out += digits[bits >> (count - 6) & 63U];
    }
    if (count > 0)
        out += digits[bits << (6 - count) & 63U];
    while (out.size() % 4 != 0)
        out += '=';
    return out;
}

std::uint16_t port_from_bytes(std::string_view two) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(two[0]) << 8U |
                                      static_cast<unsigned char>(two[1]));
}

} // namespace

class test_proxy::impl {
public:
    explicit impl(proxy_behaviour b)
        : behaviour_(std::move(b)),
          acceptor_(context_, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)) {
        port_ = acceptor_.local_endpoint().port();
        asio::co_spawn(context_, accept(), asio::detached);
        thread_ = std::thread([this] { context_.run(); });
    }
    impl(const impl&) = delete;
    impl& operator=(const impl&) = delete;
    ~impl() {
        context_.stop();
        thread_.join();
    }

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] const proxy_behaviour& behaviour() const { return behaviour_; }
    [[nodiscard]] std::vector<std::string> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

private:
    asio::awaitable<void> accept() {
        for (;;) {
            auto s = std::make_shared<tcp::socket>(context_);
            co_await acceptor_.async_accept(*s, asio::use_awaitable);
            asio::co_spawn(context_, serve(std::move(s)), asio::detached);
        }
    }

    asio::awaitable<void> serve(socket_pointer s) {
        try {
            if (behaviour_.is_silent)
                (void)co_await read(*s, 1'000'000);
            else if (behaviour_.is_http)
                co_await serve_http(s);
            else
                co_await serve_socks5(s);
        } catch (const std::exception&) {
            boost::system::error_code ignored;
            (void)s->close(ignored);
        }
    }

    asio::awaitable<socket_pointer> dial(std::string request, std::string host,
                                         std::uint16_t port) {
        {
            const std::lock_guard lock(mutex_);
            requests_.push_back(request);
        }
        if (const auto found = behaviour_.names.find(host); found != behaviour_.names.end())
            host = found->second;
        auto s = std::make_shared<tcp::socket>(context_);
        const tcp::endpoint to(asio::ip::make_address(host), port);
        co_await s->async_connect(to, asio::use_awaitable);
        co_return s;
    }

    void join(const socket_pointer& client, const socket_pointer& server, std::string first) {
        asio::co_spawn(context_, pump_bytes(client, server, ""), asio::detached);
        asio::co_spawn(context_, pump_bytes(server, client, std::move(first)), asio::detached);
    }

    asio::awaitable<bool> log_in(tcp::socket& s) {
        const auto hello = co_await read(s, 2);
        const auto methods = co_await read(s, static_cast<std::size_t>(hello[1]));
        const bool wants_login = !behaviour_.user.empty();
        if (methods.find(wants_login ? '\2' : '\0') == std::string::npos) {
            co_await write(s, "\x05\xff");
            co_return false;
        }
        if (!wants_login) {
            co_await write(s, "\x05\x00"s);
            co_return true;
        }
        co_await write(s, "\x05\x02"s);
        const auto begin = co_await read(s, 2);
        const auto user = co_await read(s, static_cast<unsigned char>(begin[1]));
        const auto size = co_await read(s, 1);
        const auto password = co_await read(s, static_cast<unsigned char>(size[0]));
        const bool is_right = user == behaviour_.user && password == behaviour_.password;
        std::string verdict = "\x01\x01";
        if (is_right)
            verdict = "\x01\x00"s;
        co_await write(s, std::move(verdict));
        co_return is_right;
    }

    asio::awaitable<void> serve_socks5(socket_pointer s) {
        const bool is_in = co_await log_in(*s);
        if (!is_in)
            co_return;
        const auto request = co_await read(*s, 4);
        std::string host;
        std::string kind = "name ";
        if (request[3] == 3) {
            const auto size = co_await read(*s, 1);
            host = co_await read(*s, static_cast<unsigned char>(size[0]));
        } else if (request[3] == 1) {
            kind = "ipv4 ";
            const auto bytes = co_await read(*s, 4);
            asio::ip::address_v4::bytes_type b{};
            std::copy(bytes.begin(), bytes.end(), b.begin());
            host = asio::ip::address_v4(b).to_string();
        } else {
            kind = "ipv6 ";
            const auto bytes = co_await read(*s, 16);
            asio::ip::address_v6::bytes_type b{};
            std::copy(bytes.begin(), bytes.end(), b.begin());
            host = asio::ip::address_v6(b).to_string();
        }
        const auto two = co_await read(*s, 2);
        const auto port = port_from_bytes(two);
        if (!behaviour_.refusal.empty()) {
            co_await write(*s, "\x05" + behaviour_.refusal + "\x00\x01\0\0\0\0\0\0"s);
            co_return;
        }
        const auto server = co_await dial(kind + host + ":" + std::to_string(port), host, port);
        join(s, server, "\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x01"s);
    }

    asio::awaitable<void> serve_http(socket_pointer s) {
        std::string head;
        co_await asio::async_read_until(*s, asio::dynamic_buffer(head), "\r\n\r\n",
                                        asio::use_awaitable);
        const auto target = head.substr(8, head.find(" HTTP/1.1") - 8);
        const auto credentials =
            "Proxy-Authorization: Basic " + base64(behaviour_.user + ":" + behaviour_.password);
        if (!behaviour_.user.empty() && head.find(credentials + "\r\n") == std::string::npos) {
            co_await write(*s, "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
            co_return;
        }
        if (!behaviour_.refusal.empty()) {
            co_await write(*s, "HTTP/1.1 " + behaviour_.refusal + "\r\nX: y\r\n\r\n");
            co_return;
        }
        const auto colon = target.rfind(':');
        const auto port = static_cast<std::uint16_t>(std::stoi(target.substr(colon + 1)));
        const auto server = co_await dial(target, target.substr(0, colon), port);
        std::string first = "HTTP/1.1 200 Connection established\r\n\r\n";
        if (behaviour_.joins_at_once) {
            join(s, server, std::move(first));
            co_return;
        }
        // The server speaks first: what it says goes along with our answer.
        std::array<char, 16384> room{};
        const auto n = co_await server->async_read_some(asio::buffer(room), asio::use_awaitable);
        join(s, server, first.append(room.data(), n));
    }

    const proxy_behaviour behaviour_;
    asio::io_context context_;
    tcp::acceptor acceptor_;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;
    std::thread thread_;
};

test_proxy::test_proxy(proxy_behaviour behaviour)
    : impl_(std::make_unique<impl>(std::move(behaviour))) {}
test_proxy::~test_proxy() = default;

std::uint16_t test_proxy::port() const {
    return impl_->port();
}

std::string test_proxy::url(std::string_view userinfo) const {
    std::string out = impl_->behaviour().is_http ? "http://" : "socks5://";
    if (!userinfo.empty())
        out.append(userinfo).append("@");
    return out + "127.0.0.1:" + std::to_string(port());
}

std::vector<std::string> test_proxy::requests() const {
    return impl_->requests();
}

} // namespace conats::test
