// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/secret.hpp>

#include <cstddef>
#include <string>

namespace conats {
inline namespace v0 {
namespace impl {

inline constexpr std::size_t max_secret_file = std::size_t{1} << 20U;

/// Reads a whole regular file of at most `max_secret_file` bytes, leaving no copy behind but
/// `out`. Returns why it could not, in words, or an empty string.
[[nodiscard]] std::string read_secret_file(const std::string& path, secret& out);

} // namespace impl
} // namespace v0
} // namespace conats
