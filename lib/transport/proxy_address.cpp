// SPDX-License-Identifier: Apache-2.0
#include "transport/proxy_address.hpp"

#include "support/ascii.hpp"
#include "transport/address_parts.hpp"

#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::size_t max_socks5_text = 255; // its lengths are bytes

error wrong(std::string_view what) {
    return {errc::invalid_options, "proxy: " + std::string(what)};
}

bool take_kind(std::string_view& text, proxy_kind& kind) {
    struct name {
        std::string_view prefix;
        proxy_kind kind;
    };
    for (const name n : {name{"socks5://", proxy_kind::socks5},
                         name{"socks5h://", proxy_kind::socks5}, name{"http://", proxy_kind::http}})
        if (starts_with_ignore_case(text, n.prefix)) {
            text.remove_prefix(n.prefix.size());
            kind = n.kind;
            return true;
        }
    return false;
}

error check_credentials(const server_address& a, proxy_kind kind) {
    if (!a.has_userinfo())
        return {};
    if (!a.has_user())
        return wrong("its userinfo is no user:password");
    if (kind == proxy_kind::http && a.user().reveal().find(':') != std::string_view::npos)
        return wrong("a ':' in the user, which HTTP cannot carry");
    if (kind == proxy_kind::socks5 && a.password().empty())
        return wrong("SOCKS5 takes no empty password");
    if (kind == proxy_kind::socks5 &&
        (a.user().size() > max_socks5_text || a.password().size() > max_socks5_text))
        return wrong("user or password exceed the 255 bytes that SOCKS5 can carry");
    return {};
}

} // namespace

std::string proxy_address::redacted() const {
    const bool is_ipv6 = host.find(':') != host.npos;
    std::string out = "http://";
    if (kind == proxy_kind::socks5)
        out = "socks5://";
    out += is_ipv6 ? "[" + host + "]" : host;
    return out + ":" + std::to_string(port);
}

error parse_proxy_address(std::string_view text, proxy_address& out) {
    proxy_address p;
    text = trim_blanks(text);
    if (!take_kind(text, p.kind))
        return wrong("it does not begin with socks5:// or http://");
    address_parts parts;
    server_address a;
    error e = split_address(text, parts);
    if (!e)
        e = parse_server_address(text, a);
    if (e)
        return wrong(e.text());
    if (parts.has_scheme)
        return wrong("two schemes");
    if (parts.host.empty())
        return wrong("it names no host");
    e = check_credentials(a, p.kind);
    if (e)
        return e;
    p.host = a.host();
    p.port = a.port();
    if (parts.port_text.empty())
        p.port = p.kind == proxy_kind::socks5 ? 1080 : 3128;
    p.user = a.user();
    p.password = a.password();
    out = std::move(p);
    return {};
}

} // namespace impl
} // namespace v0
} // namespace conats
