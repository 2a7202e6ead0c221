// SPDX-License-Identifier: Apache-2.0
#include "websocket/upgrade.hpp"

#include "support/ascii.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::string_view extension = "permessage-deflate";

std::string base64(const unsigned char* bytes, std::size_t size) {
    std::string out((size + 2) / 3 * 4 + 1, '\0'); // OpenSSL ends it with a NUL
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(size));
    out.pop_back();
    return out;
}

/// Takes the text to the next `mark`, and that.
std::string_view take_until(std::string_view& text, char mark) {
    const auto end = std::min(text.find(mark), text.size());
    const auto part = trim_blanks(text.substr(0, end));
    text.remove_prefix(std::min(text.size(), end + 1));
    return part;
}

bool is_default_port(const transport_target& t) {
    return t.port() == (t.scheme() == "wss" ? 443 : 80);
}

error bad_header(std::string_view name, std::string_view why) {
    return {errc::invalid_options,
            "the WebSocket request's header '" + escaped_excerpt(name) + "' " + std::string(why)};
}

} // namespace

std::string make_websocket_key(const std::array<unsigned char, 16>& random) {
    return base64(random.data(), random.size());
}

std::string accept_of(std::string_view key) {
    const auto text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, 1.3
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
    return base64(digest.data(), size);
}

error check_headers(const websocket_headers& headers) {
    for (const auto& [name, value] : headers.fields()) {
        if (!is_field_name(name))
            return bad_header(name, "has a name that HTTP does not take");
        if (!is_field_value(value.reveal()))
            return bad_header(name, "has a control character in its value");
        if (equal_ignore_case(name, "upgrade") || equal_ignore_case(name, "connection") ||
            starts_with_ignore_case(name, "sec-websocket-"))
            return bad_header(name, "belongs to the handshake itself");
        if (equal_ignore_case(name, "content-length") ||
            equal_ignore_case(name, "transfer-encoding"))
            return bad_header(name, "announces a body, which the request does not have");
    }
    return {};
}

upgrade_request::upgrade_request(const transport_target& target, std::string key,
                                 bool compression) {
    const bool is_ipv6 = target.host().find(':') != std::string::npos;
    host_line_ = "Host: " + (is_ipv6 ? "[" + target.host() + "]" : target.host());
    if (!is_default_port(target))
        host_line_ += ":" + std::to_string(target.port());
    host_line_ += "\r\n";
    head_ = "GET " + target.path() + " HTTP/1.1\r\n";
    head_ += "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
    head_ += "Sec-WebSocket-Key: " + std::move(key) + "\r\n";
    if (compression)
        head_.append("Sec-WebSocket-Extensions: ")
            .append(extension)
            .append("; server_no_context_takeover; client_no_context_takeover\r\n");
}

void upgrade_request::add(const websocket_headers& headers) {
    for (const auto& [name, value] : headers.fields()) {
        has_host_ = has_host_ || equal_ignore_case(name, "host");
        for (const std::string_view part : {std::string_view(name), std::string_view(": "),
                                            value.reveal(), std::string_view("\r\n")})
            fields_.push_back(part);
    }
}

std::vector<std::string_view> upgrade_request::pieces() const {
    std::vector<std::string_view> all{head_};
    if (!has_host_)
        all.emplace_back(host_line_);
    all.insert(all.end(), fields_.begin(), fields_.end());
    all.emplace_back("\r\n");
    return all;
}

upgrade_reply::upgrade_reply(const http_head& head, std::string_view key,
                             bool offered_compression) {
    if (!head.fault().empty())
        fail("it " + head.fault());
    else if (head.status() != 101)
        refuse(head);
    else
        check(head, key);
    if (!failure_)
        read_extensions(head.field("Sec-WebSocket-Extensions"), offered_compression);
}

void upgrade_reply::refuse(const http_head& head) {
    auto code = errc::connection_failed;
    if (head.status() == 401 || head.status() == 403)
        code = errc::authorization_violation;
    failure_ = error(code, "the WebSocket handshake was refused: " + head.status_words());
}

void upgrade_reply::check(const http_head& head, std::string_view key) {
    if (!has_token(head.field("Upgrade"), "websocket") ||
        !has_token(head.field("Connection"), "upgrade"))
        fail("it does not say Upgrade: websocket");
    else if (head.field("Sec-WebSocket-Accept") != accept_of(key))
        fail("its Sec-WebSocket-Accept is not that of the request");
    else if (!head.field("Sec-WebSocket-Protocol").empty())
        fail("it chooses a subprotocol, and none was offered");
}

void upgrade_reply::read_extensions(std::string_view value, bool offered) {
    while (!value.empty() && !failure_) {
        auto element = take_until(value, ',');
        const auto name = take_until(element, ';');
        const bool is_ours = offered && !has_compression_ && equal_ignore_case(name, extension);
        has_compression_ = is_ours;
        bool is_known = true;
        while (is_ours && is_known && !element.empty())
            is_known = read_parameter(take_until(element, ';'));
        if (!is_ours)
            fail("it chooses an extension that was not offered");
        else if (!is_known)
            fail("it chooses parameters of permessage-deflate that were not offered");
    }
}

bool upgrade_reply::read_parameter(std::string_view parameter) {
    const auto name = take_until(parameter, '=');
    if (equal_ignore_case(name, "server_no_context_takeover"))
        server_keeps_context_ = false;
    // A smaller window of the server's fits into ours.
    return equal_ignore_case(name, "server_no_context_takeover") ||
           equal_ignore_case(name, "client_no_context_takeover") ||
           equal_ignore_case(name, "server_max_window_bits");
}

void upgrade_reply::fail(std::string_view why) {
    failure_ =
        error(errc::protocol_error,
              "what answered the WebSocket handshake is not understood: " + std::string(why));
}

} // namespace impl
} // namespace v0
} // namespace conats
