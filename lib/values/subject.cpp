// SPDX-License-Identifier: Apache-2.0
#include "values/subject_rules.hpp"

#include <conats/subject.hpp>

#include <algorithm>

namespace conats {
inline namespace v0 {

namespace {

/// Cuts the first token off; the rest is empty behind the last one.
std::string_view take_token(std::string_view& subject) noexcept {
    const std::size_t end = std::min(subject.find('.'), subject.size());
    const std::string_view token = subject.substr(0, end);
    subject.remove_prefix(std::min(end + 1, subject.size()));
    return token;
}

} // namespace

bool is_valid_publish_subject(std::string_view subject) noexcept {
    return impl::check_publish_subject(subject) == impl::subject_fault::none;
}

bool is_valid_subscribe_subject(std::string_view subject) noexcept {
    return impl::check_subscribe_subject(subject) == impl::subject_fault::none;
}

bool is_valid_queue_group(std::string_view name) noexcept {
    return impl::check_queue_group(name) == impl::subject_fault::none;
}

bool subject_matches(std::string_view pattern, std::string_view subject) noexcept {
    while (!pattern.empty() && !subject.empty()) {
        const std::string_view wanted = take_token(pattern);
        if (wanted == ">") {
            return true;
        }
        const std::string_view there = take_token(subject);
        if (wanted != "*" && wanted != there) {
            return false;
        }
    }
    return pattern.empty() && subject.empty();
}

} // namespace v0
} // namespace conats
