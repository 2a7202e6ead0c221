// SPDX-License-Identifier: Apache-2.0
#include "latest_values.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace metrics_tap {

namespace json = boost::json;

namespace {

std::optional<double> number_of(std::string_view text) {
    double number = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() ||
        !std::isfinite(number))
        return std::nullopt;
    return number;
}

bool is_printable(std::string_view subject) {
    return std::all_of(subject.begin(), subject.end(), [](char c) { return c > ' ' && c <= '~'; });
}

} // namespace

void latest_values::update(std::string_view subject, std::string_view payload) {
    ++counts_.received;
    const auto number = number_of(payload);
    if (!number || !is_printable(subject)) {
        ++counts_.malformed;
        return;
    }
    auto place = values_.find(subject);
    if (place == values_.end()) {
        if (values_.size() >= max_subjects_) {
            ++counts_.refused;
            return;
        }
        place = values_.emplace(subject, value()).first;
    } else if (!place->second.seen) {
        ++counts_.conflated;
    }
    place->second.number = *number;
    place->second.seen = false;
}

std::string latest_values::snapshot(std::chrono::system_clock::time_point now,
                                    std::uint64_t dropped) {
    counts_.dropped = dropped - dropped_before_;
    dropped_before_ = dropped;
    json::object line;
    line["unix_ms"] =
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
    line["received"] = counts_.received;
    line["conflated"] = counts_.conflated;
    line["dropped"] = counts_.dropped;
    line["malformed"] = counts_.malformed;
    line["refused"] = counts_.refused;
    json::object& values = line["values"].emplace_object();
    for (auto& [subject, v] : values_) {
        values[subject] = v.number;
        v.seen = true;
    }
    counts_ = interval_counts();
    return json::serialize(line);
}

} // namespace metrics_tap
