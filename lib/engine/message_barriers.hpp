// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace conats {
inline namespace v0 {
namespace impl {

/// Who waits until one subscription's messages of a moment are handled. Pure; guarded by the
/// subscription's lock.
///
/// A message is handled when the consumer comes back for the next one; with handlers that run at
/// once, when its handler has ended. The consumer takes messages in batches and is asked about
/// barriers between them only: no batch goes beyond one, so messages cost nothing.
class message_barriers {
public:
    using ids = std::vector<std::uint64_t>;

    /// A barrier behind all messages before position `end`; `all_taken`: none of them is queued.
    /// False if they are handled already.
    bool add(std::uint64_t id, std::uint64_t end, bool all_taken);
    /// Nobody waits for it any more.
    void drop(std::uint64_t id);
    [[nodiscard]] bool contains(std::uint64_t id) const;

    /// The consumer came back, the next message would be that at `next`. Adds what was reached.
    void on_return(std::uint64_t next, ids& reached);
    /// No batch is to go beyond; all there is if there is no barrier.
    [[nodiscard]] std::uint64_t limit() const noexcept;
    /// It takes a batch (or finds nothing).
    void on_batch(bool any) noexcept { at_work_ = any; }

    /// A handler of those that run at once starts. Returns what `end_handler` wants.
    std::uint64_t begin_handler();
    void end_handler(std::uint64_t began, ids& reached);

    /// The consumer is not waited for any more.
    void release_all(ids& reached);

private:
    struct mark {
        std::uint64_t position;
        std::uint64_t id;
    };
    /// The handlers that started between two barriers.
    struct epoch {
        std::size_t running = 0;
        ids then; // reached when these and all before have ended
    };

    /// Behind every handler that runs now.
    void close_epoch(std::uint64_t id, ids& reached);
    void sweep(ids& reached);

    std::vector<mark> marks_; // by position
    std::vector<epoch> epochs_;
    std::uint64_t first_epoch_ = 0;
    bool at_work_ = false; // the consumer has a batch and is not back
};

} // namespace impl
} // namespace v0
} // namespace conats
