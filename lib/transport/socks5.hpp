// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/proxy_handshake.hpp"

namespace conats {
inline namespace v0 {
namespace impl {

/// SOCKS5's CONNECT (RFC 1928), with user and password (RFC 1929) where there are some.
class socks5_handshake final : public proxy_handshake {
public:
    /// `host` is sent as it is: an IPv4 or IPv6 address as such, all else as a name. User and
    /// password have 1 to 255 bytes, or both none.
    socks5_handshake(std::string_view host, std::uint16_t port, secret user, secret password);

    [[nodiscard]] std::size_t wanted() const override { return wanted_ - size_; }
    void take_input(std::string_view bytes) override;

private:
    enum class phase : std::uint8_t { method, login, reply, name_size, rest };

    void on_method();
    void on_reply();
    void on_complete();
    void send_login();
    void send_request();
    void expect(phase p, std::size_t size) {
        phase_ = p;
        wanted_ = size;
        size_ = 0;
    }
    [[nodiscard]] bool has_login() const noexcept { return !user_.empty(); }

    std::string host_;
    secret user_;
    secret password_;
    unsigned char input_[4] = {};
    std::size_t size_ = 0;   // of input, which is counted and not kept in the phase `rest`
    std::size_t wanted_ = 2; // in this phase
    std::uint16_t port_;
    phase phase_ = phase::method;
};

} // namespace impl
} // namespace v0
} // namespace conats
