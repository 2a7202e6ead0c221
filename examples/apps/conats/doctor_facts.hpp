// SPDX-License-Identifier: Apache-2.0
// What servers, ports and credentials say of themselves, read from text. All of this is pure.
#pragma once

#include "doctor_report.hpp"

#include <conats/server_info.hpp>
#include <conats/tls_info.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tool {

using wall_time = std::chrono::system_clock::time_point;

/// How a client said who it is.
enum class credential_kind : std::uint8_t { none, token, user, nkey, jwt };

/// What listens at a port that sent no INFO.
enum class neighbour_kind : std::uint8_t {
    unknown,      ///< nobody asked
    silent,       ///< it says nothing to anybody
    http,         ///< a web server
    monitoring,   ///< nats-server's monitoring
    websocket,    ///< nats-server's port for WebSockets
    nats_in_tls,  ///< nats-server, which wants TLS before it says anything
    other_in_tls, ///< something else that speaks TLS
    other
};

struct neighbour {
    neighbour_kind what = neighbour_kind::unknown;
    std::string words;           ///< the first line that it said
    std::uint64_t nats_port = 0; ///< where it says that clients connect; 0: it does not say
};

/// Of "INFO {…}", as the server sent it; nothing if it is none.
[[nodiscard]] std::optional<conats::server_info> read_info(std::string_view line);
/// What INFO says, in a sentence.
[[nodiscard]] std::string describe(const conats::server_info& info);

/// Of "CONNECT {…}", in which secrets are hidden.
[[nodiscard]] credential_kind read_credential_kind(std::string_view line);
/// "a token", "no credentials"
[[nodiscard]] std::string_view to_string(credential_kind k) noexcept;

/// Of what a port answered to `GET /varz`; nothing of what it says if that is nothing.
[[nodiscard]] neighbour read_http_answer(std::string_view bytes);

/// When a JWT expires; nothing if it never does, or is none.
[[nodiscard]] std::optional<wall_time> read_jwt_expiry(std::string_view jwt);
/// Of "2026-01-31T23:59:59Z".
[[nodiscard]] std::optional<wall_time> read_time(std::string_view text);
[[nodiscard]] std::string write_time(wall_time t);
/// "in 3 days", "5 hours ago"
[[nodiscard]] std::string relative_time(wall_time t, wall_time now);

/// Whether the certificate is good for long enough.
[[nodiscard]] finding judge_tls(const conats::tls_info& tls, wall_time now,
                                std::chrono::nanoseconds least);
/// Of the reply to `$JS.API.INFO`.
[[nodiscard]] finding read_jetstream_answer(std::string_view reply);

} // namespace tool
