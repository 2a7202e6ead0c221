// SPDX-License-Identifier: Apache-2.0
#include <conats/latency.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <ostream>

namespace conats {
inline namespace v0 {

std::size_t latency_histogram::bucket_of(std::uint64_t nanoseconds) noexcept {
    constexpr std::uint64_t longest = (std::uint64_t{1} << top_bit) - 1;
    const std::uint64_t t = std::min(nanoseconds, longest);
    if (t < steps)
        return static_cast<std::size_t>(t);
    // The five bits behind the highest one are the step within its octave.
    const auto octave = static_cast<unsigned>(std::bit_width(t)) - 1 - step_bits;
    return (octave + 1) * steps + static_cast<std::size_t>((t >> octave) - steps);
}

std::uint64_t latency_histogram::end_of(std::size_t bucket) noexcept {
    if (bucket < steps)
        return bucket;
    const std::size_t octave = bucket / steps - 1;
    return ((steps + bucket % steps + 1) << octave) - 1;
}

void latency_histogram::record(std::chrono::nanoseconds took) noexcept {
    const auto t = std::max(took, std::chrono::nanoseconds(0));
    ++counts_[bucket_of(static_cast<std::uint64_t>(t.count()))];
    ++count_;
    sum_ += static_cast<double>(t.count());
    min_ = std::min(min_, t);
    max_ = std::max(max_, t);
}

latency_histogram& latency_histogram::operator+=(const latency_histogram& other) noexcept {
    for (std::size_t i = 0; i != buckets; ++i)
        counts_[i] += other.counts_[i];
    count_ += other.count_;
    sum_ += other.sum_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
    return *this;
}

std::chrono::nanoseconds latency_histogram::min() const noexcept {
    return count_ == 0 ? std::chrono::nanoseconds(0) : min_;
}

std::chrono::nanoseconds latency_histogram::mean() const noexcept {
    if (count_ == 0)
        return std::chrono::nanoseconds(0);
    return std::chrono::nanoseconds(std::llround(sum_ / static_cast<double>(count_)));
}

std::chrono::nanoseconds latency_histogram::quantile(double part) const noexcept {
    if (count_ == 0)
        return std::chrono::nanoseconds(0);
    // So many are within it; the negated comparison also takes what is no number.
    const double wanted = !(part > 0) ? 0 : std::min(part, 1.0) * static_cast<double>(count_);
    const auto rank =
        std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::ceil(wanted)), 1, count_);
    std::uint64_t seen = 0;
    std::size_t bucket = 0;
    while ((seen += counts_[bucket]) < rank)
        ++bucket;
    if (bucket == buckets - 1)
        return max_;
    const std::chrono::nanoseconds end(static_cast<std::int64_t>(end_of(bucket)));
    return std::clamp(end, min_, max_);
}

std::ostream& operator<<(std::ostream& os, const latency_histogram& h) {
    const auto us = [](std::chrono::nanoseconds t) { return (t.count() + 500) / 1000; };
    return os << "count " << h.count() << ", min " << us(h.min()) << " us, p50 " << us(h.p50())
              << " us, p95 " << us(h.p95()) << " us, p99 " << us(h.p99()) << " us, max "
              << us(h.max()) << " us";
}

} // namespace v0
} // namespace conats
