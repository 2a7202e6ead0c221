// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

namespace tool {

namespace {

using namespace std::chrono_literals;

constexpr std::array<std::pair<std::string_view, double>, 9> duration_units{{{"ns", 1.0},
                                                                             {"us", 1e3},
                                                                             {"µs", 1e3},
                                                                             {"μs", 1e3},
                                                                             {"ms", 1e6},
                                                                             {"s", 1e9},
                                                                             {"m", 60e9},
                                                                             {"h", 3600e9},
                                                                             {"d", 86400e9}}};

/// Takes a number without a sign from the beginning.
std::optional<double> take_number(std::string_view& text) {
    const std::size_t size = std::min(text.find_first_not_of("0123456789."), text.size());
    double number = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + size, number);
    if (fault != std::errc() || end != text.data() + size)
        return {};
    text.remove_prefix(size);
    return number;
}

std::string formatted(const char* format, double value, const char* unit) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), format, value);
    return std::string(text.data()) + ' ' + unit;
}

/// How many bytes the character takes that begins here; 0 where it is not well-formed UTF-8.
std::size_t character_size(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80)
        return 1;
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.size() < size)
        return 0;
    for (std::size_t i = 1; i != size; ++i)
        if ((byte(i) & 0xc0U) != 0x80)
            return 0;
    const unsigned second = byte(1);
    const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                       (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f) ||
                       (first == 0xc2 && second < 0xa0); // control characters of Latin-1
    return wrong ? 0 : size;
}

} // namespace

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
    if (text == "0")
        return 0ns;
    double sum = 0;
    if (text.empty())
        return {};
    while (!text.empty()) {
        const auto number = take_number(text);
        const std::size_t size = std::min(text.find_first_of("0123456789."), text.size());
        const auto* const unit =
            std::find_if(duration_units.begin(), duration_units.end(),
                         [&](const auto& each) { return each.first == text.substr(0, size); });
        if (!number || unit == duration_units.end())
            return {};
        sum += *number * unit->second;
        text.remove_prefix(size);
    }
    if (sum > 9e18)
        return {};
    return std::chrono::nanoseconds(std::llround(sum));
}

std::optional<std::size_t> parse_size(std::string_view text) {
    const auto number = take_number(text);
    if (!number)
        return {};
    text = trimmed(text);
    double factor = 1;
    constexpr std::string_view prefixes = "KMG";
    if (!text.empty() && prefixes.find(text.front()) != std::string_view::npos) {
        factor = std::pow(1024.0, static_cast<double>(prefixes.find(text.front()) + 1));
        text.remove_prefix(1);
    }
    const double size = *number * factor;
    if ((!text.empty() && text != "B" && (text != "iB" || factor == 1)) || size > 1e12 ||
        size != std::floor(size))
        return {};
    return static_cast<std::size_t>(size);
}

std::string duration_text(std::chrono::nanoseconds d) {
    const double ns = static_cast<double>(d.count());
    if (ns < 1e3)
        return formatted("%.0f", ns, "ns");
    if (ns < 1e6)
        return formatted(ns < 1e4 ? "%.1f" : "%.0f", ns / 1e3, "µs");
    if (ns < 1e9)
        return formatted("%.2f", ns / 1e6, "ms");
    return formatted("%.2f", ns / 1e9, "s");
}

std::string number_text(std::uint64_t n) {
    std::string digits = std::to_string(n);
    for (std::size_t i = digits.size(); i > 3;) {
        i -= 3;
        digits.insert(i, 1, ',');
    }
    return digits;
}

std::string count_text(std::uint64_t n, std::string_view what) {
    return number_text(n).append(" ").append(what).append(n == 1 ? "" : "s");
}

std::string bytes_text(double bytes) {
    constexpr std::array<const char*, 5> units{"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    for (; bytes >= 1024 && unit + 1 != units.size(); ++unit)
        bytes /= 1024;
    return formatted(bytes == std::floor(bytes) ? "%.0f" : "%.1f", bytes, units[unit]);
}

std::string printable(std::string_view text, bool keep_lines) {
    std::string shown;
    shown.reserve(text.size());
    while (!text.empty()) {
        const auto c = static_cast<unsigned char>(text.front());
        const std::size_t size = character_size(text);
        const bool control = c < 0x20 || c == 0x7f;
        if (size == 0 || (control && c != '\t' && (c != '\n' || !keep_lines))) {
            std::array<char, 8> code{};
            std::snprintf(code.data(), code.size(), "\\x%02x", c);
            shown += code.data();
            text.remove_prefix(1);
        } else {
            shown += text.substr(0, size);
            text.remove_prefix(size);
        }
    }
    return shown;
}

std::string in_quotes(std::string_view text) {
    return '"' + printable(text, false) + '"';
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t begin = std::min(text.find_first_not_of(blanks), text.size());
    return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

} // namespace tool
