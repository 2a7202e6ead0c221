// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace conats::simulation {

/// SplitMix64: the same numbers for a seed on every machine.
class random_stream {
public:
    explicit random_stream(std::uint64_t seed) noexcept : state_(seed) {}

    std::uint64_t operator()() noexcept {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15U);
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
        return z ^ (z >> 31U);
    }
    std::uint64_t below(std::uint64_t limit) noexcept { return (*this)() % limit; }
    std::uint64_t between(std::uint64_t least, std::uint64_t most) noexcept {
        return least + below(most - least + 1);
    }
    bool chance(unsigned percent) noexcept { return below(100) < percent; }
    template <class T, std::size_t N>
    const T& pick(const T (&from)[N]) noexcept {
        return from[below(N)];
    }
    /// Another stream, so that more draws of one user change nothing for the next.
    random_stream fork() noexcept { return random_stream((*this)()); }

private:
    std::uint64_t state_;
};

} // namespace conats::simulation
