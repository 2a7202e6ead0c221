// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace conats::simulation {

/// While it lives, a run that crashes or hangs says which seed it was.
class last_words {
public:
    last_words() noexcept;
    last_words(const last_words&) = delete;
    last_words& operator=(const last_words&) = delete;
    ~last_words();

    /// The next run begins; it has half a minute, which is a thousand times what it needs.
    static void begin(std::uint64_t seed) noexcept;
};

} // namespace conats::simulation
