// SPDX-License-Identifier: Apache-2.0
#include "template.hpp"

#include "exit_code.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <optional>
#include <random>

namespace tool {

namespace {

using words = std::vector<std::string_view>;

std::mt19937_64& random_engine() {
    static std::mt19937_64 engine(std::random_device{}());
    return engine;
}

std::string random_text(std::size_t size, std::string_view alphabet) {
    std::uniform_int_distribution<std::size_t> index(0, alphabet.size() - 1);
    std::string text(size, '\0');
    std::generate(text.begin(), text.end(), [&] { return alphabet[index(random_engine())]; });
    return text;
}

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view letters_and_digits =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

std::string time_text(std::chrono::system_clock::time_point now, const char* format) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

/// 2026-01-31T23:59:59+01:00
std::string rfc3339(std::chrono::system_clock::time_point now) {
    std::string text = time_text(now, "%Y-%m-%dT%H:%M:%S%z");
    if (text.ends_with("+0000"))
        return text.replace(text.size() - 5, 5, "Z");
    return text.insert(text.size() - 2, 1, ':');
}

/// 3:04PM
std::string kitchen(std::chrono::system_clock::time_point now) {
    const std::string text = time_text(now, "%I:%M%p");
    return text.starts_with('0') ? text.substr(1) : text;
}

std::optional<std::size_t> size_of(std::string_view word) {
    std::size_t size = 0;
    const auto [end, fault] = std::from_chars(word.data(), word.data() + word.size(), size);
    constexpr std::size_t most = std::size_t{64} << 20;
    if (fault != std::errc() || end != word.data() + word.size() || size > most)
        return {};
    return size;
}

std::optional<std::string> random_of(const words& call) {
    if (call.size() != 3)
        return {};
    const auto least = size_of(call[1]);
    const auto most = size_of(call[2]);
    if (!least || !most || *least > *most)
        return {};
    std::uniform_int_distribution<std::size_t> size(*least, *most);
    return random_text(size(random_engine()), letters);
}

/// None where it stands for nothing.
std::optional<std::string> value_of(const words& call, const template_values& v) {
    if (call.empty())
        return {};
    std::string_view name = call.front();
    if (name.starts_with('.'))
        name.remove_prefix(1);
    if (name == "Random")
        return random_of(call);
    if (call.size() != 1)
        return {};
    const auto since_1970 = v.now.time_since_epoch();
    if (name == "Count" || name == "Cnt")
        return std::to_string(v.count);
    if (name == "Unix")
        return std::to_string(std::chrono::floor<std::chrono::seconds>(since_1970).count());
    if (name == "UnixNano")
        return std::to_string(std::chrono::nanoseconds(since_1970).count());
    if (name == "TimeStamp")
        return rfc3339(v.now);
    if (name == "Time")
        return kitchen(v.now);
    if (name == "ID")
        return random_text(22, letters_and_digits);
    if (name == "Request")
        return std::string(v.request);
    return {};
}

words split(std::string_view text) {
    words found;
    for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
        const std::size_t size = std::min(text.find_first_of(" \t"), text.size());
        found.push_back(text.substr(0, size));
        text.remove_prefix(size);
    }
    return found;
}

} // namespace

std::string expand(std::string_view text, const template_values& values) {
    std::string expanded;
    for (;;) {
        const std::size_t begin = text.find("{{");
        const std::size_t end = begin == text.npos ? begin : text.find("}}", begin);
        if (end == text.npos)
            return expanded.append(text);
        const auto value = value_of(split(text.substr(begin + 2, end - begin - 2)), values);
        // Without a value only the first brace is passed over: "{{{Count}}" holds one, too.
        const std::size_t passed = value ? end + 2 : begin + 1;
        expanded.append(text.substr(0, value ? begin : passed)).append(value.value_or(""));
        text.remove_prefix(passed);
    }
}

conats::headers parse_headers(const std::vector<std::string>& lines,
                              const template_values* values) {
    conats::headers h;
    for (const std::string& line : lines) {
        const std::size_t colon = line.find(':');
        if (colon == line.npos)
            throw failure(bad_usage, "a header has no colon: write 'Name: value'");
        const std::string_view value = trimmed(std::string_view(line).substr(colon + 1));
        h.add(trimmed(std::string_view(line).substr(0, colon)),
              values == nullptr ? std::string(value) : expand(value, *values));
    }
    if (!h.fault().empty())
        throw failure(bad_usage, "a header cannot be sent: " + h.fault());
    return h;
}

} // namespace tool
