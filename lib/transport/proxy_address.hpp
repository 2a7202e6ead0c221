// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/secret.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

enum class proxy_kind : std::uint8_t { socks5, http };

/// A proxy and who we are to it. A value.
struct proxy_address {
    proxy_address() noexcept = default; // no aggregate: g++ 12 destroys those twice

    proxy_kind kind = proxy_kind::socks5;
    std::string host; ///< no brackets around IPv6
    std::uint16_t port = 0;
    secret user; ///< empty: no credentials
    secret password;

    /// "socks5://host:1080"; never userinfo.
    [[nodiscard]] std::string redacted() const;
};

/// Parses `socks5://[user:password@]host[:1080]` or `http://[user:password@]host[:3128]`;
/// `socks5h` is another name for the first. The text of an error, `errc::invalid_options`, holds
/// nothing that may have been meant as userinfo.
[[nodiscard]] error parse_proxy_address(std::string_view text, proxy_address& out);

} // namespace impl
} // namespace v0
} // namespace conats
