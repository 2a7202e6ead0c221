// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tool {

/// Reads `300ms`, `5s`, `1m30s`, `1.5h`, `2d` as Go writes durations; none where it is no duration
/// or negative. Units: ns, us, ms, s, m, h, d.
[[nodiscard]] std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text);

/// Reads `128`, `128B`, `1K`, `1KB`, `1KiB`, `2M`; a K is 1024. None where it is no size.
[[nodiscard]] std::optional<std::size_t> parse_size(std::string_view text);

/// "132 µs", "1.25 ms", "2.50 s".
[[nodiscard]] std::string duration_text(std::chrono::nanoseconds d);
/// "1,234,567".
[[nodiscard]] std::string number_text(std::uint64_t n);
/// "1 message", "1,234 messages".
[[nodiscard]] std::string count_text(std::uint64_t n, std::string_view what);
/// "16 B", "1.5 KiB".
[[nodiscard]] std::string bytes_text(double bytes);

/// Without what a terminal would obey: control characters and what is not UTF-8 become `\x1b`;
/// tabs stay, and line feeds where they are wanted.
[[nodiscard]] std::string printable(std::string_view text, bool keep_lines);
/// The same in quotes.
[[nodiscard]] std::string in_quotes(std::string_view text);

[[nodiscard]] std::string_view trimmed(std::string_view text);

} // namespace tool
