// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// When the messages of a queue came: a mark per burst, of which a few are kept. Where a queue
/// grows long, bursts are joined and count as of the first one's time, so that an age is told too
/// high rather than too low, by at most a seventh of the time the queue has spanned. Pure.
class arrival_marks {
public:
    using time_point = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kept = 16;

    /// Messages of position `first` and behind came at `now`; `oldest` is the first still there.
    /// Allocates at the first backlog; without memory the burst joins the one before.
    void add(std::uint64_t first, time_point now, std::uint64_t oldest) noexcept;
    /// When the message of this position came; there is one.
    [[nodiscard]] time_point at(std::uint64_t position) const noexcept;
    [[nodiscard]] std::size_t size() const noexcept { return marks_.empty() ? 1 : marks_.size(); }

private:
    struct mark {
        std::uint64_t first = 0;
        time_point when{};
    };

    void forget_before(std::uint64_t oldest) noexcept;
    void join() noexcept;

    bool make_room(std::uint64_t oldest) noexcept;

    mark only_;               // where the consumer keeps up, as it usually does
    std::vector<mark> marks_; // else, `only_` among them
};

} // namespace impl
} // namespace v0
} // namespace conats
