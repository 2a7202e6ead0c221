// SPDX-License-Identifier: Apache-2.0
#include "testing/subject_tree.hpp"

namespace conats {
inline namespace v0 {
namespace testing {
namespace impl {

bool has_empty_token(std::string_view subject) noexcept {
    return subject.empty() || subject.front() == '.' || subject.back() == '.' ||
           subject.find("..") != std::string_view::npos;
}

bool is_subscribable(std::string_view subject) noexcept {
    if (has_empty_token(subject)) {
        return false;
    }
    token_reader tokens(subject);
    for (std::string_view token; tokens.next(token);) {
        if (token == ">" && !tokens.done()) {
            return false;
        }
    }
    return true;
}

bool has_wildcard(std::string_view subject) noexcept {
    token_reader tokens(subject);
    for (std::string_view token; tokens.next(token);) {
        if (token == "*" || token == ">") {
            return true;
        }
    }
    return false;
}

bool matches(std::string_view pattern, std::string_view subject) noexcept {
    if (has_empty_token(subject)) {
        return false;
    }
    token_reader patterns(pattern);
    token_reader tokens(subject);
    std::string_view wanted;
    std::string_view token;
    for (;;) {
        const bool more_wanted = patterns.next(wanted);
        const bool more = tokens.next(token);
        if (!more_wanted || !more) {
            return !more_wanted && !more;
        }
        if (wanted == ">") {
            return true;
        }
        if (wanted != "*" && wanted != token) {
            return false;
        }
    }
}

} // namespace impl
} // namespace testing
} // namespace v0
} // namespace conats
