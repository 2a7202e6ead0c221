// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/testing/broker_options.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

/// What CONNECT says. What it leaves out has the server's defaults, not the client's.
struct connect_line {
    connect_line() {} // not an aggregate, for g++ 12
    bool verbose = true;
    bool pedantic = true;
    bool echo = true;
    bool headers = false;
    bool no_responders = false;
    std::int64_t protocol = 0;
    std::string name;
    std::string lang;
    std::string version;
    std::string user;
    std::string password;
    std::string token;
    std::string account;
    bool new_account = false;
};

/// False if it is not a JSON object or a field has the wrong type.
bool read_connect(std::string_view json, connect_line& out);

/// Whether it is any JSON object.
bool is_json_object(std::string_view json);

enum class info_kind : std::uint8_t {
    plain,
    after_connect, ///< behind the first PONG, with the account
    lame_duck,
};

/// What changes from one INFO to another.
struct info_state {
    std::uint64_t client_id = 0;
    std::string_view client_ip;
    bool auth_required = false;
    info_kind kind = info_kind::plain;
};

/// `INFO {...} \r\n`, the fields in the server's order.
std::string info_line(const broker_options& options, const info_state& state);

/// As Go's %q: in quotes, with backslashes.
std::string quoted(std::string_view text);

/// Whether a version is at least this one.
bool at_least(std::string_view version, int major, int minor) noexcept;

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
