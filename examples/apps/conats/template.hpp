// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/headers.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// What templates stand for.
struct template_values {
    std::uint64_t count = 1; ///< the number of the message, from 1
    std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
    std::string_view request; ///< the payload of the request that is answered
};

/// Replaces, as the nats command line does, `{{Count}}` (or `{{Cnt}}`), `{{Unix}}`, `{{UnixNano}}`,
/// `{{TimeStamp}}` (RFC 3339), `{{Time}}` (3:04PM), `{{ID}}` (unique), `{{Request}}` and
/// `{{Random 10 100}}` (letters, so many). Blanks within the braces do not matter. What is none of
/// these stays as it is.
[[nodiscard]] std::string expand(std::string_view text, const template_values& values);

/// Of lines `Name: value`, blanks around both taken away, templates in values expanded where
/// `values` says for what. Throws a failure with `bad_usage`, which shows no value.
[[nodiscard]] conats::headers parse_headers(const std::vector<std::string>& lines,
                                            const template_values* values = nullptr);

} // namespace tool
