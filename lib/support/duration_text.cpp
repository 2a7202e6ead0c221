// SPDX-License-Identifier: Apache-2.0
#include "support/duration_text.hpp"

#include <array>

namespace conats {
inline namespace v0 {
namespace impl {

std::string duration_text(std::chrono::nanoseconds t) {
    struct unit {
        std::chrono::nanoseconds::rep size;
        const char* name;
    };
    constexpr std::array units{unit{1'000'000'000, " s"}, unit{1'000'000, " ms"},
                               unit{1'000, " us"}};
    for (const unit& u : units)
        if (t.count() % u.size == 0)
            return std::to_string(t.count() / u.size) + u.name;
    return std::to_string(t.count()) + " ns";
}

std::string timeout_fault(std::string_view name, std::chrono::nanoseconds t) {
    if (t.count() > 0)
        return {};
    return std::string(name) + " is " + duration_text(t) + " and has to be above zero";
}

} // namespace impl
} // namespace v0
} // namespace conats
