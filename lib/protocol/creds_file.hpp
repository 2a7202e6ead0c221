// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/secret.hpp>

#include <string_view>

namespace conats {
inline namespace v0 {
namespace impl {

/// What a credentials file holds; either part may be absent.
class creds_parts {
public:
    creds_parts() noexcept = default; // no aggregate: g++ 12 destroys those twice

    secret jwt;
    secret seed;
};

/// Reads the text of a credentials file as `nsc` writes it:
///
///     -----BEGIN NATS USER JWT-----
///     eyJ0eXAiOiJ…
///     ------END NATS USER JWT------
///     -----BEGIN USER NKEY SEED-----
///     SUA…
///     ------END USER NKEY SEED------
///
/// Takes three dashes and more, CRLF, a byte order mark, blank lines, text and other sections
/// between, and a part broken into lines. Without any section it takes a lone JWT and a lone seed,
/// each in a line of its own.
///
/// Returns what is wrong, in words that name the section and show nothing of the text, or nullptr;
/// then `out` is replaced. Neither JWT nor seed is looked into.
const char* parse_creds(std::string_view text, creds_parts& out);

} // namespace impl
} // namespace v0
} // namespace conats
