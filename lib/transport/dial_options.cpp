// SPDX-License-Identifier: Apache-2.0
#include "transport/dial_options.hpp"

#include "support/ascii.hpp"
#include "support/thrown_text.hpp"
#include "transport/tcp_stream.hpp"

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

using asio::ip::tcp;

error socket_failure(const std::string& what, const error_code& ec) {
    return {errc::connection_failed, what + ": " + ec.message()};
}

error bad_local(std::string_view what) {
    return {errc::invalid_options, "local_address: " + std::string(what)};
}

/// Cuts ":port" off, which an IPv6 address has only behind its brackets.
std::string_view take_port(std::string_view& text) {
    const auto colon = text.rfind(':');
    const bool is_bare_ipv6 = !text.starts_with('[') && text.find(':') != colon;
    if (colon == text.npos || is_bare_ipv6 || text.ends_with(']'))
        return {};
    const auto port = text.substr(colon);
    text = text.substr(0, colon);
    return port;
}

} // namespace

error parse_local_address(std::string_view text, tcp::endpoint& out) {
    const auto port_text = take_port(text);
    if (text.starts_with('[') && text.ends_with(']'))
        text = text.substr(1, text.size() - 2);
    error_code ec;
    const auto address = asio::ip::make_address(text, ec);
    if (ec)
        return bad_local("no IP address, or one with a port behind it");
    std::uint64_t port = 0;
    if (!port_text.empty() && (!parse_decimal(port_text.substr(1), port) || port > 65535))
        return bad_local("its port is no number from 0 to 65535");
    out = tcp::endpoint(address, static_cast<std::uint16_t>(port));
    return {};
}

error open_socket(tcp::socket& socket, const tcp::endpoint& to, const socket_settings& settings) {
    error_code ec;
    if (socket.open(to.protocol(), ec))
        return socket_failure("no socket", ec);
    using send_size = tcp::socket::send_buffer_size;
    using receive_size = tcp::socket::receive_buffer_size;
    // Before connecting: the window that the peer is offered depends on it.
    if (settings.send_buffer != 0 &&
        socket.set_option(send_size(static_cast<int>(settings.send_buffer)), ec))
        return socket_failure("send_buffer_size", ec);
    if (settings.receive_buffer != 0 &&
        socket.set_option(receive_size(static_cast<int>(settings.receive_buffer)), ec))
        return socket_failure("receive_buffer_size", ec);
    if (!settings.local)
        return {};
    // A port of one's own is needed again before the system forgets its last connection.
    (void)socket.set_option(tcp::socket::reuse_address(true), ec);
    if (socket.bind(*settings.local, ec))
        return socket_failure("local_address " + to_text(*settings.local), ec);
    return {};
}

error finish_socket(tcp::socket& socket, const socket_settings& settings) {
    error_code ignored;
    (void)socket.set_option(tcp::no_delay(settings.no_delay), ignored);
    (void)socket.set_option(tcp::socket::keep_alive(settings.keep_alive), ignored);
    if (!settings.hook)
        return {};
    try {
        settings.hook(socket.native_handle());
    } catch (...) {
        return {errc::connection_failed, "socket_hook: " + thrown_text()};
    }
    return {};
}

} // namespace impl
} // namespace v0
} // namespace conats
