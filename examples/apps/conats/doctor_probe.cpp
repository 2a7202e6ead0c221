// SPDX-License-Identifier: Apache-2.0
#include "doctor_probe.hpp"

#include <conats/connect.hpp>
#include <conats/tls_options.hpp>
#include <conats/wire_trace.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tool {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

/// Of "10.0.0.1:4222" and "[::1]:4222".
std::optional<tcp::endpoint> read_endpoint(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == text.npos)
        return std::nullopt;
    std::string host(text.substr(0, colon));
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    std::uint16_t port = 0;
    std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
    boost::system::error_code fault;
    const auto address = asio::ip::make_address(host, fault);
    if (fault || port == 0)
        return std::nullopt;
    return tcp::endpoint(address, port);
}

/// What a web server or nats-server's monitoring answers; nothing if nothing comes.
asio::awaitable<std::string> ask_http(tcp::endpoint where, std::chrono::nanoseconds limit) {
    constexpr std::string_view question = "GET /varz HTTP/1.0\r\n\r\n";
    constexpr std::size_t most = std::size_t{256} << 10;
    auto executor = co_await asio::this_coro::executor;
    // Shared with the timer's handler, which may come when this is over.
    auto socket = std::make_shared<tcp::socket>(executor);
    asio::steady_timer timer(executor, limit);
    timer.async_wait([socket](const boost::system::error_code& cancelled) {
        boost::system::error_code ignored;
        if (!cancelled)
            (void)socket->close(ignored);
    });
    std::string answer;
    auto [refused] = co_await socket->async_connect(where, as_result);
    if (refused)
        co_return answer;
    auto [unsent, sent] = co_await asio::async_write(*socket, asio::buffer(question), as_result);
    if (!unsent) {
        auto to = asio::dynamic_buffer(answer, most);
        co_await asio::async_read(*socket, to, as_result);
    }
    boost::system::error_code ignored;
    (void)socket->close(ignored);
    co_return answer;
}

/// How it takes a client that encrypts first and trusts everybody, since it has nothing to say.
asio::awaitable<neighbour> ask_tls(conats::connect_options options, std::string server,
                                   std::chrono::nanoseconds limit) {
    neighbour found;
    found.what = neighbour_kind::silent;
    bool shows_certificate = false;
    bool sends_info = false;
    conats::tls_options tls;
    tls.handshake_first(true).verify([&](const conats::tls_verification&) {
        shows_certificate = true;
        return true;
    });
    conats::connect_options o;
    o.servers(server.replace(0, server.find(':'), "tls")).tls(std::move(tls));
    o.connect_timeout(limit).max_reconnects(0).close_timeout(limit).name(options.name());
    o.resolver(options.resolver()).ip_order(options.ip_order()).proxy(options.proxy());
    o.local_address(options.local_address());
    o.wire_trace([&](const conats::wire_operation& w) {
        sends_info = sends_info || w.kind() == conats::wire_kind::info;
    });
    conats::error e;
    auto nc = co_await conats::connect(std::move(o), e);
    if (nc)
        co_await nc.close();
    if (sends_info)
        found.what = neighbour_kind::nats_in_tls;
    else if (shows_certificate)
        found.what = neighbour_kind::other_in_tls;
    co_return found;
}

} // namespace

asio::awaitable<neighbour> ask_neighbour(conats::connect_options options,
                                         conats::connect_attempt attempt,
                                         std::chrono::nanoseconds limit) {
    neighbour found;
    const auto where =
        attempt.addresses().empty() ? std::nullopt : read_endpoint(attempt.addresses().back());
    const bool is_proxied = !options.proxy().empty();
    if (where && !is_proxied)
        found = read_http_answer(co_await ask_http(*where, limit));
    // To plain text nats-server answers with an alert, when it wants TLS.
    if (found.what == neighbour_kind::unknown || found.what == neighbour_kind::other) {
        const neighbour within = co_await ask_tls(std::move(options), attempt.server(), limit);
        const bool is_told = found.what == neighbour_kind::other;
        if (!is_told || within.what != neighbour_kind::silent)
            found = within;
    }
    co_return found;
}

} // namespace tool
