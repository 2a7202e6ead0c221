// SPDX-License-Identifier: Apache-2.0
#pragma once

// NATS over WebSocket, from the CMake target conats::websocket.

#include <conats/error.hpp>
#include <conats/export.hpp>
#include <conats/secret.hpp>
#include <conats/transport.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conats {
inline namespace v0 {

/// Fields of an HTTP request, in order. Values are secrets: a gateway's bearer token, a cookie.
/// A value; thread safety as a standard container.
class CONATS_EXPORT websocket_headers {
public:
    /// Name and value.
    using value_type = std::pair<std::string, secret>;

    websocket_headers();
    websocket_headers(const websocket_headers&);
    websocket_headers(websocket_headers&&) noexcept;
    websocket_headers& operator=(const websocket_headers&);
    websocket_headers& operator=(websocket_headers&&) noexcept;
    ~websocket_headers();

    /// Adds a field, also beside another of its name.
    websocket_headers& add(std::string_view name, secret value);
    /// Whether there is none.
    [[nodiscard]] bool empty() const noexcept { return fields_.empty(); }
    /// All of them, in order.
    [[nodiscard]] const std::vector<value_type>& fields() const noexcept { return fields_; }

private:
    std::vector<value_type> fields_;
};

/// A coroutine that finds the fields of one attempt's request. Runs on the client's executor.
using websocket_header_provider =
    std::function<asio::awaitable<websocket_headers>(transport_target)>;

/// How WebSocket is spoken. A value, copied by `websocket`; each setter returns `*this`.
class CONATS_EXPORT websocket_options {
public:
    websocket_options();
    websocket_options(const websocket_options&);
    websocket_options(websocket_options&&) noexcept;
    websocket_options& operator=(const websocket_options&);
    websocket_options& operator=(websocket_options&&) noexcept;
    ~websocket_options();

    /// Adds a field to the handshake's request: for a gateway before the server, or the cookie
    /// that a server takes for credentials. A `Host` replaces the one of the address; the fields
    /// of the handshake itself are refused.
    websocket_options& header(std::string_view name, secret value);
    /// The fields that were added.
    [[nodiscard]] const websocket_headers& headers() const noexcept { return headers_; }
    /// Asked for more fields on every attempt, once the server was reached. It is cancelled when
    /// the attempt's deadline passes; what it throws is `provider_failed` with its words.
    websocket_options& header_provider(websocket_header_provider f);
    [[nodiscard]] const websocket_header_provider& header_provider() const noexcept {
        return provider_;
    }
    /// Offers permessage-deflate; both sides compress then if the server takes it. Costs processor
    /// time and some 300 KiB a connection. A server refuses compressed messages that unpack to
    /// more than its max_payload: leave this off where that is below 32 KiB. Default: off.
    websocket_options& compression(bool on);
    [[nodiscard]] bool compression() const noexcept { return compression_; }
    /// A longer frame from the server is a protocol error; no frame is held in memory as a whole.
    /// Default 64 MiB, at least 1 KiB.
    websocket_options& max_frame_size(std::size_t bytes);
    [[nodiscard]] std::size_t max_frame_size() const noexcept { return max_frame_size_; }

    /// What is wrong with them, naming the option; no error if nothing. `connect` calls it.
    [[nodiscard]] error validate() const;

private:
    websocket_headers headers_;
    websocket_header_provider provider_;
    std::size_t max_frame_size_ = std::size_t{64} << 20;
    bool compression_ = false;
};

/// The transport of ws and wss addresses, for `connect_options::transport`; addresses of the other
/// schemes go over TCP as ever. The path of an address is that of the request, as a gateway before
/// the server may want it. A server's INFO says nothing of TLS here: wss encrypts from the first
/// byte, and so does ws where the options have `tls`.
///
///     conats::connect_options o("ws://localhost:8080");
///     o.transport(conats::websocket());
///
/// `lower` makes the streams that carry it, in place of TCP.
/// Errors: `protocol_error` for what is no WebSocket, `authorization_violation` where a gateway
/// answers 401 or 403, `connection_failed` for every other refusal, each with the answer's words.
CONATS_EXPORT transport websocket(websocket_options options = websocket_options(),
                                  transport lower = transport());

} // namespace v0
} // namespace conats
