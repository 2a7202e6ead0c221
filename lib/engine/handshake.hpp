// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/credentials.hpp"
#include "protocol/connect_codec.hpp"
#include "protocol/info_codec.hpp"
#include "protocol/parser.hpp"

#include <conats/error.hpp>
#include <conats/server_info.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// nats-server's default. INFO does not tell it.
inline constexpr std::size_t default_max_control_line = 4096;

struct handshake_options {
    handshake_options() noexcept = default; // no aggregate: g++ 12 destroys those twice

    std::string name;
    bool verbose = false;
    bool pedantic = false;
    bool echo = true;
    bool no_responders = true;
    bool wants_tls = false;    ///< tls:// or an option
    bool is_encrypted = false; ///< before INFO already
};

enum class handshake_action : std::uint8_t {
    need_more,    ///< read on
    upgrade_tls,  ///< INFO was the last in plain: encrypt, then `on_upgraded`
    send_connect, ///< INFO is there: find the credentials, `make_connect`, send it
    send_pong,
    connected,
    failed ///< see `failure`; the connection is of no use
};

/// One server's handshake: INFO, maybe TLS, then CONNECT and PING, then PONG or an -ERR. Pure:
/// operations in, actions out, one for each. After `connected` and `failed` it takes no more.
class handshake {
public:
    explicit handshake(handshake_options options);

    /// `text` is `parser::text()`: INFO's JSON with `info_parser::padding` readable bytes behind
    /// it, -ERR's text without quotes, empty for all else.
    handshake_action on_operation(operation_kind kind, const char* text, std::size_t size);
    /// The connection ended; `why` holds the system's words if it was not an orderly close. Call
    /// it only when everything read before has been given in: an -ERR says more than its close.
    handshake_action on_closed(std::string_view why = {});
    /// TLS has come about, answering `upgrade_tls`.
    handshake_action on_upgraded() noexcept;
    /// Something was read behind INFO and before TLS, which may be of anybody.
    handshake_action on_unencrypted(std::string_view bytes);
    /// TLS ended the connection; `why` holds its words.
    handshake_action on_tls_failed(std::string_view why);
    /// The server sent what the parser does not take.
    handshake_action on_protocol_error(const error& e) { return fail(e); }
    /// The server's deadline passed.
    handshake_action on_timeout();

    /// CONNECT and PING as one write, answering `send_connect`. A PONG counts only after it.
    [[nodiscard]] error make_connect(const credentials& who, secret& out,
                                     std::size_t max_control_line = default_max_control_line);

    /// The same CONNECT with "***" in place of secrets, without its CRLF.
    [[nodiscard]] std::string redacted_connect(const credentials& who) const;

    [[nodiscard]] const server_info& info() const noexcept { return info_; }
    [[nodiscard]] const error& failure() const noexcept { return failure_; }

private:
    enum class phase : std::uint8_t {
        expects_info,
        expects_tls,
        expects_connect,
        expects_pong,
        done
    };

    handshake_action on_info(const char* text, std::size_t size);
    handshake_action on_first_info();
    handshake_action on_error(std::string_view text);
    handshake_action on_pong();
    handshake_action fail(error e);
    handshake_action fail_unless_told(error e);

    handshake_options options_;
    info_parser parser_;
    server_info info_;
    error failure_;
    error told_; // an -ERR that need not be the end
    phase phase_ = phase::expects_info;
};

/// The fields of CONNECT for a server of this INFO.
[[nodiscard]] connect_fields make_connect_fields(const handshake_options& options,
                                                 const server_info& info, const credentials& who);

/// `errc::connect_too_large` if the server would close over a CONNECT of `size` bytes, counted as
/// `connect_line_size` does.
[[nodiscard]] error check_connect_size(std::size_t size, std::size_t max_control_line);

} // namespace impl
} // namespace v0
} // namespace conats
