// SPDX-License-Identifier: Apache-2.0
#include "support/nuid.hpp"

#include <limits>

namespace conats {
inline namespace v0 {
namespace impl {

namespace {

constexpr char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::uint64_t base = 62;

constexpr std::uint64_t power(std::uint64_t of, std::size_t exponent) {
    return exponent == 0 ? 1 : of * power(of, exponent - 1);
}

constexpr std::uint64_t sequence_end = power(base, nuid::sequence_size);
constexpr std::uint64_t min_step = 33;
constexpr std::uint64_t max_step = 333;

} // namespace

nuid::nuid(random_source random, void* context) : random_(random), context_(context) {
    renew();
}

std::string_view nuid::next() {
    if (sequence_ >= sequence_end) {
        renew();
    }
    std::uint64_t rest = sequence_;
    for (std::size_t i = size; i != prefix_size; --i) {
        text_[i - 1] = digits[rest % base];
        rest /= base;
    }
    sequence_ += step_;
    return {text_.data(), text_.size()};
}

void nuid::renew() {
    for (std::size_t i = 0; i != prefix_size; ++i) {
        text_[i] = digits[below(base)];
    }
    sequence_ = below(sequence_end);
    step_ = min_step + below(max_step - min_step);
}

/// A uniform number in [0, limit): what would favour the small ones is drawn anew.
std::uint64_t nuid::below(std::uint64_t limit) {
    const std::uint64_t fair = std::numeric_limits<std::uint64_t>::max() / limit * limit;
    std::uint64_t drawn = random_(context_);
    while (drawn >= fair) {
        drawn = random_(context_);
    }
    return drawn % limit;
}

} // namespace impl
} // namespace v0
} // namespace conats
