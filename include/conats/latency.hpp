// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <conats/export.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>

namespace conats {
inline namespace v0 {

/// How long something took, how often: counts by duration, from which quantiles are told. Of fixed
/// size (9 KiB), it never allocates, and recording takes some nanoseconds. A value.
///
/// Up to 31 ns it is exact; above, a quantile is at most 1/32 (3.2 %) above the true one, and never
/// below it. Minimum, maximum and mean are exact; what is longer than 18 minutes counts as that in
/// quantiles.
/// Thread safety: as a container.
class CONATS_EXPORT latency_histogram {
public:
    /// A negative duration counts as zero.
    void record(std::chrono::nanoseconds took) noexcept;
    /// Adds what another one has recorded.
    latency_histogram& operator+=(const latency_histogram& other) noexcept;

    /// How many were recorded.
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    // All zero where nothing was recorded.
    /// The shortest; zero where nothing was recorded, as all below.
    [[nodiscard]] std::chrono::nanoseconds min() const noexcept;
    [[nodiscard]] std::chrono::nanoseconds max() const noexcept { return max_; } ///< the longest
    [[nodiscard]] std::chrono::nanoseconds mean() const noexcept; ///< the sum by the count
    /// What so large a part of all took no longer than: `quantile(0.99)`. Below 0 counts as 0,
    /// above 1 as 1.
    [[nodiscard]] std::chrono::nanoseconds quantile(double part) const noexcept;
    /// The median.
    [[nodiscard]] std::chrono::nanoseconds p50() const noexcept { return quantile(0.5); }
    /// Of a hundred, five took longer.
    [[nodiscard]] std::chrono::nanoseconds p95() const noexcept { return quantile(0.95); }
    /// Of a hundred, one took longer.
    [[nodiscard]] std::chrono::nanoseconds p99() const noexcept { return quantile(0.99); }

private:
    // An octave is cut into 2^5 steps; the first two octaves' worth is a step each.
    static constexpr unsigned step_bits = 5;
    static constexpr unsigned top_bit = 40;
    static constexpr std::size_t steps = std::size_t{1} << step_bits;
    static constexpr std::size_t buckets = (top_bit - step_bits + 1) * steps;

    static std::size_t bucket_of(std::uint64_t nanoseconds) noexcept;
    /// The longest that counts into it.
    static std::uint64_t end_of(std::size_t bucket) noexcept;

    std::array<std::uint64_t, buckets> counts_{};
    std::uint64_t count_ = 0;
    double sum_ = 0; // of nanoseconds; an integer could overflow
    std::chrono::nanoseconds min_ = std::chrono::nanoseconds::max();
    std::chrono::nanoseconds max_{0};
};

/// "count 1000, min 80 us, p50 95 us, p95 140 us, p99 210 us, max 1304 us"
CONATS_EXPORT std::ostream& operator<<(std::ostream& os, const latency_histogram& h);

/// What a client has measured, with `connect_options::record_latency`.
struct latency_statistics {
    /// From the call of a request, its way through the outbox included, to the arrival of its
    /// reply; requests that failed are not in it, nor are those of `request_many`.
    latency_histogram requests;
    /// From a PING to its PONG, likewise: of `flush`, `rtt`, `ready` and `confirm`.
    latency_histogram flushes;
};

} // namespace v0
} // namespace conats
