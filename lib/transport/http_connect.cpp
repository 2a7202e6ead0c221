// SPDX-License-Identifier: Apache-2.0
#include "transport/http_connect.hpp"

#include "values/secret_access.hpp"

#include <algorithm>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr std::size_t base64_size(std::size_t size) {
    return (size + 2) / 3 * 4;
}

/// Writes the base64 of `text` to `to`, where it will stay.
char* write_base64(std::string_view text, char* to) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < text.size(); i += 3) {
        std::uint32_t group = 0;
        const auto count = std::min<std::size_t>(text.size() - i, 3);
        for (std::size_t k = 0; k != 3; ++k)
            group = group << 8U | (k < count ? static_cast<unsigned char>(text[i + k]) : 0U);
        for (std::size_t k = 0; k != 4; ++k)
            *to++ = k <= count ? digits[group >> (18 - 6 * k) & 63U] : '=';
    }
    return to;
}

/// "user:password" in base64.
secret basic_credentials(const secret& user, const secret& password) {
    secret pair = secret_access::allocate(user.size() + 1 + password.size());
    char* to = std::copy(user.reveal().begin(), user.reveal().end(), secret_access::data(pair));
    *to++ = ':';
    std::copy(password.reveal().begin(), password.reveal().end(), to);
    secret out = secret_access::allocate(base64_size(pair.size()));
    write_base64(pair.reveal(), secret_access::data(out));
    return out;
}

secret make_request(const std::string& target, const secret& credentials) {
    const std::string head = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
    const std::string_view field = credentials.empty() ? "" : "Proxy-Authorization: Basic ";
    const std::string_view tail = credentials.empty() ? "\r\n" : "\r\n\r\n";
    secret out =
        secret_access::allocate(head.size() + field.size() + credentials.size() + tail.size());
    char* to = secret_access::data(out);
    for (const std::string_view part : {std::string_view(head), field, credentials.reveal(), tail})
        to = std::copy(part.begin(), part.end(), to);
    return out;
}

} // namespace

http_connect_handshake::http_connect_handshake(std::string_view host, std::uint16_t port,
                                               const secret& user, const secret& password)
    : password_(password) {
    std::string target(host);
    if (host.find(':') != host.npos)
        target = "[" + target + "]";
    target += ":" + std::to_string(port);
    if (!user.empty())
        credentials_ = basic_credentials(user, password);
    send(make_request(target, credentials_));
}

void http_connect_handshake::take_input(std::string_view bytes) {
    head_.feed(bytes);
    if (!head_.fault().empty()) {
        fail("gave an answer that " + head_.fault());
    } else if (head_.is_complete()) {
        if (head_.status() / 100 == 2)
            finish();
        else if (head_.status() == 407 && credentials_.empty())
            fail("demands a user and password: " + words());
        else if (head_.status() == 407)
            fail("refused the user and password: " + words());
        else
            fail("refused: " + words());
    }
}

std::string http_connect_handshake::words() const {
    for (const secret* s : {&password_, &credentials_})
        if (!s->empty() && head_.reason().find(s->reveal()) != std::string::npos)
            return std::to_string(head_.status());
    return head_.status_words();
}

} // namespace impl
} // namespace v0
} // namespace conats
