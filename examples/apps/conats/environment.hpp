// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace tool {

/// The value of an environment variable; null where it is not set.
using environment = std::function<const char*(const char* name)>;

/// None where it is not set or empty.
inline std::optional<std::string> value_of(const environment& env, const char* name) {
    const char* const value = env(name);
    if (value == nullptr || *value == '\0')
        return {};
    return value;
}

} // namespace tool
