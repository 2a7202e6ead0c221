// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/result.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace bench {

/// What is measured.
struct options {
    std::string scenario;
    std::string form;
    std::string subject = "bench";
    std::size_t size = 16;
    std::uint64_t count = 0;
    std::size_t connections = 1;
    std::size_t subscriptions = 1; // of each connection
    std::size_t concurrent = 1;
    std::size_t threads = 1;
    bool headers = false;
    bool one_subject = false; // for all connections, instead of one for each: bench.0, bench.1 ...
    bool any_size = false;    // what is received may have another size
};

/// The part of `count` that the one of `of` with this index does.
inline std::uint64_t share(std::uint64_t count, std::size_t index, std::size_t of) {
    return count / of + (index < count % of ? 1 : 0);
}

/// A result that says what was measured; it borrows texts from the options.
bench_result describe(const options& o);

} // namespace bench
