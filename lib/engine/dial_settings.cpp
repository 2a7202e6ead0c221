// SPDX-License-Identifier: Apache-2.0
#include "engine/dial_settings.hpp"

#include "transport/address_order.hpp"

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

error take_local_address(const connect_options& options, dial_options& out) {
    if (options.local_address().empty())
        return {};
    asio::ip::tcp::endpoint local;
    if (error e = parse_local_address(options.local_address(), local))
        return e;
    ip_order order = options.ip_order();
    if (!restrict_to_family(order, local.address()))
        return {errc::invalid_options, "local_address and ip_order exclude each other: " +
                                           std::string(only_family(options.ip_order())) +
                                           " alone is wanted"};
    out.socket.local = local;
    return {};
}

} // namespace

error make_dial_options(const connect_options& options, dial_options& out) {
    if (error e = take_local_address(options, out))
        return e;
    if (!options.proxy().empty()) {
        proxy_address proxy;
        if (error e = parse_proxy_address(options.proxy().reveal(), proxy))
            return e;
        out.proxy = std::move(proxy);
    }
    out.resolver = options.resolver();
    out.order = options.ip_order();
    out.socket.hook = options.socket_hook();
    out.socket.send_buffer = options.send_buffer_size();
    out.socket.receive_buffer = options.receive_buffer_size();
    out.socket.no_delay = options.no_delay();
    out.socket.keep_alive = options.keep_alive();
    return {};
}

} // namespace impl
} // namespace v0
} // namespace conats
