// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transport/openssl.hpp"

#include <conats/error.hpp>
#include <conats/tls_options.hpp>

namespace conats {
inline namespace v0 {
namespace impl {

/// Loads the CAs of the options, or the system's where they name none. An error is
/// `tls_configuration_invalid`; its text names option, file and reason and holds no content.
[[nodiscard]] error load_trust(const tls_options& options, SSL_CTX& to);

/// Loads certificate, chain and key of the options, if they have any. Errors as `load_trust`.
[[nodiscard]] error load_identity(const tls_options& options, SSL_CTX& to);

} // namespace impl
} // namespace v0
} // namespace conats
