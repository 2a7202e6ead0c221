// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/openssl.hpp"

#include <conats/tls_info.hpp>

#include <string>

namespace conats {
inline namespace v0 {
namespace impl {

/// What a certificate says; nothing for null.
[[nodiscard]] tls_certificate describe_certificate(const X509* certificate);

/// Why a certificate does not verify, in words: OpenSSL's, with what helps to mend it. `verdict`
/// is an X509_V_ERR value; `name` is what the certificate had to be for.
[[nodiscard]] std::string describe_verdict(int verdict, const tls_certificate& certificate,
                                           const std::string& name);

} // namespace impl
} // namespace v0
} // namespace conats
