// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/error.hpp>
#include <conats/secret.hpp>
#include <conats/version.hpp>

#include <cstddef>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// What CONNECT says. Views: valid for the duration of `encode_connect`. An empty string leaves
/// the field out; the password is stated whenever a user is.
struct connect_fields {
    bool verbose = false;
    bool pedantic = false;
    bool tls_required = false;
    bool echo = true;
    bool headers = true;
    bool no_responders = true;
    int protocol = 1;
    std::string_view name;
    std::string_view lang = "conats";
    std::string_view version = version_string;
    std::string_view auth_token;
    bool has_user = false; ///< state user and pass even if the user is empty
    std::string_view user;
    std::string_view pass;
    std::string_view jwt;
    std::string_view nkey;
    std::string_view sig;
};

/// The whole line `CONNECT {...}\r\n`, written once into memory that is wiped. A field that is
/// not UTF-8 is `errc::invalid_options`, naming the field and not what is in it.
[[nodiscard]] error encode_connect(const connect_fields& fields, secret& out);

/// What the server counts of such a line against its max_control_line: the JSON.
inline std::size_t connect_line_size(const secret& line) noexcept {
    constexpr std::size_t around = std::string_view("CONNECT \r\n").size();
    return line.size() < around ? 0 : line.size() - around;
}

} // namespace impl
} // namespace v0
} // namespace conats
