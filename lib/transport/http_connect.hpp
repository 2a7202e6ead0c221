// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/http_head.hpp"
#include "transport/proxy_handshake.hpp"

namespace conats {
inline namespace v0 {
namespace impl {

/// HTTP's CONNECT (RFC 9110, 9.3.6), with Basic credentials where there are some.
class http_connect_handshake final : public proxy_handshake {
public:
    http_connect_handshake(std::string_view host, std::uint16_t port, const secret& user,
                           const secret& password);

    [[nodiscard]] std::size_t wanted() const override { return head_.wanted(); }
    void take_input(std::string_view bytes) override;

private:
    /// The status and its words, which may not say a password again.
    [[nodiscard]] std::string words() const;

    http_head head_;
    secret password_;
    secret credentials_; // as they were sent; empty if none
};

} // namespace impl
} // namespace v0
} // namespace conats
