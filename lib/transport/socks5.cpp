// SPDX-License-Identifier: Apache-2.0
#include "transport/socks5.hpp"

#include "values/secret_access.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr unsigned char version = 5;
constexpr unsigned char login_version = 1;
constexpr unsigned char no_login = 0;
constexpr unsigned char by_password = 2;
constexpr unsigned char no_method = 0xff;
constexpr unsigned char type_ipv4 = 1;
constexpr unsigned char type_name = 3;
constexpr unsigned char type_ipv6 = 4;

std::string text_of(const unsigned char* bytes, std::size_t size) {
    return {reinterpret_cast<const char*>(bytes), size};
}

/// Type and value of an address as SOCKS5 writes it.
std::string encode_host(const std::string& host) {
    boost::system::error_code ec;
    const auto address = boost::asio::ip::make_address(host, ec);
    if (!ec && address.is_v4()) {
        const auto bytes = address.to_v4().to_bytes();
        return char{type_ipv4} + text_of(bytes.data(), bytes.size());
    }
    if (!ec) {
        const auto bytes = address.to_v6().to_bytes();
        return char{type_ipv6} + text_of(bytes.data(), bytes.size());
    }
    return std::string{char{type_name}, static_cast<char>(host.size())} + host;
}

std::string words_of(unsigned char reply) {
    constexpr std::array<std::string_view, 9> words{
        "",
        "has failed (general failure)",
        "does not allow this connection",
        "finds the server's network unreachable",
        "finds the server's host unreachable",
        "was refused by the server (connection refused)",
        "gave up on the way to the server (TTL expired)",
        "does not know the command CONNECT",
        "does not know this type of address",
    };
    if (reply < words.size())
        return std::string(words.at(reply));
    return "answered with the unknown code " + std::to_string(int{reply});
}

} // namespace

socks5_handshake::socks5_handshake(std::string_view host, std::uint16_t port, secret user,
                                   secret password)
    : host_(host),
      user_(std::move(user)),
      password_(std::move(password)),
      port_(port) {
    std::string hello{version, 1, no_login};
    if (has_login())
        hello = {version, 2, no_login, by_password};
    send(hello);
}

void socks5_handshake::take_input(std::string_view bytes) {
    for (const char c : bytes) {
        if (is_over())
            return;
        if (phase_ != phase::rest)
            input_[size_] = static_cast<unsigned char>(c);
        ++size_;
        if (phase_ != phase::rest && phase_ != phase::name_size && size_ == 1 &&
            input_[0] != (phase_ == phase::login ? login_version : version)) {
            fail("does not speak SOCKS5");
            return;
        }
        if (size_ == wanted_)
            on_complete();
    }
}

void socks5_handshake::on_complete() {
    switch (phase_) {
    case phase::method: on_method(); break;
    case phase::login:
        if (input_[1] != 0)
            fail("refused the user and password");
        else
            send_request();
        break;
    case phase::reply: on_reply(); break;
    case phase::name_size: expect(phase::rest, std::size_t{input_[0]} + 2); break;
    case phase::rest: finish(); break;
    }
}

void socks5_handshake::on_method() {
    if (input_[1] == no_login)
        send_request();
    else if (input_[1] == by_password && has_login())
        send_login();
    else if (input_[1] == no_method && has_login())
        fail("takes neither a user and password nor none");
    else if (input_[1] == no_method)
        fail("demands a user and password");
    else
        fail("chose a way of authentication that was not offered");
}

void socks5_handshake::on_reply() {
    if (input_[1] != 0) {
        fail(words_of(input_[1]));
        return;
    }
    switch (input_[3]) { // where the proxy is bound, of no use to us
    case type_ipv4: expect(phase::rest, 4 + 2); break;
    case type_ipv6: expect(phase::rest, 16 + 2); break;
    case type_name: expect(phase::name_size, 1); break;
    default: fail("answered with an unknown type of address");
    }
}

void socks5_handshake::send_login() {
    secret line = secret_access::allocate(user_.size() + password_.size() + 3);
    char* to = secret_access::data(line);
    *to++ = char{login_version};
    for (const secret* s : {&user_, &password_}) {
        *to++ = static_cast<char>(s->size());
        to = std::copy(s->reveal().begin(), s->reveal().end(), to);
    }
    send(std::move(line));
    expect(phase::login, 2);
}

void socks5_handshake::send_request() {
    std::string request{version, 1, 0};
    request += encode_host(host_);
    request += static_cast<char>(port_ >> 8U);
    request += static_cast<char>(port_ & 0xffU);
    send(request);
    expect(phase::reply, 4);
}

} // namespace impl
} // namespace v0
} // namespace conats
