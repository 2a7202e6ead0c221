// SPDX-License-Identifier: Apache-2.0
#include <conats/tls_info.hpp>

namespace conats {
inline namespace v0 {

tls_certificate::tls_certificate() = default;
tls_certificate::tls_certificate(const tls_certificate&) = default;
tls_certificate::tls_certificate(tls_certificate&&) noexcept = default;
tls_certificate& tls_certificate::operator=(const tls_certificate&) = default;
tls_certificate& tls_certificate::operator=(tls_certificate&&) noexcept = default;
tls_certificate::~tls_certificate() = default;

tls_info::tls_info() = default;
tls_info::tls_info(const tls_info&) = default;
tls_info::tls_info(tls_info&&) noexcept = default;
tls_info& tls_info::operator=(const tls_info&) = default;
tls_info& tls_info::operator=(tls_info&&) noexcept = default;
tls_info::~tls_info() = default;

} // namespace v0
} // namespace conats
