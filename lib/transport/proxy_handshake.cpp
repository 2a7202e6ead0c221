// SPDX-License-Identifier: Apache-2.0
#include "transport/http_connect.hpp"
#include "transport/socks5.hpp"

namespace conats {
inline namespace v0 {
namespace impl {

std::unique_ptr<proxy_handshake> begin_proxy_handshake(const proxy_address& proxy,
                                                       std::string_view host, std::uint16_t port) {
    if (proxy.kind == proxy_kind::http)
        return std::make_unique<http_connect_handshake>(host, port, proxy.user, proxy.password);
    return std::make_unique<socks5_handshake>(host, port, proxy.user, proxy.password);
}

} // namespace impl
} // namespace v0
} // namespace conats
