// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "environment.hpp"
#include "settings.hpp"

#include <conats/connect_options.hpp>
#include <conats/secret.hpp>

#include <string>
#include <vector>

namespace tool {

/// How to connect, as the command line, the environment and a context say, in this order. Throws a
/// failure with `bad_usage`, which shows no secret. Names what the first of these leave open:
///
/// - each of server, timeout, TLS files, proxy and inbox prefix by itself;
/// - how to authenticate as a whole: where the command line says anything about it (userinfo in
///   --server counts), the environment and the context say nothing; where the environment does,
///   the context does not. A password alone completes a user of the next.
[[nodiscard]] conats::connect_options resolve(const connection_settings& given,
                                              const environment& env);

/// How the options authenticate, in words and without secrets: "a token", "credentials in 'x'".
[[nodiscard]] std::string authentication_of(const conats::connect_options& options);

/// Each address of the list by itself; a default one where there is none.
[[nodiscard]] std::vector<conats::secret> addresses_of(const conats::connect_options& options);

} // namespace tool
