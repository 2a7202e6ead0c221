// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/proxy_address.hpp"

#include <conats/error.hpp>
#include <conats/secret.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace conats {
inline namespace v0 {
namespace impl {

/// What is said to a proxy before it connects through. Pure: bytes in, bytes out. Send what
/// `take_output` returns, then read at most `wanted` bytes and give them to `take_input`, until it
/// is done or has failed. It never wants a byte beyond the proxy's last word, since the server's
/// first may be right behind.
class proxy_handshake {
public:
    proxy_handshake() = default;
    proxy_handshake(const proxy_handshake&) = delete;
    proxy_handshake& operator=(const proxy_handshake&) = delete;
    virtual ~proxy_handshake() = default;

    /// What is to be sent now; empty if nothing. May hold credentials.
    [[nodiscard]] secret take_output() { return std::exchange(output_, secret()); }
    /// The most bytes to read now; at least 1 until it is over.
    [[nodiscard]] virtual std::size_t wanted() const = 0;
    virtual void take_input(std::string_view bytes) = 0;

    [[nodiscard]] bool is_done() const noexcept { return is_done_; }
    [[nodiscard]] const error& failure() const noexcept { return failure_; }
    [[nodiscard]] bool is_over() const noexcept { return is_done_ || failure_; }

protected:
    void send(secret bytes) { output_ = std::move(bytes); }
    void finish() { is_done_ = true; }
    void fail(std::string why) {
        failure_ = error(errc::proxy_failed, "the proxy " + std::move(why));
    }

private:
    secret output_;
    error failure_;
    bool is_done_ = false;
};

/// The handshake that this proxy needs to lead to `host`, which it resolves if it is a name.
[[nodiscard]] std::unique_ptr<proxy_handshake> begin_proxy_handshake(const proxy_address& proxy,
                                                                     std::string_view host,
                                                                     std::uint16_t port);

} // namespace impl
} // namespace v0
} // namespace conats
