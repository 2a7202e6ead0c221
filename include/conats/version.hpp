// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <string_view>

/// Changes with what users have to change.
#define CONATS_VERSION_MAJOR 0
/// Changes with what is new.
#define CONATS_VERSION_MINOR 1
/// Changes with what was mended.
#define CONATS_VERSION_PATCH 0

/// The version as one comparable number: 10 000 major + 100 minor + patch.
#define CONATS_VERSION \
    (CONATS_VERSION_MAJOR * 10000 + CONATS_VERSION_MINOR * 100 + CONATS_VERSION_PATCH)

/// The version as text, as it is sent to the server.
#define CONATS_VERSION_STRING "0.1.0"

namespace conats {
inline namespace v0 {

/// The version of the headers this program was compiled with.
inline constexpr std::string_view version_string = CONATS_VERSION_STRING;

} // namespace v0
} // namespace conats
