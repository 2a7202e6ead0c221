// SPDX-License-Identifier: Apache-2.0
#include "transport/openssl.hpp"

#include <openssl/err.h>

#include <cstring>
#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

/// OpenSSL's words; an alert without the old names of protocols it puts before it.
std::string describe(unsigned long code) {
    const char* const reason = ERR_reason_error_string(code);
    if (reason == nullptr)
        return "OpenSSL error " + std::to_string(code);
    const std::string_view text(reason);
    const bool is_alert =
        ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET;
    const auto alert = text.find("alert ");
    if (!is_alert || alert == text.npos)
        return std::string(text);
    return "the peer's alert \"" + std::string(text.substr(alert + std::strlen("alert "))) + '"';
}

class tls_error_category final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "tls"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<tls_fault>(value)) {
        case tls_fault::no_reason: return "OpenSSL failed without a reason";
        case tls_fault::certificate_absent:
            return "the server asked for a client certificate, got none and closed";
        }
        return describe(static_cast<unsigned long>(static_cast<unsigned>(value)));
    }
};

} // namespace

const boost::system::error_category& tls_category() noexcept {
    static const tls_error_category category;
    return category;
}

error_code make_tls_error(tls_fault f) noexcept {
    return {static_cast<int>(f), tls_category()};
}

error_code make_tls_error(unsigned long code) noexcept {
    return code == 0 ? make_tls_error(tls_fault::no_reason)
                     : error_code(static_cast<int>(static_cast<unsigned>(code)), tls_category());
}

std::string take_openssl_reason() {
    const unsigned long code = ERR_peek_error();
    // Behind a code of the system stands its number, not a reason.
    std::string text = code == 0 ? std::string("no reason given") : describe(code);
    ERR_clear_error();
    return text;
}

} // namespace impl
} // namespace v0
} // namespace conats
