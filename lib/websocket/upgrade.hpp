// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/http_head.hpp"

#include <conats/error.hpp>
#include <conats/transport.hpp>
#include <conats/websocket.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// 16 random bytes in base64, which the server proves to have read.
[[nodiscard]] std::string make_websocket_key(const std::array<unsigned char, 16>& random);
/// What a server answers to this key.
[[nodiscard]] std::string accept_of(std::string_view key);

/// What is wrong with fields of the user's: a name or value that HTTP does not take, or a field
/// of the handshake itself. Names the field, never its value. `errc::invalid_options`.
[[nodiscard]] error check_headers(const websocket_headers& headers);

/// The handshake's request (RFC 6455, 4.1). Pure.
class upgrade_request {
public:
    upgrade_request(const transport_target& target, std::string key, bool compression);

    /// Adds fields, which have to outlive the request.
    void add(const websocket_headers& headers);
    /// The request, in pieces, so that no secret in it is copied.
    [[nodiscard]] std::vector<std::string_view> pieces() const;

private:
    std::string head_;
    std::string host_line_;
    std::vector<std::string_view> fields_;
    bool has_host_ = false;
};

/// What a server's answer means. Pure.
class upgrade_reply {
public:
    upgrade_reply(const http_head& head, std::string_view key, bool offered_compression);

    /// Why there is no WebSocket; no error if there is.
    [[nodiscard]] const error& failure() const noexcept { return failure_; }
    [[nodiscard]] bool has_compression() const noexcept { return has_compression_; }
    /// Whether the server's compressed messages refer to earlier ones.
    [[nodiscard]] bool server_keeps_context() const noexcept { return server_keeps_context_; }

private:
    void refuse(const http_head& head);
    void check(const http_head& head, std::string_view key);
    void read_extensions(std::string_view value, bool offered);
    [[nodiscard]] bool read_parameter(std::string_view parameter);
    void fail(std::string_view why);

    error failure_;
    bool has_compression_ = false;
    bool server_keeps_context_ = true;
};

} // namespace impl
} // namespace v0
} // namespace conats
