// SPDX-License-Identifier: Apache-2.0
#include "transport/address_parts.hpp"

#include "support/ascii.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::size_t max_host_size = 253; // of a name in DNS

constexpr std::string_view encode_hint =
    "userinfo: percent-encode '/', '?', '#', '@' and ',' in a token, user or password (%2F, %3F, "
    "%23, %40, %2C)";

bool contains(std::string_view text, char c) {
    return text.find(c) != text.npos;
}

bool is_letter(char c) {
    return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}
bool is_number(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

error check_characters(std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == ' ') {
            return invalid_address("a blank inside the address");
        }
        if (byte < 0x20 || byte == 0x7f) {
            return invalid_address("a control character inside the address: " + escaped(c));
        }
        if (byte > 0x7f) {
            return invalid_address(
                "a character that is not ASCII (in userinfo percent-encode it, in a host "
                "write it as xn--...)");
        }
    }
    return {};
}

bool is_scheme_name(std::string_view text) {
    const auto legal = [](char c) {
        return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
    };
    return !text.empty() && is_letter(text.front()) && std::all_of(text.begin(), text.end(), legal);
}

// Where userinfo follows, what stands before "://" may be the start of a token that was not
// encoded, so it is not shown.
error bad_scheme(std::string_view name, std::string_view text) {
    constexpr std::string_view known = "use nats, tls, ws or wss";
    if (contains(text, '@') || !is_scheme_name(name)) {
        return invalid_address("scheme: unknown; " + std::string(known) +
                               ", and percent-encode ':' and '/' in userinfo");
    }
    return invalid_address("scheme: '" + escaped_excerpt(name, 16) + "' is unknown; " +
                           std::string(known));
}

error take_scheme(std::string_view& text, address_parts& parts) {
    constexpr std::string_view mark = "://";
    const auto end = text.find(mark);
    if (end == text.npos) {
        return {};
    }
    const auto name = text.substr(0, end);
    for (const auto s : {scheme::nats, scheme::tls, scheme::ws, scheme::wss}) {
        if (equal_ignore_case(name, to_string(s))) {
            parts.scheme = s;
            parts.has_scheme = true;
            text.remove_prefix(end + mark.size());
            return {};
        }
    }
    return bad_scheme(name, text);
}

error take_path(std::string_view& text, address_parts& parts) {
    const auto end = std::min(text.find_first_of("/?#"), text.size());
    parts.path = text.substr(end);
    text = text.substr(0, end);
    if (contains(parts.path, '@')) {
        return invalid_address(encode_hint);
    }
    if (contains(parts.path, '#')) {
        return invalid_address("fragment: '#' is not allowed in a server address");
    }
    if (contains(parts.path, '?')) {
        return invalid_address("query: '?' is not allowed in a server address");
    }
    const bool is_websocket = parts.scheme == scheme::ws || parts.scheme == scheme::wss;
    if (!is_websocket && parts.path.size() > 1) {
        return invalid_address("path: only ws and wss addresses have one");
    }
    return {};
}

error take_authority(std::string_view text, address_parts& parts) {
    const auto at = text.find('@');
    if (at != text.rfind('@')) {
        return invalid_address(encode_hint);
    }
    parts.authority = text;
    parts.host_port = at == text.npos ? text : text.substr(at + 1);
    return {};
}

error split_bracketed(address_parts& parts) {
    const auto text = parts.host_port;
    const auto end = text.find(']');
    if (end == text.npos) {
        return invalid_address("host: '[' without ']'");
    }
    parts.host = text.substr(0, end + 1);
    const auto behind = text.substr(end + 1);
    if (contains(parts.host, '%')) {
        return invalid_address("host: IPv6 zones are not supported");
    }
    if (!behind.empty() && behind.front() != ':') {
        return invalid_address("port: only ':' and a port may follow ']'");
    }
    parts.port_text = behind.empty() ? behind : behind.substr(1);
    return {};
}

error split_host_port(address_parts& parts) {
    const auto text = parts.host_port;
    if (!text.empty() && text.front() == '[') {
        return split_bracketed(parts);
    }
    const auto colon = text.find(':');
    if (colon != text.rfind(':')) {
        return invalid_address(
            "host: more than one ':'; an IPv6 address needs brackets, as in [::1]:4222");
    }
    const bool is_port = !parts.has_scheme && !parts.has_userinfo() && is_number(text);
    parts.host = is_port ? std::string_view() : text.substr(0, colon);
    if (is_port) {
        parts.port_text = text;
    } else if (colon != text.npos) {
        parts.port_text = text.substr(colon + 1);
    }
    return {};
}

error check_host(std::string_view host) {
    const auto legal = [](char c) {
        return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
    };
    if (host.empty() || host.front() == '[') {
        return {};
    }
    const auto wrong = std::find_if_not(host.begin(), host.end(), legal);
    if (wrong != host.end()) {
        return invalid_address(std::string("host: illegal character '") + *wrong + '\'');
    }
    if (host.front() == '.') { // to OpenSSL ".x" stands for everything below x
        return invalid_address("host: it begins with '.'");
    }
    if (is_number(host)) {
        return invalid_address("host: a number; a port is written as :4222");
    }
    if (host.size() > max_host_size) {
        return invalid_address("host: longer than 253 characters");
    }
    return {};
}

// A port that is not a number is not shown: `user:secret` without a host looks just like it.
error read_port(address_parts& parts) {
    std::uint64_t number = default_port(parts.scheme);
    if (!parts.port_text.empty() && !parse_decimal(parts.port_text, number)) {
        return invalid_address("port: not a number from 1 to 65535");
    }
    if (number == 0 || number > 65535) {
        return invalid_address("port: outside 1 to 65535");
    }
    parts.port = static_cast<std::uint16_t>(number);
    return {};
}

} // namespace

error invalid_address(std::string_view text) {
    return {errc::invalid_address, std::string(text)};
}

error split_address(std::string_view text, address_parts& parts) {
    if (auto e = check_characters(text)) {
        return e;
    }
    if (auto e = take_scheme(text, parts)) {
        return e;
    }
    if (auto e = take_path(text, parts)) {
        return e;
    }
    if (auto e = take_authority(text, parts)) {
        return e;
    }
    if (auto e = split_host_port(parts)) {
        return e;
    }
    if (auto e = check_host(parts.host)) {
        return e;
    }
    return read_port(parts);
}

} // namespace impl
} // namespace v0
} // namespace conats
