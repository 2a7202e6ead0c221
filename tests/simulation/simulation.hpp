// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace conats::simulation {

/// What became of a run.
struct verdict {
    std::string failure; ///< empty: none
    std::vector<std::string> transcript;
};

/// The whole of one run: the engine, its network and its clock, from a seed. With `keeps_lines`
/// it tells what happened.
verdict run(std::uint64_t seed, bool keeps_lines = false);

/// A failed run with its transcript and how to see it again; empty for one that does not fail.
std::string explain(std::uint64_t seed);

/// What many runs came to.
struct tally {
    std::uint64_t runs = 0;
    std::uint64_t failed_seed = 0;
    std::string failure; ///< of the first that failed, which was the last; empty: none
};

/// Runs seeds from `first` on until one fails.
tally run_many(std::uint64_t first, std::uint64_t count);

} // namespace conats::simulation
