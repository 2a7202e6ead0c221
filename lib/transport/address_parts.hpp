// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/server_address.hpp"

#include <conats/error.hpp>

#include <cstdint>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// An address taken apart; views into the caller's text, so that userinfo is copied nowhere.
struct address_parts {
    impl::scheme scheme = impl::scheme::nats;
    bool has_scheme = false;
    std::string_view authority; ///< userinfo, host and port
    std::string_view host_port;
    std::string_view host; ///< with its brackets; empty if not said
    std::string_view port_text;
    std::uint16_t port = 0; ///< the scheme's own if not said
    std::string_view path;

    [[nodiscard]] bool has_userinfo() const { return authority.size() != host_port.size(); }
};

[[nodiscard]] error invalid_address(std::string_view text);

/// Splits `[scheme://][userinfo@][host][:port][/path]` and checks all but userinfo, the inside of
/// brackets and the path's characters. Stricter than RFC 3986 where a URL parser would accept a
/// typing error or show a piece of a token that was not percent-encoded as a host or path.
[[nodiscard]] error split_address(std::string_view text, address_parts& parts);

} // namespace impl
} // namespace v0
} // namespace conats
