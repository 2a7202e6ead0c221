// SPDX-License-Identifier: Apache-2.0
#include "transport/server_address.hpp"

#include "support/ascii.hpp"
#include "transport/address_parts.hpp"
#include "values/secret_access.hpp"

#include <boost/url/authority_view.hpp>
#include <boost/url/decode_view.hpp>
#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

namespace urls = boost::urls;

constexpr std::string_view default_host = "127.0.0.1";

/// Decodes where it will stay.
secret decode(urls::pct_string_view encoded) {
    const urls::decode_view text = *encoded;
    secret out = secret_access::allocate(text.size());
    std::copy(text.begin(), text.end(), secret_access::data(out));
    return out;
}

error read_userinfo(const urls::authority_view& authority, server_address& out) {
    const auto user = authority.encoded_user();
    if (authority.has_password()) {
        if (user.empty()) {
            return invalid_address("userinfo: the user before ':' is empty");
        }
        out.user(decode(user), decode(authority.encoded_password()));
    } else if (!user.empty()) {
        out.token(decode(user));
    }
    return {};
}

error read_authority(const address_parts& parts, server_address& out) {
    const auto host_only = urls::parse_authority(parts.host);
    const bool is_bracketed = !parts.host.empty() && parts.host.front() == '[';
    if (!host_only || (is_bracketed && host_only->host_type() != urls::host_type::ipv6)) {
        return invalid_address("host: not an IPv6 address in brackets");
    }
    const auto parsed = urls::parse_authority(parts.authority);
    if (!parsed) {
        return invalid_address("userinfo: an illegal character or malformed percent-encoding; "
                               "percent-encode all but letters, digits and - . _ ~");
    }
    const std::string_view host = host_only->encoded_host_address();
    server_address address(parts.scheme, std::string(host.empty() ? default_host : host),
                           parts.port);
    if (const auto e = read_userinfo(*parsed, address)) {
        return e;
    }
    if (!parts.path.empty()) {
        address.path(std::string(parts.path));
    }
    out = std::move(address);
    return {};
}

std::string position(std::size_t n, std::size_t of) {
    return "address " + std::to_string(n) + " of " + std::to_string(of) + ": ";
}

} // namespace

std::string_view to_string(scheme s) noexcept {
    static constexpr std::array<std::string_view, 4> names{"nats", "tls", "ws", "wss"};
    return names.at(static_cast<std::size_t>(s));
}

std::uint16_t default_port(scheme s) noexcept {
    static constexpr std::array<std::uint16_t, 4> ports{4222, 4222, 80, 443};
    return ports.at(static_cast<std::size_t>(s));
}

server_address::server_address()
    : server_address(scheme::nats, std::string(default_host), default_port(scheme::nats)) {}

server_address::server_address(impl::scheme s, std::string host, std::uint16_t port)
    : host_(std::move(host)),
      port_(port),
      scheme_(s),
      is_ip_(urls::parse_ipv4_address(host_) || urls::parse_ipv6_address(host_)) {}

server_address& server_address::path(std::string p) & {
    path_ = std::move(p);
    return *this;
}

server_address& server_address::token(secret t) & {
    token_ = std::move(t);
    user_ = secret();
    password_ = secret();
    userinfo_ = userinfo::token;
    return *this;
}

server_address& server_address::user(secret name, secret password) & {
    token_ = secret();
    user_ = std::move(name);
    password_ = std::move(password);
    userinfo_ = userinfo::user;
    return *this;
}

void server_address::inherit(const server_address& announcer) {
    path_ = announcer.path_;
    tls_name_ = announcer.tls_name();
    token_ = announcer.token_;
    user_ = announcer.user_;
    password_ = announcer.password_;
    userinfo_ = announcer.userinfo_;
}

std::string server_address::redacted() const {
    const bool is_ipv6 = host_.find(':') != host_.npos;
    std::string out(to_string(scheme_));
    out += is_ipv6 ? "://[" : "://";
    out += host_;
    out += is_ipv6 ? "]:" : ":";
    return out += std::to_string(port_);
}

error parse_server_address(std::string_view text, server_address& out) {
    address_parts parts;
    if (auto e = split_address(trim_blanks(text), parts)) {
        return e;
    }
    if (parts.path.size() > 1 && !urls::parse_origin_form(parts.path)) {
        return invalid_address("path: an illegal character or malformed percent-encoding");
    }
    return read_authority(parts, out);
}

error parse_server_list(std::string_view text, std::vector<server_address>& out) {
    const auto count = static_cast<std::size_t>(std::count(text.begin(), text.end(), ',')) + 1;
    std::vector<server_address> list;
    for (std::size_t i = 1; i <= count; ++i) {
        const auto comma = std::min(text.find(','), text.size());
        const auto one = trim_blanks(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
        if (one.empty() && count > 1) {
            return invalid_address(position(i, count) + "empty");
        }
        if (auto e = parse_server_address(one, list.emplace_back())) {
            return count == 1 ? e : invalid_address(position(i, count) + e.text());
        }
    }
    out = std::move(list);
    return {};
}

} // namespace impl
} // namespace v0
} // namespace conats
