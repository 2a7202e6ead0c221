// SPDX-License-Identifier: Apache-2.0
#include "protocol/jwt.hpp"

#include "support/base64.hpp"
#include "support/json_in.hpp"
#include "values/secret_access.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

using std::chrono::seconds;

/// What stands between the two dots; nothing if there are not two.
std::string_view payload_of(std::string_view jwt) noexcept {
    const std::size_t first = jwt.find('.');
    if (first == std::string_view::npos) {
        return {};
    }
    const std::size_t second = jwt.find('.', first + 1);
    if (second == std::string_view::npos) {
        return {};
    }
    return jwt.substr(first + 1, second - first - 1);
}

} // namespace

std::optional<wall_time> jwt_expiry(std::string_view jwt) {
    std::string_view payload = payload_of(jwt);
    while (payload.ends_with('=')) {
        payload.remove_suffix(1);
    }
    const std::size_t size = base64url_decoded_size(payload.size());
    secret json = secret_access::allocate(size + json_padding);
    if (!base64url_decode(payload, secret_access::data(json))) {
        return std::nullopt;
    }
    json_reader reader;
    std::uint64_t expires = 0;
    const bool is_told = reader.parse(secret_access::data(json), size) == nullptr &&
                         reader.root().get("exp", expires) == json_get::found && expires != 0;
    reader.wipe();
    if (!is_told) {
        return std::nullopt;
    }
    // What the clock cannot say (with nanoseconds, from the year 2262 on) is never.
    constexpr auto last = std::chrono::duration_cast<seconds>(wall_time::max().time_since_epoch());
    if (expires > static_cast<std::uint64_t>(last.count())) {
        return std::nullopt;
    }
    return wall_time(seconds(static_cast<std::int64_t>(expires)));
}

std::string expiry_words(std::optional<wall_time> expires, wall_time now) {
    if (!expires || *expires > now) {
        return {};
    }
    const std::time_t seconds = std::chrono::system_clock::to_time_t(*expires);
    std::tm parts{};
    if (gmtime_r(&seconds, &parts) == nullptr) {
        return "the JWT has expired";
    }
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return "the JWT has expired at " + std::string(text.data(), size);
}

std::optional<wall_time> renewal_time(wall_time now, wall_time expires) noexcept {
    constexpr wall_time::duration least_left = seconds(2);
    constexpr wall_time::duration most_ahead = seconds(60);
    if (expires - now < least_left) {
        return std::nullopt;
    }
    return expires - std::min((expires - now) / 10, most_ahead);
}

} // namespace impl
} // namespace v0
} // namespace conats
